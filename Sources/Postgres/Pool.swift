/// Hands out connections, one lease at a time each; waiters are served in the order in which they came.
actor Pool {
    private let parameters: [(String, String)]
    private let limit: Int
    private var idle: [Connection] = []
    /// Connections that are leased or being opened.
    private var busy = 0
    private var waiters: [(number: Int, continuation: CheckedContinuation<Connection?, any Error>)] = []
    private var nextWaiter = 0

    init(parameters: [(String, String)], limit: Int) {
        precondition(limit > 0, "a pool has at least one connection")
        self.parameters = parameters
        self.limit = limit
    }

    /// A connection of one's own until ``release(_:)``.
    func lease() async throws -> Connection {
        try Task.checkCancellation()
        if let connection = idle.popLast() {
            busy += 1
            return connection
        }
        if busy < limit {
            busy += 1
            return try await open()
        }
        let number = nextWaiter
        nextWaiter += 1
        let handedOver = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Connection?, any Error>) in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    waiters.append((number, continuation))
                }
            }
        } onCancel: {
            Task { await self.giveUp(number) }
        }
        // Without a connection the waiter has got the place of one that broke.
        if let handedOver { return handedOver }
        return try await open()
    }

    private func open() async throws -> Connection {
        do {
            return try await Connection.open(parameters)
        } catch {
            vacate()
            throw error
        }
    }

    private func giveUp(_ number: Int) {
        guard let index = waiters.firstIndex(where: { $0.number == number }) else { return }
        waiters.remove(at: index).continuation.resume(throwing: CancellationError())
    }

    /// Takes a connection back, for the next waiter or for later; one that broke is dropped.
    func release(_ connection: Connection) async {
        guard await connection.isIdle else { return vacate() }
        if waiters.isEmpty {
            busy -= 1
            idle.append(connection)
        } else {
            waiters.removeFirst().continuation.resume(returning: connection)
        }
    }

    private func vacate() {
        if waiters.isEmpty {
            busy -= 1
        } else {
            waiters.removeFirst().continuation.resume(returning: nil)
        }
    }

    /// Closes the connections that nobody uses.
    func closeIdle() {
        idle.removeAll()
    }
}
