import Errors
import Foundation

/// A lock between processes; the system releases it when its holder dies.
enum FileLock {
    /// Waits for the lock, runs `body`, releases it.
    static func withLock<Value>(at url: URL, _ body: () throws -> Value) throws -> Value {
        let file = open(url.path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw LaurelError.environment(
                "cannot write to the home directory (\(String(cString: strerror(errno))))", at: url.path,
                next: "check its owner and the free disk space")
        }
        defer { close(file) }
        let deadline = ContinuousClock.now + .seconds(90)
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR, ContinuousClock.now < deadline else {
                throw LaurelError.environment(
                    "cannot get the home's lock (\(String(cString: strerror(errno))))", at: url.path,
                    next: "wait for, or end, the other laurel that is starting the database, then try again")
            }
            Thread.sleep(forTimeInterval: 0.05)
        }
        return try body()
    }
}
