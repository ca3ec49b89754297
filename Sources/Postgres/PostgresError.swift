package import Errors

/// What PostgreSQL, or the connection to it, answered instead of a result.
package struct PostgresError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The five-character SQLSTATE; `08xxx` for what libpq found on its own.
    package let sqlState: String
    /// The primary message, in one line.
    package let message: String
    /// More about this case. May hold values of the row; not part of ``description``.
    package var detail: String?
    /// What the server proposes.
    package var hint: String?
    /// The constraint that was violated.
    package var constraint: String?
    /// The table concerned.
    package var table: String?
    /// The column concerned.
    package var column: String?
    /// The call stack of functions inside the database.
    package var context: String?

    package init(sqlState: String, message: String) {
        self.sqlState = sqlState
        self.message = message
    }

    package var description: String { "\(message) (SQLSTATE \(sqlState))" }

    /// Whether the same transaction may succeed when it is simply run again: serialisation failure, deadlock, lock timeout.
    package var isTransient: Bool { ["40001", "40P01", "55P03"].contains(sqlState) }

    /// Whether a unique constraint refused a row that is already there.
    package var isUniqueViolation: Bool { sqlState == "23505" }

    /// Whether a row names another that is not there.
    package var isForeignKeyViolation: Bool { sqlState == "23503" }

    /// Whether the statement named something that is not there, not of that kind, or not allowed (class 42).
    package var isAboutSchema: Bool { sqlState.hasPrefix("42") }

    /// Whether the connection is gone.
    package var isConnectionFailure: Bool {
        sqlState.hasPrefix("08") || ["57P01", "57P02", "57P03"].contains(sqlState)
    }
}

// MARK: - For people

extension PostgresError {
    /// SQLSTATEs that our own functions raise to say which way a command failed.
    package enum OwnState {
        /// Refused by state (a closed period, a second run): `RAISE EXCEPTION … USING ERRCODE = 'LR001', HINT = …`.
        package static let refused = "LR001"
        /// Unusable input.
        package static let input = "LR002"
    }

    /// The same failure for a person: which of the five ways, and what to do next.
    package func asLaurelError() -> LaurelError {
        switch sqlState {
        case OwnState.refused, "P0001":
            return .refused(message, at: detail, next: hint)
        case OwnState.input:
            return .input(message, at: detail, next: hint)
        case "53100":
            return .environment(
                "the database's disk is full", at: message, next: "free space there and run the same command again")
        case "53200":
            return .environment(
                "the database is out of memory", at: message, next: "free memory and run the same command again")
        case "53300":
            return .environment(
                "the database has no free connection", at: message, next: "stop other clients or raise max_connections")
        case "25006":
            return .environment(
                "the database is read-only", at: message,
                next: "use the primary server in --database-url, not a standby")
        case "58030", "XX001", "XX002":
            return .environment(
                "the database's storage failed", at: message,
                next: "look into the server's log and restore the last backup")
        case "08007":
            return .environment(
                "the connection was lost while committing, so it is unknown whether the change was saved", at: message,
                next: "run the same command again; what was saved is not done twice")
        case "57P03":
            return .environment("the database is starting or stopping", at: message, next: "run the same command again")
        case "57014":
            return .environment("the database ran out of time", at: message, next: "run the same command again")
        case "42501":
            return .environment(
                "the database does not let this user do that", at: message,
                next: "connect as a member of laurel_owner and laurel_app, or run 'laurel init' as one")
        case "3F000", "42P01", "42883":
            return .environment(
                "the database's schema is not the one of this program", at: message,
                next: "run 'laurel init' to bring it up to date")
        default:
            break
        }
        if isConnectionFailure {
            return .environment(
                "the database cannot be reached", at: message,
                next: "check that the server runs and that --database-url names it, then run 'laurel doctor'")
        }
        if isTransient {
            return .refused("another command holds the same rows", at: message, next: "run the same command again")
        }
        if sqlState.hasPrefix("23") {
            return .refused(
                "the database refused the change", at: [message, detail].compactMap { $0 }.joined(separator: ": "))
        }
        return .environment("the database refused a statement", at: description, next: "run 'laurel doctor'")
    }
}
