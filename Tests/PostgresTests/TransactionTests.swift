import Postgres
import TestSupport
import Testing

@Suite("Transactions")
struct TransactionTests {
    private struct Stop: Error {}

    @Test(
        "Eight connections that each count to twenty end at 160", arguments: [Isolation.repeatableRead, .serializable])
    func increments(isolation: Isolation) async throws {
        try await withEmptyDatabase { url in
            let database = Database(url: url, role: nil)
            try await database.execute("CREATE TABLE counter AS SELECT 0 AS n")
            try await withThrowingTaskGroup { group in
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<20 {
                            try await database.withTransaction(isolation: isolation, retries: 1000) { connection in
                                let n = try await connection.query("SELECT n FROM counter")[0].get("n", as: Int.self)
                                try await connection.execute("UPDATE counter SET n = \(n + 1)")
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await database.query("SELECT n FROM counter")[0].get("n", as: Int.self) == 160)
        }
    }

    @Test("A body that throws, and a dry run, leave nothing; a swallowed error cannot pass for a commit")
    func rollback() async throws {
        try await withEmptyDatabase { url in
            let database = Database(url: url, role: nil, maxConnections: 1)
            try await database.execute("CREATE TABLE thing (id int)")
            await #expect(throws: Stop.self) {
                try await database.withTransaction { connection in
                    try await connection.execute("INSERT INTO thing VALUES (1)")
                    throw Stop()
                }
            }
            let touched = try await database.withTransaction(commit: false) {
                try await $0.execute("INSERT INTO thing VALUES (1), (2)")
            }
            #expect(touched == 2)
            let swallowed = await #expect(throws: PostgresError.self) {
                try await database.withTransaction { connection in
                    try await connection.execute("INSERT INTO thing VALUES (1)")
                    do { try await connection.execute("SELECT nonsense") } catch is PostgresError {}
                }
            }
            #expect(swallowed?.sqlState == "25P02")
            #expect(try await database.query("SELECT FROM thing").isEmpty)
        }
    }

    @Test("A connection that the server ended is replaced by a new one")
    func broken() async throws {
        try await withEmptyDatabase { url in
            let database = Database(url: url, role: nil, maxConnections: 1)
            let error = await #expect(throws: PostgresError.self) {
                try await database.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            }
            #expect(error?.isConnectionFailure == true)
            let rows = try await database.query("SELECT 1 AS one")
            #expect(rows.count == 1)
        }
    }
}
