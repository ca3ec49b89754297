import Documents
import Errors
import Foundation
import Postgres

/// How something is posted: for real or as a rehearsal, and under which key of the caller's.
package struct Posting: Sendable {
    /// Rehearse: do everything, show the result, roll back.
    package let isDryRun: Bool
    /// A key that the caller chose. Without one a command is recognised by what it means.
    package let idempotencyKey: String?
    /// Who asks; keys of different principals do not meet.
    package let principal: String

    package init(isDryRun: Bool = false, idempotencyKey: String? = nil, principal: String = "operator") {
        self.isDryRun = isDryRun
        self.idempotencyKey = idempotencyKey
        self.principal = principal
    }

    /// For real, without a key.
    package static let plain = Posting()
}

extension Ledger {
    /// Runs a posting body once under a key: the outcome is stored in the body's own transaction, and a repetition gets
    /// the stored outcome, failures included. The same key with another request is refused.
    ///
    /// - Parameters:
    ///   - posting: rehearsal and key.
    ///   - route: which command this is.
    ///   - request: everything that the caller asked for, in a fixed order.
    ///   - body: the work; it may run again after a deadlock, so it touches nothing but the database.
    /// - Returns: what the body returned, now or the first time.
    /// - Throws: what the body threw, now or the first time.
    func post<Outcome: Codable>(
        _ posting: Posting, route: String, request: [String], _ body: (Connection) async throws -> Outcome
    ) async throws -> Outcome {
        if let key = posting.idempotencyKey {
            try PlainText.checkEntry(key, called: "idempotency key", at: "--idempotency-key", atMost: 200)
        }
        let fingerprint = Digest.sha256(request.map { "\($0.utf8.count):\($0)" }.joined()).bytes
        let outcome: Result<Outcome, LaurelError> = try await forPeople {
            try await database.withTransaction(commit: !posting.isDryRun) { connection in
                guard let key = posting.idempotencyKey else {
                    return .success(try await settled(connection, body))
                }
                let before = try await connection.query(
                    """
                    SELECT o_status, o_response FROM ledger.idempotency_begin(
                        \(posting.principal), \(key), \(route), \(fingerprint))
                    """)
                if let status = try before[0].get("o_status", as: Int?.self) {
                    return try stored(status, Data(try before[0].get("o_response", as: [UInt8].self)))
                }
                try await connection.execute("SAVEPOINT work")
                let outcome: Result<Outcome, LaurelError>
                do {
                    outcome = .success(try await settled(connection, body))
                } catch let error as PostgresError where !error.isTransient && !error.isConnectionFailure {
                    outcome = .failure(error.asMoneyError())
                } catch let error as LaurelError {
                    outcome = .failure(error)
                }
                if case .failure(let error) = outcome {
                    guard [.input, .refused].contains(error.kind) else { throw error }
                    try await connection.execute("ROLLBACK TO SAVEPOINT work")
                }
                let (status, response) = try encoded(outcome)
                try await connection.execute(
                    """
                    SELECT ledger.idempotency_finish(
                        \(posting.principal), \(key), \(route), \(fingerprint), \(status), \(response))
                    """)
                return outcome
            }
        }
        return try outcome.get()
    }

    /// Runs the body and its deferred checks, so that an unbalanced journal fails here and not behind a rehearsal.
    private func settled<Outcome>(
        _ connection: Connection, _ body: (Connection) async throws -> Outcome
    ) async throws -> Outcome {
        let outcome = try await body(connection)
        try await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        try await connection.execute("SET CONSTRAINTS ALL DEFERRED")
        return outcome
    }

    private func encoded<Outcome: Codable>(_ outcome: Result<Outcome, LaurelError>) throws -> (Int, [UInt8]) {
        switch outcome {
        case .success(let value): (0, [UInt8](try JSONEncoder().encode([value])))
        case .failure(let error):
            (
                Int(error.kind.exitStatus),
                [UInt8](try JSONEncoder().encode([error.kind.rawValue, error.problem, error.place, error.remedy]))
            )
        }
    }

    private func stored<Outcome: Codable>(_ status: Int, _ response: Data) throws -> Result<Outcome, LaurelError> {
        if status == 0 { return .success(try JSONDecoder().decode([Outcome].self, from: response)[0]) }
        let parts = try JSONDecoder().decode([String?].self, from: response)
        let kind = parts[0].flatMap { LaurelError.Kind(rawValue: $0) } ?? .refused
        return .failure(LaurelError(kind, parts[1] ?? "it failed before", at: parts[2], next: parts[3]))
    }
}
