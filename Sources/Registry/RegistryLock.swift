import Postgres

/// Lets registrations follow one another: each looks first at what is known, and the one before must be done by then.
enum RegistryLock {
    /// Waits for registrations under way; let go at the transaction's end.
    static func take(on connection: Connection) async throws {
        _ = try await connection.query("SELECT pg_advisory_xact_lock(20, 0)")
    }
}
