import CLibPQ
import Dispatch

/// One connection to PostgreSQL, leased exclusively by ``Database/withConnection(_:)``.
///
/// All libpq calls block, and run on the connection's own queue. A cancelled task cancels the statement that it waits for
/// on the server; the call then throws `CancellationError`.
package actor Connection {
    private let executor: QueueExecutor
    let handle: Handle
    private let canceller: Canceller

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private init(executor: QueueExecutor, handle: Handle) {
        self.executor = executor
        self.handle = handle
        canceller = Canceller(handle)
    }

    /// Opens a connection on a queue of its own.
    static func open(_ parameters: [(String, String)]) async throws -> Connection {
        let queue = DispatchQueue(label: "laurel.postgres.open")
        let handle = try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(with: Swift.Result { try Handle(parameters) })
            }
        }
        return Connection(executor: QueueExecutor(label: "laurel.postgres.connection"), handle: handle)
    }

    /// Whether the next lease may have this connection.
    var isIdle: Bool { handle.isIdle }

    // MARK: - Statements

    /// Runs one statement and returns its rows.
    package nonisolated func query(_ sql: SQL) async throws -> [Row] {
        try await cancellable { connection in try connection.exchange(sql).rows }
    }

    /// Runs one statement and returns the number of rows that it touched.
    @discardableResult
    package nonisolated func execute(_ sql: SQL) async throws -> Int {
        try await cancellable { connection in try connection.exchange(sql).affectedRows }
    }

    /// Runs several statements without parameters, as one transaction unless the text says otherwise.
    package nonisolated func script(_ text: String) async throws {
        try await cancellable { connection in
            _ = try connection.checked(PQexec(connection.handle.pointer, text))
        }
    }

    /// Loads rows into a table by COPY, all or nothing; `nil` is NULL.
    ///
    /// - Returns: the number of rows.
    @discardableResult
    package nonisolated func copyIn(
        _ table: String, columns: [String], rows: some Sequence<[String?]> & Sendable
    ) async throws -> Int {
        let names = columns.map { SQL.quoted(identifier: $0) }.joined(separator: ", ")
        let command = "COPY \(SQL.quoted(qualifiedName: table)) (\(names)) FROM STDIN"
        return try await cancellable { connection in try connection.send(rows, by: command, width: columns.count) }
    }

    /// The rows of a query, by COPY; quicker than ``query(_:)`` for many rows, without parameters and names.
    package nonisolated func copyOut(_ query: String) async throws -> [[String?]] {
        try await cancellable { connection in try connection.receive(by: "COPY (\(query)) TO STDOUT") }
    }

    // MARK: - Inside

    /// Runs work on the connection's queue and passes a task's cancellation on to the server.
    private nonisolated func cancellable<T: Sendable>(
        _ work: @Sendable (isolated Connection) throws -> T
    ) async throws -> T {
        try Task.checkCancellation()
        return try await withTaskCancellationHandler {
            try await run(work)
        } onCancel: {
            canceller.cancel()
        }
    }

    private func run<T: Sendable>(_ work: @Sendable (isolated Connection) throws -> T) throws -> T {
        canceller.begin()
        do {
            // The handler may have been called before there was anything to cancel.
            try Task.checkCancellation()
            let value = try work(self)
            _ = canceller.end()
            return value
        } catch let error as PostgresError where error.sqlState == "57014" {
            if canceller.end() { throw CancellationError() }
            throw error
        } catch {
            _ = canceller.end()
            throw error
        }
    }

    /// Ends a transaction that failed. Not cancellable: a cancelled task must leave no open transaction behind.
    func rollBack() {
        // An error here means that the connection is gone, and the transaction with it; `isIdle` then says so.
        if let result = PQexec(handle.pointer, "ROLLBACK") { PQclear(result) }
    }

    private func exchange(_ sql: SQL) throws -> Result {
        let (text, bindings) = sql.rendered
        guard bindings.count <= 65_535 else {
            throw PostgresError(
                sqlState: "54000", message: "\(bindings.count) parameters in one statement, 65535 are possible")
        }
        let result = try withParameters(bindings) { types, values, lengths, formats in
            // 0: results as text.
            PQexecParams(
                handle.pointer, text, Int32(bindings.count), types, values, lengths, formats, 0)
        }
        return try checked(result)
    }

    /// The result, if it is one of success.
    func checked(_ pointer: OpaquePointer?) throws -> Result {
        guard let pointer else { throw PostgresError(sqlState: "08006", message: handle.lastMessage) }
        let result = Result(pointer)
        switch result.status {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_EMPTY_QUERY:
            return result
        default:
            throw result.error(otherwise: handle.lastMessage)
        }
    }
}
