import Documents
import Errors
package import Foundation

/// A PostgreSQL server of Laurel's own: its data under the home directory, reachable only through a Unix socket.
///
/// PostgreSQL refuses to run as root; root's server therefore runs as the user `postgres`, with its data in the home
/// directory where that user can reach it and under `/var/lib/laurel` where it cannot.
package struct PrivateServer: Sendable {
    private let home: URL

    /// - Parameter home: The home directory; made by `laurel init`.
    package init(home: URL) { self.home = home }

    /// Makes the cluster if there is none, starts the server if it is not running, and makes Laurel's database.
    ///
    /// Several programs may call this at once; a lock file lets one of them do the work.
    ///
    /// - Returns: The connection string.
    /// - Throws: ``LaurelError`` of kind `environment`, with the last meaningful line of the server's log.
    package func start() async throws -> String {
        try await offCooperativeThreads { try startBlocking() }
    }

    /// Stops the server; nothing happens when it is not running.
    ///
    /// - Returns: Whether a server was running.
    package func stop() async throws -> Bool {
        try await offCooperativeThreads {
            let place = try ServerPlace(home: home)
            guard try place.isRunning() else { return false }
            try place.control(["-m", "fast", "-w", "-t", "60", "stop"], failing: "the database cannot be stopped")
            return true
        }
    }

    /// Where the server's log is, for people who look after it.
    package var log: URL { get throws { try ServerPlace(home: home).log } }

    private func startBlocking() throws -> String {
        try FileLock.withLock(at: home.appending(path: "postgres.lock")) {
            let place = try ServerPlace(home: home)
            if !place.exists { try place.create() }
            try place.remember()
            if !place.answers { try start(place) }
            try place.createDatabase()
            return place.url
        }
    }

    /// After `kill -9` of the server its orphans hold the shared memory for some seconds, so the first starts may fail.
    private func start(_ place: ServerPlace) throws {
        let deadline = ContinuousClock.now + .seconds(15)
        while true {
            do {
                try place.makeSocketDirectory()
                return try place.control(
                    ["-w", "-t", "60", "-l", place.log.path, "-o", place.serverOptions, "start"],
                    failing: "the database cannot start")
            } catch let error as LaurelError {
                if place.answers { return }
                guard ContinuousClock.now < deadline, place.mayStillBeCleaningUp else { throw error }
                Thread.sleep(forTimeInterval: 0.5)
            }
        }
    }
}

/// Runs blocking work on a thread where blocking is allowed.
private func offCooperativeThreads<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws
    -> Value
{
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Swift.Result { try work() }) }
    }
}
