import CLibPQ

/// How much a transaction sees of others that run at the same time.
package enum Isolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
}

/// A PostgreSQL database behind a pool of connections.
///
/// Every session acts as `role`, in UTC, and gives up a lock after 10 s. Connections are opened when first needed and
/// closed with the last reference to the database.
package final class Database: Sendable {
    /// The address that the connections go to.
    package let url: String
    private let pool: Pool

    /// - Parameters:
    ///   - url: a `postgresql://` URL or libpq connection string.
    ///   - role: the role that every session takes; nil keeps the connecting user (migrations).
    ///   - maxConnections: at most so many sessions at once; more leases wait.
    package init(url: String, role: String? = "laurel_app", maxConnections: Int = 8) {
        self.url = url
        var options = "-c client_min_messages=error -c timezone=UTC -c datestyle=ISO -c intervalstyle=iso_8601"
        options += " -c extra_float_digits=1 -c bytea_output=hex -c standard_conforming_strings=on"
        options += " -c lock_timeout=10s -c idle_in_transaction_session_timeout=10min"
        if let role { options += " -c role=\(role)" }
        pool = Pool(
            parameters: [
                ("dbname", url), ("options", options), ("client_encoding", "UTF8"), ("connect_timeout", "10"),
                ("application_name", "laurel"),
            ], limit: maxConnections)
    }

    /// Runs the body with a connection of its own.
    package func withConnection<T>(_ body: (Connection) async throws -> T) async throws -> T {
        let connection = try await pool.lease()
        do {
            let value = try await body(connection)
            await pool.release(connection)
            return value
        } catch {
            await pool.release(connection)
            throw error
        }
    }

    /// Runs the body in a transaction; commits when it returns, rolls back when it throws.
    ///
    /// On a serialisation failure, a deadlock or a lock timeout the whole body runs again, after a pause that grows and is
    /// jittered, so it must have no effect outside the database.
    ///
    /// - Parameters:
    ///   - commit: false rolls back at the end as well (a dry run).
    ///   - retries: how often the body runs again at most.
    package func withTransaction<T>(
        isolation: Isolation = .readCommitted, commit: Bool = true, retries: Int = 8,
        _ body: (Connection) async throws -> T
    ) async throws -> T {
        var attempt = 0
        while true {
            do {
                return try await withConnection { connection in
                    try await connection.transaction(isolation: isolation, commit: commit, body)
                }
            } catch let error as PostgresError where error.isTransient && attempt < retries {
                attempt += 1
                try await Task.sleep(for: .milliseconds(Int.random(in: 1...min(1_000, 10 << attempt))))
            }
        }
    }

    /// Runs one statement on any connection and returns its rows.
    package func query(_ sql: SQL) async throws -> [Row] {
        try await withConnection { try await $0.query(sql) }
    }

    /// Runs one statement on any connection and returns the number of rows that it touched.
    @discardableResult
    package func execute(_ sql: SQL) async throws -> Int {
        try await withConnection { try await $0.execute(sql) }
    }

    /// Closes the connections that nobody uses now.
    package func closeIdleConnections() async {
        await pool.closeIdle()
    }
}

extension Connection {
    /// One transaction; see ``Database/withTransaction(isolation:commit:retries:_:)``.
    nonisolated func transaction<T>(
        isolation: Isolation, commit: Bool, _ body: (Connection) async throws -> T
    ) async throws -> T {
        try await execute("BEGIN ISOLATION LEVEL \(raw: isolation.rawValue)")
        do {
            let value = try await body(self)
            if commit {
                try await self.commit()
            } else {
                await rollBack()
            }
            return value
        } catch {
            await rollBack()
            throw error
        }
    }

    /// Runs the body within the open transaction; when it throws, what it did is taken back and the transaction goes on.
    package nonisolated func savepoint<T>(_ body: (Connection) async throws -> T) async throws -> T {
        try await execute("SAVEPOINT attempt")
        do {
            let value = try await body(self)
            try await execute("RELEASE attempt")
            return value
        } catch {
            try await execute("ROLLBACK TO attempt")
            throw error
        }
    }

    /// Commits. Not cancellable, so that the caller learns what became of the transaction.
    private func commit() throws {
        do {
            let result = try checked(PQexec(handle.pointer, "COMMIT"))
            // The server answers ROLLBACK when a statement had failed and the body caught its error.
            if result.commandTag == "ROLLBACK" {
                throw PostgresError(
                    sqlState: "25P02", message: "a statement of the transaction failed, so it was rolled back")
            }
        } catch let error as PostgresError where error.isConnectionFailure {
            throw PostgresError(sqlState: "08007", message: error.message)
        }
    }
}
