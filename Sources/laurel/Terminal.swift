import Errors
import Foundation

/// The two streams a person reads: results on stdout, everything else on stderr.
enum Terminal {
    /// Whether stderr is a terminal, so that a progress line may be redrawn in place.
    static let isInteractive = isatty(STDERR_FILENO) == 1

    /// A line of a result on stdout.
    static func put(_ line: String) { put(Array("\(line)\n".utf8)) }

    /// Bytes of a result on stdout. Where they cannot be written the process ends: quietly when the reader has gone
    /// (`| head`), with the status of the environment when the disk is full.
    static func put(_ bytes: [UInt8]) {
        switch write(bytes, to: STDOUT_FILENO) {
        case nil: return
        case EPIPE: exit(0)
        case let code?:
            let error = LaurelError.environment(
                "the result cannot be written (\(String(cString: strerror(code))))", at: "stdout",
                next: "make room, then run the same command again")
            note(error.description)
            exit(error.kind.exitStatus)
        }
    }

    /// One line on stderr behind `laurel: `.
    static func note(_ message: String) { draw("laurel: \(message)\n") }

    /// Raw text on stderr, for the progress line. Nobody is left to be told when it cannot be written.
    static func draw(_ text: String) { _ = write(Array(text.utf8), to: STDERR_FILENO) }

    /// - Returns: The error number of the write that failed.
    private static func write(_ bytes: [UInt8], to file: Int32) -> Int32? {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
            if count >= 0 { sent += count } else if errno != EINTR { return errno }
        }
        return nil
    }
}
