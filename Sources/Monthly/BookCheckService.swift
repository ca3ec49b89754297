package import Ledger
import Postgres
import Statements

/// Everything that must always hold in a house: the invariants of the books, then signatures and the log.
package struct BookCheckService {
    private let house: House

    package init(_ house: House) {
        self.house = house
    }

    /// The named invariants, basic ones first.
    package func invariants(strict: Bool) async throws -> [Invariant] {
        let books = try await house.ledger.invariants()
        let records = RecordCheck.all.map {
            Invariant(name: $0.name, isStrict: true, promise: $0.promise, mend: $0.mend, sql: $0.sql)
        }
        return (books + records).filter { strict || !$0.isStrict }
    }

    /// What does not hold, at most `limit` objects an invariant; empty when all is well.
    package func check(strict: Bool, limit: Int = 20) async throws -> [Violation] {
        var violations = try await house.ledger.check(strict: strict, limit: limit)
        guard strict else { return violations }
        // One snapshot: what is signed meanwhile does not show up halfway.
        violations += try await house.database.withTransaction(isolation: .repeatableRead, commit: false) {
            connection in
            var found: [Violation] = []
            for check in RecordCheck.all {
                found += try await check.objections(connection).prefix(limit).map {
                    Violation(
                        invariant: check.name, object: $0.object, expected: $0.expected, actual: $0.actual,
                        mend: check.mend)
                }
            }
            return found
        }
        return violations
    }
}
