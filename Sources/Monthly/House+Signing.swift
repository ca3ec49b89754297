import Postgres

extension House {
    /// Runs the body while nobody else signs: whoever issues statements, changes keys or reads the log to sign its state
    /// waits here, before its transaction begins and so before it sees anything. Does not nest.
    ///
    /// The lock is that of a session of its own. It ends with the session, whatever becomes of the body or the process.
    func whileSigning<Outcome>(_ body: () async throws -> Outcome) async throws -> Outcome {
        let guardian = Database(url: databaseURL, maxConnections: 1)
        return try await guardian.withConnection { connection in
            let lock: Int64 = 10
            // Asked for again and again rather than waited for: issuing may take longer than a lock waits.
            while try await !connection.query("SELECT pg_try_advisory_lock(\(lock)) AS is_mine")[0].get("is_mine") {
                try await Task.sleep(for: .milliseconds(50))
            }
            return try await body()
        }
    }
}
