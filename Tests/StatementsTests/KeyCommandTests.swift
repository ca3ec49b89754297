import Documents
import Errors
import Foundation
import Postgres
import Statements
import Testing

@Suite("Keys, from the command line")
struct KeyCommandTests {
    @Test("After both keys rotate, their private halves are gone and old and new bundles verify")
    func rotation() async throws {
        try await Office.open(months: ["2026-09", "2026-10"]) { office in
            try office.done("statement", "issue", "--period", "2026-09")
            try office.done("statement", "bundle", "2026-09-usd-ada", "--out", office.path("before"))
            try office.done("verify", office.path("before/ada"))
            let retired = try office.activeKey("statement")
            for use in ["statement", "log"] { try office.done("keys", "rotate", use) }
            let names = try FileManager.default.contentsOfDirectory(atPath: office.keys.path).sorted()
            #expect(names == ["approval.pem", "log.pem", "root.pem", "statement.pem"])
            let signing = try #require(
                PrivateKey(pem: try String(contentsOf: office.keys.appending(path: "statement.pem"), encoding: .utf8)))
            #expect(
                signing.publicKey.kid.hex == (try office.activeKey("statement")) && signing.publicKey.kid.hex != retired
            )

            try office.done("statement", "issue", "--period", "2026-10")
            for (id, name) in [("2026-09-usd-ada", "old"), ("2026-10-usd-ada", "new")] {
                try office.done("statement", "bundle", id, "--out", office.path(name))
                try office.done("verify", office.path("\(name)/ada"))
                let script = try run("bash", ["verify.sh"], in: URL(filePath: office.path("\(name)/ada")))
                #expect(script.status == 0, "\(script.output)")
            }
            // The bundle of before the rotation shows a state of the log that this home has seen.
            try office.done("verify", office.path("before/ada"))
        }
    }

    @Test("A rotation that was killed between its commit and the renaming of the key is finished by the next command")
    func interruptedRotation() async throws {
        try await Office.open(months: ["2026-09"]) { office in
            try office.done("keys", "rotate", "log")
            // As if the process had ended before the renaming: the old key in place, the new one staged.
            try FileManager.default.moveItem(
                at: office.keys.appending(path: "log.pem"), to: office.keys.appending(path: "log.next.pem"))
            try KeyStore(directory: office.keys).store(try Example.key(77), for: .log)
            try office.done("statement", "issue", "--period", "2026-09")
            try office.done("statement", "bundle", "2026-09-usd-ada", "--out", office.path("bundle"))
            try office.done("verify", office.path("bundle/ada"))
            #expect(!FileManager.default.fileExists(atPath: office.keys.appending(path: "log.next.pem").path))
        }
    }

    @Test("A revoked log key signs nothing more; a new one does, and revoking again later gives nothing back")
    func revocation() async throws {
        try await Office.open(months: ["2026-09"]) { office in
            try office.done("statement", "issue", "--period", "2026-09")
            let kid = try office.activeKey("log")
            func revoke(since: String) throws -> Office.Answer {
                try office.done(
                    "keys", "revoke", kid, "--since", since, "--reason", "laptop {stolen}", "--format", "json")
            }
            _ = try revoke(since: "2026-01-01T00:00:00Z")
            for command in [
                ["statement", "bundle", "2026-09-usd-ada", "--out", office.path("none")], ["log", "checkpoint"],
                ["log", "prove", "2026-09-usd-ada"],
            ] {
                let refused = try office.answer(to: office.start(command))
                #expect(refused.status == 4)
                #expect(refused.errors.contains("laurel keys rotate log"), "\(refused.errors)")
            }
            #expect(!FileManager.default.fileExists(atPath: office.path("none")))
            // What needs no signature of the log goes on.
            try office.done("statement", "show", "2026-09-usd-ada")
            try office.done("keys", "rotate", "log")
            try office.done("statement", "bundle", "2026-09-usd-ada", "--out", office.path("bundle"))
            try office.done("verify", office.path("bundle/ada"))

            func keyring() throws -> Keyring {
                try office.done("keys", "export", "--out", office.path("public"))
                let bytes = [UInt8](try Data(contentsOf: URL(filePath: office.path("public/keyring.json"))))
                return try Keyring(try CanonicalValue.parse(bytes))
            }
            let before = try keyring()
            #expect(before.entry(kid: try #require(Digest(hex: kid)))?.trustedLogSize == 0)
            _ = try revoke(since: "2035-01-01T00:00:00Z")
            #expect(try keyring() == before)
        }
    }

    @Test("After the statement key is revoked a month is refused, naming the rotation, and nothing is posted")
    func revokedStatementKey() async throws {
        try await Office.open(months: ["2026-09"]) { office in
            try office.done(
                "keys", "revoke", try office.activeKey("statement"), "--since", "2026-01-01T00:00:00Z", "--reason",
                "lost")
            let refused = try office.laurel("statement", "issue", "--period", "2026-09")
            #expect(refused.status == 4)
            #expect(refused.errors.contains("laurel keys rotate statement"))
            #expect(try await office.database.query("SELECT 1 AS one FROM ledger.settlement").isEmpty)
            try office.done("keys", "rotate", "statement")
            try office.done("statement", "issue", "--period", "2026-09")
        }
    }
}
