import Documents
import Errors
import Foundation
import Postgres
import Statements
import TestSupport
import Testing

@Suite("Keys, from the command line")
struct KeyCommandTests {
    @Test("After both keys rotate, their private halves are gone and old and new bundles verify")
    func rotation() async throws {
        try await withMonths(["2026-09", "2026-10"]) { laurel in
            try await laurel.succeed("statement", "issue", "--period", "2026-09")
            try await laurel.succeed("statement", "bundle", "2026-09-usd-ada", "--out", laurel.path("before"))
            try await laurel.succeed("verify", laurel.path("before/ada"))
            let retired = try await laurel.activeKey("statement")
            for use in ["statement", "log"] { try await laurel.succeed("keys", "rotate", use) }
            let names = try FileManager.default.contentsOfDirectory(atPath: laurel.keys.path).sorted()
            #expect(names == ["approval.pem", "log.pem", "root.pem", "statement.pem"])
            let signing = try #require(
                PrivateKey(pem: try String(contentsOf: laurel.keys.appending(path: "statement.pem"), encoding: .utf8)))
            #expect(
                signing.publicKey.kid.hex == (try await laurel.activeKey("statement"))
                    && signing.publicKey.kid.hex != retired
            )

            try await laurel.succeed("statement", "issue", "--period", "2026-10")
            for (id, name) in [("2026-09-usd-ada", "old"), ("2026-10-usd-ada", "new")] {
                try await laurel.succeed("statement", "bundle", id, "--out", laurel.path(name))
                try await laurel.succeed("verify", laurel.path("\(name)/ada"))
                let script = try run("bash", ["verify.sh"], in: URL(filePath: laurel.path("\(name)/ada")))
                #expect(script.status == 0, "\(script.output)")
            }
            // The bundle of before the rotation shows a state of the log that this home has seen.
            try await laurel.succeed("verify", laurel.path("before/ada"))
        }
    }

    @Test("A rotation that was killed between its commit and the renaming of the key is finished by the next command")
    func interruptedRotation() async throws {
        try await withMonths(["2026-09"]) { laurel in
            try await laurel.succeed("keys", "rotate", "log")
            // As if the process had ended before the renaming: the old key in place, the new one staged.
            try FileManager.default.moveItem(
                at: laurel.keys.appending(path: "log.pem"), to: laurel.keys.appending(path: "log.next.pem"))
            try KeyStore(directory: laurel.keys).store(try Example.key(77), for: .log)
            try await laurel.succeed("statement", "issue", "--period", "2026-09")
            try await laurel.succeed("statement", "bundle", "2026-09-usd-ada", "--out", laurel.path("bundle"))
            try await laurel.succeed("verify", laurel.path("bundle/ada"))
            #expect(!FileManager.default.fileExists(atPath: laurel.keys.appending(path: "log.next.pem").path))
        }
    }

    @Test("A revoked log key signs nothing more; a new one does, and revoking again later gives nothing back")
    func revocation() async throws {
        try await withMonths(["2026-09"]) { laurel in
            try await laurel.succeed("statement", "issue", "--period", "2026-09")
            let kid = try await laurel.activeKey("log")
            func revoke(since: String) async throws -> LaurelProgram.Run {
                try await laurel.succeed(
                    "keys", "revoke", kid, "--since", since, "--reason", "laptop {stolen}", "--format", "json")
            }
            _ = try await revoke(since: "2026-01-01T00:00:00Z")
            for command in [
                ["statement", "bundle", "2026-09-usd-ada", "--out", laurel.path("none")], ["log", "checkpoint"],
                ["log", "prove", "2026-09-usd-ada"],
            ] {
                let refused = try await laurel.start(command).end()
                #expect(refused.status == 4)
                #expect(refused.errors.contains("laurel keys rotate log"), "\(refused.errors)")
            }
            #expect(!FileManager.default.fileExists(atPath: laurel.path("none")))
            // What needs no signature of the log goes on.
            try await laurel.succeed("statement", "show", "2026-09-usd-ada")
            try await laurel.succeed("keys", "rotate", "log")
            try await laurel.succeed("statement", "bundle", "2026-09-usd-ada", "--out", laurel.path("bundle"))
            try await laurel.succeed("verify", laurel.path("bundle/ada"))

            func keyring() async throws -> Keyring {
                try await laurel.succeed("keys", "export", "--out", laurel.path("public"))
                let bytes = [UInt8](try Data(contentsOf: URL(filePath: laurel.path("public/keyring.json"))))
                return try Keyring(try CanonicalValue.parse(bytes))
            }
            let before = try await keyring()
            #expect(before.entry(kid: try #require(Digest(hex: kid)))?.trustedLogSize == 0)
            _ = try await revoke(since: "2035-01-01T00:00:00Z")
            #expect(try await keyring() == before)
        }
    }

    @Test("After the statement key is revoked a month is refused, naming the rotation, and nothing is posted")
    func revokedStatementKey() async throws {
        try await withMonths(["2026-09"]) { laurel in
            try await laurel.succeed(
                "keys", "revoke", try await laurel.activeKey("statement"), "--since", "2026-01-01T00:00:00Z",
                "--reason",
                "lost")
            let refused = try await laurel.run("statement", "issue", "--period", "2026-09")
            #expect(refused.status == 4)
            #expect(refused.errors.contains("laurel keys rotate statement"))
            #expect(try await laurel.database.query("SELECT 1 AS one FROM ledger.settlement").isEmpty)
            try await laurel.succeed("keys", "rotate", "statement")
            try await laurel.succeed("statement", "issue", "--period", "2026-09")
        }
    }
}
