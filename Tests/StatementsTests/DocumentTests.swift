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

    @Test(
        "Amounts that are nowhere less than nothing are refused below zero",
        arguments: ["pool.net", "earnings.dataset_amount", "earnings.amount", "deductions.amount", "balance.paid"])
    func negative(path: String) throws {
        let parts = path.split(separator: ".").map(String.init)
        let statement = try #require(
            try Example().run.statements.first { $0.document.input.payee.partyID == "ada" })
        var members = try #require(statement.document.document.members)
        var inner = members[parts[0]]?.members ?? members[parts[0]]?.elements?.first?.members ?? [:]
        inner[parts[1]] = "-0.000001"
        let isList = members[parts[0]]?.elements != nil
        members[parts[0]] = isList ? .array([.object(inner)]) : .object(inner)
        let error = try #require(throws: LaurelError.self) { try StatementDocument(.object(members)) }
        #expect(error.problem == "amount is negative")
        #expect(error.place == (isList ? "\(parts[0])[0].\(parts[1])" : path))
    }

    @Test("The page rounds credits to the nearest, as the command line does")
    func rounding() throws {
        func line(_ score: String, _ input: StatementInput) -> StatementInput.Credit {
            .init(property: "vendi_score", value: score, stdError: "0", low: score, high: score, lowerIsBetter: false)
        }
        for (score, shown) in [
            ("0.502163", "0.5022"), ("0.50214", "0.5021"), ("-0.502150", "\u{2212}0.5022"), ("9.99995", "10.000"),
            ("0.99996", "1.0000"), ("12345.678", "12346"), ("99999.5", "100000"), ("0.000012345", "0.00001235"),
            ("0.5", "0.5"), ("-0.000000", "0"), ("7", "7"), ("1.25", "1.25"),
        ] {
            let example = try Example { $0.credits = [line(score, $0)] }
            let html = String(decoding: try #require(example.bundles["ada"]?.files["statement.html"]), as: UTF8.self)
            #expect(html.contains("<td class=\"n\">\(shown)</td>"), "\(score)")
        }
    }
}
