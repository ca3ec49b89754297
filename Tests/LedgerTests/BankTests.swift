import Errors
import Ledger
import Money
import Postgres
import Synchronization
import TestSupport
import Testing

/// Counts the writers that are still at it.
private final class Writers: Sendable {
    let running = Atomic(8)
}

/// Writers and readers at the same time, and backends that die under them.
@Suite struct BankTests {
    private func transfer(_ database: Database, _ key: String, _ number: UInt64) async throws {
        var random = SplitMix(seed: number)
        let from = random.next() % 6
        let to = (from + 1 + random.next() % 5) % 6
        let amount = Int64(1 + random.next() % 1_000_000)
        _ = try await database.withTransaction { connection in
            try await connection.execute(
                """
                SELECT ledger.post_journal('written_off', '2026-10', '2026-10-15', \(key),
                    \(["receivable:s\(from)", "receivable:s\(to)"])::text[], ARRAY['USD', 'USD'],
                    \([amount, -amount])::bigint[], 'test', \(key))
                """)
        }
    }

    @Test func readersAlwaysSeeZero() async throws {
        try await withBooks { ledger, _ in
            try await ledger.earn("r1", 1)
            let database = owner(of: ledger)
            let writers = Writers()
            let reads = try await withThrowingTaskGroup(of: Int.self) { group in
                for writer in 0..<8 {
                    group.addTask {
                        defer { writers.running.subtract(1, ordering: .relaxed) }
                        for number in 0..<60 {
                            try await transfer(database, "w\(writer)-\(number)", UInt64(writer * 1000 + number))
                        }
                        return 0
                    }
                }
                group.addTask {
                    var reads = 0
                    while writers.running.load(ordering: .relaxed) > 0 {
                        let total: Int64 = try await database.query(
                            "SELECT coalesce(sum(amount_micros), 0)::bigint AS total FROM ledger.posting")[0].get(
                                "total")
                        try #require(total == 0)
                        reads += 1
                    }
                    return reads
                }
                return try await group.reduce(0, +)
            }
            #expect(reads > 0)
            let journals: Int = try await database.query("SELECT count(*) AS n FROM ledger.journal")[0].get("n")
            #expect(journals == 481)
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    @Test func whatWasAcknowledgedIsThereAfterBackendsDie() async throws {
        try await withBooks { ledger, administration in
            try await ledger.earn("r1", 1)
            let database = owner(of: ledger)
            let acknowledged = try await withThrowingTaskGroup(of: [String].self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        var done: [String] = []
                        for number in 0..<60 {
                            let key = "w\(writer)-\(number)"
                            do {
                                try await transfer(database, key, UInt64(writer * 1000 + number))
                                done.append(key)
                            } catch let error as PostgresError {
                                try #require(error.isConnectionFailure, "\(error)")
                            }
                        }
                        return done
                    }
                }
                group.addTask {
                    for _ in 0..<10 {
                        try await Task.sleep(for: .milliseconds(20))
                        _ = try await administration.query(
                            """
                            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                            WHERE datname = current_database() AND pid <> pg_backend_pid()
                              AND query LIKE '%post_journal%'
                            """)
                    }
                    return []
                }
                return try await group.reduce(into: [String]()) { $0 += $1 }
            }
            let rows = try await administration.query("SELECT idempotency_key AS key FROM ledger.journal")
            let there = Set(try rows.map { try $0.get("key", as: String.self) })
            #expect(Set(acknowledged).isSubset(of: there))
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }
}
