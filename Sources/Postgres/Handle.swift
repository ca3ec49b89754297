import CLibPQ
import Errors
import Foundation

/// Owns a libpq connection; closes it when the last reference goes.
///
/// Sendable without the compiler's proof: only the actor ``Connection`` that owns it calls into it, on its own queue.
final class Handle: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Opens a connection; blocks until it stands or fails.
    ///
    /// - Throws: ``PostgresError`` with SQLSTATE 08001 and libpq's own words.
    init(_ parameters: [(String, String)]) throws {
        // PQconnectdbParams wants two arrays of C strings, closed by a null.
        let keywords: [UnsafeMutablePointer<CChar>?] = parameters.map { strdup($0.0) } + [nil]
        let values: [UnsafeMutablePointer<CChar>?] = parameters.map { strdup($0.1) } + [nil]
        defer {
            for string in keywords + values { free(string) }
        }
        // 1: the value of dbname may be a URL or connection string.
        let opened = PQconnectdbParams(
            keywords.map { UnsafePointer($0) }, values.map { UnsafePointer($0) }, 1)
        guard let opened else {
            throw LaurelError.environment("no memory for a database connection")
        }
        pointer = opened
        // Notices would go to standard error, which belongs to the command line; what must be known is an error.
        PQsetNoticeReceiver(pointer, { _, _ in }, nil)
        guard PQstatus(pointer) == CONNECTION_OK else {
            throw PostgresError(sqlState: "08001", message: lastMessage)
        }
    }

    deinit {
        PQfinish(pointer)
    }

    /// libpq's last message, on one line.
    var lastMessage: String {
        oneLine(String(cString: PQerrorMessage(pointer)))
    }

    /// Whether the connection stands and no transaction is open: whether the next lease may have it.
    var isIdle: Bool {
        PQstatus(pointer) == CONNECTION_OK && PQtransactionStatus(pointer) == PQTRANS_IDLE
    }
}

/// A text without line breaks and double spaces.
func oneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
}
