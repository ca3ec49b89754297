import Documents
import Foundation
import Postgres
import Statements
import TestSupport
import Testing

@Suite("laurel check --strict sees what signatures and the log say")
struct CheckTests {
    @Test("A closed period is sealed: its proof verifies, and its digests are those of the rows")
    func seal() async throws {
        try await withMonths(["2026-09", "2026-10"]) { laurel in
            #expect(try await laurel.run("log", "seal", "2026-09").status == 4)
            for payee in ["ada", "ben"] {
                try await laurel.succeed(
                    "terms", "set", payee, "--currency", "USD", "--from", "2026-01-01", "--min-payout", "25.00")
            }
            try await laurel.succeed("period", "settle", "2026-09")
            try await laurel.succeed("period", "close", "2026-09")
            try await laurel.succeed("period", "close", "2026-09")
            let seal = Array(try await laurel.succeed("log", "seal", "2026-09").output.utf8)
            let proof = try LogProof(parsing: Array(try await laurel.succeed("log", "prove", "2026-09").output.utf8))
            #expect(proof.covers("ledger-seal/v1 \(Digest.sha256(seal).hex)\n"))
            let document = try CanonicalValue.parse(seal)
            #expect(document["period"] == "2026-09")
            #expect(document["after"]?["payee_term"] == .integer(0) && document["until"]?["payee_term"] == .integer(2))
            for (part, rows, condition) in [
                ("journal", 3, "r.period_id = '2026-09'"), ("payee_term", 2, "true"),
                ("settlement", 1, "r.period_id = '2026-09'"), ("period_close", 1, "true"),
            ] {
                let digests = try await laurel.database.query(
                    "SELECT r::text AS line FROM ledger.\(identifier: part) r WHERE \(raw: condition)"
                ).map { Digest.sha256(try $0.get("line", as: String.self)) }
                #expect(digests.count == rows)
                let sealed = document["contents"]?[part]
                #expect(sealed?["rows"] == .integer(Int64(rows)))
                #expect(sealed?["sha256"] == .string(Digest.sha256(digests.sorted().flatMap(\.bytes)).hex))
            }
            // Agreements entered later belong to the next seal.
            try await laurel.succeed(
                "terms", "set", "ada", "--currency", "USD", "--from", "2026-01-01", "--min-payout", "26.00")
            try await laurel.succeed("period", "settle", "2026-10")
            try await laurel.succeed("period", "close", "2026-10")
            let next = try CanonicalValue.parse(Array(try await laurel.succeed("log", "seal", "2026-10").output.utf8))
            #expect(next["after"] == document["until"])
            #expect(next["contents"]?["payee_term"]?["rows"] == .integer(1))
            try await laurel.succeed("check", "--strict")
        }
    }

    @Test("An agreement that is entered while a period closes belongs to it, and one that comes too late does not")
    func sealRace() async throws {
        try await withMonths(["2026-09"]) { laurel in
            try await laurel.succeed("period", "settle", "2026-09")
            let writer = Database(url: laurel.database.url, role: nil, maxConnections: 1)
            let closing = try await writer.withTransaction { connection in
                // Its number is taken, and nobody sees it yet.
                try await connection.execute("SELECT ledger.place_hold('ben', NULL, 'a question')")
                let closing = try laurel.start(["period", "close", "2026-09"])
                var waits = false
                for _ in 0..<200 where !waits {
                    try await Task.sleep(for: .milliseconds(20))
                    waits = try await !laurel.database.query(
                        "SELECT 1 AS one FROM pg_locks WHERE NOT granted AND relation = 'ledger.hold'::regclass"
                    ).isEmpty
                }
                #expect(waits)
                return closing
            }
            #expect(try await closing.end().status == 0)
            await writer.closeIdleConnections()
            let seal = try CanonicalValue.parse(Array(try await laurel.succeed("log", "seal", "2026-09").output.utf8))
            #expect(seal["contents"]?["hold"]?["rows"] == .integer(1))
            #expect(try await laurel.run("hold", "release", "1", "--period", "2026-09").status == 4)
            try await laurel.succeed("check", "--strict")
        }
    }

    @Test("A check says for how many objects it fails, however many it lists")
    func counting() async throws {
        try await withMonths([]) { laurel in
            let lines = (1...25).map { "2026-09,1.00,USD,shop,r\($0)" }
            let file = try laurel.file(
                "receipts.csv", (["period,amount,currency,source,ref"] + lines).joined(separator: "\n") + "\n")
            try await laurel.succeed("revenue", "import", file)
            try await laurel.database.withTransaction { connection in
                try await connection.execute("ALTER TABLE ledger.journal DISABLE TRIGGER append_only")
                try await connection.execute("UPDATE ledger.journal SET body_sha256 = sha256('x')")
                try await connection.execute("ALTER TABLE ledger.journal ENABLE ALWAYS TRIGGER append_only")
            }
            let rows = try await laurel.run("check", "--strict", "--format", "json").rows()
            #expect(rows.count == 20)
            #expect(rows.allSatisfy { $0["check"] as? String == "journals-unchanged" && $0["failures"] as? Int == 25 })
            let table = try await laurel.run("check", "--strict")
            #expect(table.status == 1)
            #expect(table.output.contains("journals-unchanged  and 5 more"), "\(table.output)")
            #expect(table.errors.contains("1 check failed, for 25 objects"), "\(table.errors)")
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
