import Documents
import Errors
import Foundation
import Money
import Statements
import Testing

@Suite("Statements")
struct DocumentTests {
    @Test("A statement reads back as it was written, and begins with its schema")
    func roundTrip() throws {
        for statement in try Example().run.statements {
            let value = try CanonicalValue.parse(statement.bytes)
            #expect(try StatementDocument(value) == statement.document)
            #expect(try StatementDocument(value).document == value)
            #expect(statement.bytes.starts(with: #"{"$schema":"laurel/payout-statement/v1","adjustments":[]"#.utf8))
        }
    }

    @Test("Members that are missing, unknown or of another type are refused by name")
    func strictness() throws {
        let document = try #require(try Example().run.statements.first).document.document
        let members = try #require(document.members)
        for key in members.keys where key != "supersedes" {
            var changed = members
            changed[key] = nil
            #expect(throws: LaurelError.self, "\(key)") { try StatementDocument(.object(changed)) }
            changed[key] = .bool(true)
            #expect(throws: LaurelError.self, "\(key)") { try StatementDocument(.object(changed)) }
        }
        var changed = members
        changed["surprise"] = "x"
        let error = try #require(throws: LaurelError.self) { try StatementDocument(.object(changed)) }
        #expect(error.description == "member is unknown: surprise")
    }

    @Test(
        "Money has one spelling",
        arguments: [
            "1", "1.5", "01.000000", "-0.000000", "+1.000000", "1,000.000000", "1e5", "1.0000000", "", ".000000",
            "9223372036855.000000",
        ])
    func money(text: String) throws {
        var members = try #require(try Example().run.statements.first?.document.document.members)
        var balance = try #require(members["balance"]?.members)
        balance["opening"] = .string(text)
        members["balance"] = .object(balance)
        let error = try #require(throws: LaurelError.self) { try StatementDocument(.object(members)) }
        #expect(error.place == "balance.opening")
    }

    @Test("The manifest binds count, totals and all digests")
    func manifest() throws {
        let run = try Example().run
        #expect(run.manifest.statementCount == 3)
        #expect(run.manifest.totalEarned == Micros(9_700_000_001))
        #expect(run.manifest.statementsSHA256 == Manifest.statementsDigest(run.statements.map(\.sha256).reversed()))
        #expect(try Manifest(try CanonicalValue.parse(run.manifestBytes)) == run.manifest)
    }

    @Test("The page says what is paid, what is missing, the fraction and the commands, and escapes names")
    func page() throws {
        let example = try Example()
        func html(_ party: String) throws -> String {
            String(decoding: try #require(example.bundles[party]?.files["statement.html"]), as: UTF8.self)
        }
        let ada = try html("ada")
        #expect(ada.contains("9,700.000001 × 512,345,678,901"))
        #expect(ada.contains("openssl pkeyutl -verify -pubin -inkey issuer.pub.pem -rawin"))
        #expect(ada.contains("will be paid to you"))
        #expect(ada.contains(example.root.publicKey.kid.hex))
        #expect(!ada.contains("<script") && !ada.contains("http://") && !ada.contains("src="))
        let zoe = try html("zoe")
        #expect(zoe.contains("Zoë &lt;Studio&gt;"))
        #expect(zoe.contains("the minimum for a payment is 25.00 USD. 25.00 USD are missing"))
        #expect(!ada.contains("{{") && !zoe.contains("{{"))
    }

    @Test("Text outside the profile stops the whole run")
    func badText() {
        #expect(throws: LaurelError.self) {
            try Example { $0.payee = .init(partyID: $0.payee.partyID, displayName: "bell\u{7}") }
        }
    }
}
