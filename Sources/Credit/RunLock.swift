import Errors
import Postgres

extension RunStore {
    /// The class of the advisory locks that say who executes a run; the second key is a hash of the run's id.
    private static let lockClass = 0x6372  // "cr"

    /// Executes `body` as the one executor of a run: a session holds an advisory lock all the while, which the server
    /// lets go of when the process dies. What a dead executor left leased or failed is free again.
    ///
    /// - Parameters:
    ///   - run: the run's id.
    ///   - holder: how the next one who tries is told who we are.
    ///   - body: the work.
    /// - Returns: what `body` returns.
    /// - Throws: ``LaurelError`` of kind `refused` when another executor holds the lock, and what `body` throws.
    package func withExecution<Result: Sendable>(
        of run: String, holder: String, _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        try await database.withConnection { connection in
            let rows = try await connection.query(
                "SELECT pg_try_advisory_lock(\(raw: "\(RunStore.lockClass)"), hashtext(\(run))) AS locked")
            guard try rows[0].get("locked", as: Bool.self) else { throw try await refusal(run, connection) }
            do {
                _ = try await connection.query("SELECT credit.adopt_run(\(run), \(holder))")
                let result = try await body()
                try await RunStore.unlock(run, connection)
                return result
            } catch {
                try await RunStore.unlock(run, connection)
                throw error
            }
        }
    }

    /// Unlocks although the task may have been cancelled: the session goes back to the pool and must not keep the lock.
    private static func unlock(_ run: String, _ connection: Connection) async throws {
        try await Task {
            _ = try await connection.query(
                "SELECT pg_advisory_unlock(\(raw: "\(lockClass)"), hashtext(\(run)))")
        }.value
    }

    private func refusal(_ run: String, _ connection: Connection) async throws -> LaurelError {
        let rows = try await connection.query(
            """
            SELECT holder, to_char(since AT TIME ZONE 'UTC', \(raw: RunStore.timeFormat)) AS since
            FROM credit.executor
            WHERE run_id = \(run)
            """)
        let who = try rows.first.map { row -> String in
            "\(try row.get("holder", as: String.self)) since \(try row.get("since", as: String.self))"
        }
        return .refused(
            "credit run is being executed by \(who ?? "another process")", at: run,
            next: "wait for it, or stop it and run again")
    }
}
