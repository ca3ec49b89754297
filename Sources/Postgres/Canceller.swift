import CLibPQ
import Synchronization

/// Cancels the statement that a connection is running, from any thread, and never the one after it.
final class Canceller: Sendable {
    private struct State {
        /// Whether a statement is under way.
        var running = false
        var cancelled = false
    }

    /// Sendable without the compiler's proof: PQcancel is documented as safe from any thread, the rest is under the lock.
    private final class Token: @unchecked Sendable {
        let pointer: OpaquePointer?
        init(_ pointer: OpaquePointer?) { self.pointer = pointer }
        deinit { PQfreeCancel(pointer) }
    }

    private let token: Token
    private let state = Mutex(State())

    init(_ handle: Handle) {
        token = Token(PQgetCancel(handle.pointer))
    }

    /// Marks the beginning of a statement.
    func begin() {
        state.withLock { state in
            state.running = true
            state.cancelled = false
        }
    }

    /// Marks the end of a statement; returns whether it had been cancelled from here.
    func end() -> Bool {
        state.withLock { state in
            state.running = false
            return state.cancelled
        }
    }

    /// Asks the server to stop whatever runs now.
    ///
    /// Blocks for the round trip under the lock: so the statement cannot end, and the next begin, before the server has
    /// passed the request on.
    func cancel() {
        state.withLock { state in
            guard state.running, let pointer = token.pointer else { return }
            var message = [CChar](repeating: 0, count: 256)
            // A refused request means that the server is gone; the statement itself will report that.
            if PQcancel(pointer, &message, Int32(message.count)) == 1 { state.cancelled = true }
        }
    }
}
