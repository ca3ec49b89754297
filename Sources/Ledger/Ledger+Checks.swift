package import Postgres

/// What must always hold in the books, and how it is looked for.
package struct Invariant: Sendable {
    package let name: String
    package let isStrict: Bool
    /// What holds, as a sentence.
    package let promise: String
    /// What to do when it does not.
    package let mend: String
    /// The SQL that shows what fails, or that reads what a program has to verify.
    package let sql: String

    package init(name: String, isStrict: Bool, promise: String, mend: String, sql: String) {
        self.name = name
        self.isStrict = isStrict
        self.promise = promise
        self.mend = mend
        self.sql = sql
    }
}

/// One thing for which an invariant does not hold.
package struct Violation: Sendable {
    package let invariant: String
    package let object: String
    package let expected: String
    package let actual: String
    package let mend: String
    /// For how many objects the invariant does not hold, this one among them; not all of them need be listed.
    package let failures: Int

    package init(
        invariant: String, object: String, expected: String, actual: String, mend: String, failures: Int
    ) {
        self.invariant = invariant
        self.object = object
        self.expected = expected
        self.actual = actual
        self.mend = mend
        self.failures = failures
    }
}

extension Ledger {
    /// The named invariants, basic ones first.
    package func invariants() async throws -> [Invariant] {
        try await forPeople { try await database.withConnection { try await Ledger.invariants($0) } }
    }

    /// The same, read by a connection of the caller.
    package static func invariants(_ connection: Connection) async throws -> [Invariant] {
        // Where a view is missing there is nothing to explain; looking says so.
        try await connection.query(
            """
            SELECT name, is_strict, promise, mend,
                   coalesce(pg_get_viewdef(to_regclass(format('ledger.%I', 'check_' || name)), true), '') AS sql
            FROM ledger.invariant ORDER BY is_strict, number
            """
        ).map { row in
            Invariant(
                name: try row.get("name"), isStrict: try row.get("is_strict"), promise: try row.get("promise"),
                mend: try row.get("mend"), sql: try row.get("sql"))
        }
    }

    /// What does not hold, at most `limit` objects an invariant; empty when the books are fine.
    ///
    /// All of it is read in one snapshot, so that postings made meanwhile do not show up halfway.
    package func check(strict: Bool, limit: Int = 20) async throws -> [Violation] {
        try await forPeople {
            try await database.withTransaction(isolation: .repeatableRead, commit: false) { connection in
                try await Ledger.check(strict: strict, limit: limit, connection)
            }
        }
    }

    /// The same, as part of the caller's transaction.
    package static func check(strict: Bool, limit: Int, _ connection: Connection) async throws -> [Violation] {
        try await connection.execute("SET LOCAL work_mem = '64MB'")
        // Compiling takes longer than these statements run.
        try await connection.execute("SET LOCAL jit = off")
        var violations: [Violation] = []
        for invariant in try await invariants(connection) where strict || !invariant.isStrict {
            violations += try await look(for: invariant, limit: limit, connection)
        }
        return violations
    }

    private static func look(
        for invariant: Invariant, limit: Int, _ connection: Connection
    ) async throws -> [Violation] {
        do {
            let rows = try await connection.savepoint { connection in
                try await connection.query(
                    """
                    SELECT object, expected, actual, count(*) OVER () AS failures
                    FROM ledger.\(identifier: "check_" + invariant.name) LIMIT \(limit)
                    """)
            }
            return try rows.map { row in
                Violation(
                    invariant: invariant.name, object: try row.get("object"), expected: try row.get("expected"),
                    actual: try row.get("actual", as: String?.self) ?? "none", mend: invariant.mend,
                    failures: try row.get("failures"))
            }
        } catch let error as PostgresError where error.isAboutSchema {
            return [.unseen(invariant.name, error)]
        }
    }
}

extension Violation {
    /// A check that cannot be looked at, because somebody took a view, a column or a right to read; others still tell.
    package static func unseen(_ invariant: String, _ error: PostgresError) -> Violation {
        Violation(
            invariant: invariant, object: "the check itself", expected: "something to look at", actual: error.message,
            mend: "laurel check --strict says what became of the schema", failures: 1)
    }
}
