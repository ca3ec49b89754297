import Documents
import Errors
package import Postgres

/// Something signed, or a state of the log, that is not what it must be.
package struct RecordObjection: Sendable {
    package let object: String
    package let expected: String
    package let actual: String
}

/// What must always hold of signatures and the log, and what the database cannot see itself.
package struct RecordCheck: Sendable {
    package let name: String
    /// What holds, as a sentence.
    package let promise: String
    /// What to do when it does not.
    package let mend: String
    /// The SQL that reads what is verified, a row each.
    package let sql: String
    /// Verifies rows of the statement above: what is wrong with them.
    let verify: @Sendable ([Row], StatementStore) async throws -> [RecordObjection]

    /// What is wrong; empty when all is well.
    package func objections(_ connection: Connection) async throws -> [RecordObjection] {
        try await verify(connection.query(SQL(stringLiteral: sql)), StatementStore(connection))
    }

    package static let all = [keysValid, statementsVerify, logConsistent]
}

extension RecordObjection {
    /// Lines `column value` that are stored otherwise than what is signed says; empty when they are the same.
    static func columns(of object: String, stored: String, signed: [String]) -> [RecordObjection] {
        let (stored, signed) = (stored.split(separator: "\n").map(String.init), signed)
        let (missing, foreign) = (signed.filter { !stored.contains($0) }, stored.filter { !signed.contains($0) })
        return (0..<max(missing.count, foreign.count)).map {
            RecordObjection(
                object: object, expected: $0 < missing.count ? missing[$0] : "none",
                actual: $0 < foreign.count ? foreign[$0] : "none")
        }
    }
}

extension StatementStore {
    /// The last keyring; nil when there is none that can be read, of which `keys-valid` speaks.
    func readableKeyring() async throws -> Keyring? {
        guard let signed = try await keyring() else { return nil }
        do {
            return try Keyring(try CanonicalValue.parse(signed.bytes, name: StatementBundle.Name.keyring))
        } catch {
            return nil
        }
    }
}

extension RecordCheck {
    /// SQL for the stored time of a column as signed documents write times, and finer where it is.
    static func time(_ column: String) -> String {
        "rtrim(rtrim(to_char(\(column), 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '0'), '.') || 'Z'"
    }
}
