package import Ledger
package import Postgres
import Schema
import Statements

/// Everything that must always hold in a house: its schema, the invariants of the books, then signatures and the log.
package struct BookCheckService {
    /// What a check came to.
    package struct Findings: Sendable {
        /// What does not hold; empty when all is well.
        package var violations: [Violation] = []
        /// What could not be looked at, and why, a sentence each.
        package var notes: [String] = []
    }

    private let house: House

    package init(_ house: House) {
        self.house = house
    }

    /// The named invariants, basic ones first.
    package func invariants(strict: Bool) async throws -> [Invariant] {
        let schema = Self.schema(try SchemaObjects(directory: Schema.objects))
        let records = RecordCheck.all.map {
            Invariant(name: $0.name, isStrict: true, promise: $0.promise, mend: $0.mend, sql: $0.sql)
        }
        return (try await house.ledger.invariants() + records + [schema]).filter { strict || !$0.isStrict }
    }

    /// What does not hold, at most `limit` objects an invariant.
    ///
    /// All of it is read in one snapshot: what is posted or signed meanwhile does not show up halfway.
    package func check(strict: Bool, limit: Int = 20) async throws -> Findings {
        do {
            return try await house.database.withTransaction(isolation: .repeatableRead, commit: false) { connection in
                try await Self.check(strict: strict, limit: limit, connection)
            }
        } catch let error as PostgresError {
            throw error.asLaurelError()
        }
    }

    /// The same, as part of the caller's transaction.
    package static func check(strict: Bool, limit: Int = 20, _ connection: Connection) async throws -> Findings {
        var findings = Findings()
        if strict {
            // First, because what follows believes the database's views and functions.
            try await compareSchema(connection, limit: limit, into: &findings)
        }
        findings.violations += try await look("invariants", connection) { connection in
            try await Ledger.check(strict: strict, limit: limit, connection)
        }
        guard strict else { return findings }
        for check in RecordCheck.all {
            findings.violations += try await look(check.name, connection) { connection in
                let objections = try await check.objections(connection)
                return objections.prefix(limit).map {
                    Violation(
                        invariant: check.name, object: $0.object, expected: $0.expected, actual: $0.actual,
                        mend: check.mend, failures: objections.count)
                }
            }
        }
        return findings
    }

    /// What a look finds, or that it could not look.
    private static func look(
        _ name: String, _ connection: Connection, _ body: (Connection) async throws -> [Violation]
    ) async throws -> [Violation] {
        do {
            return try await connection.savepoint(body)
        } catch let error as PostgresError where error.isAboutSchema {
            return [.unseen(name, error)]
        }
    }

    private static func compareSchema(
        _ connection: Connection, limit: Int, into findings: inout Findings
    ) async throws {
        let objects = try SchemaObjects(directory: Schema.objects)
        let invariant = schema(objects)
        switch try await objects.compare(connection) {
        case .differences(let differences):
            findings.violations += differences.prefix(limit).map {
                Violation(
                    invariant: invariant.name, object: $0.object, expected: $0.expected, actual: $0.actual,
                    mend: invariant.mend, failures: differences.count)
            }
        case .unknown(let version, let known):
            findings.notes.append(
                "\(invariant.name) was not looked at: the server is PostgreSQL \(version), and what the schema's "
                    + "objects look like is known of \(known.map(String.init).joined(separator: ", ")) only")
        }
    }

    private static func schema(_ objects: SchemaObjects) -> Invariant {
        Invariant(
            name: "schema-unchanged", isStrict: true,
            promise: "tables, functions, views, triggers, rights and roles are as the migrations made them",
            mend: "compare with Schema/migrations and put it back, then restore the last backup: "
                + "somebody went behind the program",
            sql: objects.query)
    }
}
