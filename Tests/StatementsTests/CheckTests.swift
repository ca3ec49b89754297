import Documents
import Foundation
import Postgres
import Statements
import TestSupport
import Testing

@Suite("laurel check --strict sees what signatures and the log say")
struct CheckTests {
    @Test("A closed period is sealed: its proof verifies, and the seal's digest is that of its journals")
    func seal() async throws {
        try await withMonths(["2026-09", "2026-10"]) { laurel in
            #expect(try await laurel.run("log", "seal", "2026-09").status == 4)
            try await laurel.succeed("period", "settle", "2026-09")
            try await laurel.succeed("period", "close", "2026-09")
            try await laurel.succeed("period", "close", "2026-09")
            let seal = Array(try await laurel.succeed("log", "seal", "2026-09").output.utf8)
            let proof = try LogProof(parsing: Array(try await laurel.succeed("log", "prove", "2026-09").output.utf8))
            #expect(proof.covers("ledger-seal/v1 \(Digest.sha256(seal).hex)\n"))
            let lines = try await laurel.database.query(
                "SELECT id, body_sha256, idempotency_key FROM ledger.journal WHERE period_id = '2026-09' ORDER BY id"
            ).map { row in
                let digest = try #require(Digest(bytes: try row.get("body_sha256", as: [UInt8].self)))
                let (id, key): (Int64, String) = (try row.get("id"), try row.get("idempotency_key"))
                return "\(id) \(digest.hex) \(key)\n"
            }
            #expect(lines.count == 3)
            let document = try CanonicalValue.parse(seal)
            #expect(document["journal_count"] == .integer(Int64(lines.count)))
            #expect(document["journals_sha256"] == .string(Digest.sha256(Array(lines.joined().utf8)).hex))
            #expect(document["period"] == "2026-09")
            try await laurel.succeed("check", "--strict")
        }
    }

    @Test(
        "Whoever goes behind the database is seen",
        arguments: [
            ("ledger.journal", "UPDATE ledger.journal SET idempotency_key = 'x' WHERE id = 1", "log-covers-journals"),
            (
                "statements.statement",
                "UPDATE statements.statement SET sig = set_byte(sig, 7, 255 - get_byte(sig, 7))",
                "statements-verify"
            ),
            (
                "statements.manifest",
                "UPDATE statements.manifest SET bytes = bytes || '\\x20', sha256 = sha256(bytes || '\\x20')",
                "statements-verify"
            ),
            (
                "statements.keyring", "UPDATE statements.keyring SET sig = set_byte(sig, 7, 255 - get_byte(sig, 7))",
                "keys-valid"
            ),
            (
                "statements.log_entry",
                """
                UPDATE statements.log_entry SET document_sha256 = sha256('x'), entry = e.line, leaf_hash = sha256('\\x00'::bytea || e.line)
                FROM (SELECT convert_to('keyring/v1 ' || encode(sha256('x'), 'hex') || E'\\n', 'UTF8') AS line) e WHERE index = 0
                """, "log-consistent"
            ),
        ])
    func tampering(table: String, change: String, check: String) async throws {
        try await withMonths(["2026-09"]) { laurel in
            try await laurel.succeed("statement", "issue", "--period", "2026-09")
            try await laurel.succeed("period", "close", "2026-09")
            try await laurel.succeed("log", "checkpoint")
            try await laurel.succeed("check", "--strict")
            try await laurel.database.withTransaction { connection in
                try await connection.execute("ALTER TABLE \(raw: table) DISABLE TRIGGER append_only")
                try await connection.execute("\(raw: change)")
            }
            let found = try await laurel.run("check", "--strict", "--format", "json")
            #expect(found.status == 1)
            #expect(try found.rows().contains { $0["check"] as? String == check }, "\(found.output)")
        }
    }
}
