import Postgres

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

    package init(invariant: String, object: String, expected: String, actual: String, mend: String) {
        self.invariant = invariant
        self.object = object
        self.expected = expected
        self.actual = actual
        self.mend = mend
    }
}

extension Ledger {
    /// The named invariants, basic ones first.
    package func invariants() async throws -> [Invariant] {
        try await rows(
            """
            SELECT name, is_strict, promise, mend,
                   pg_get_viewdef(format('ledger.%I', 'check_' || name)::regclass, true) AS sql
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
        let invariants = try await invariants().filter { strict || !$0.isStrict }
        return try await forPeople {
            try await database.withTransaction(isolation: .repeatableRead, commit: false) { connection in
                try await connection.execute("SET LOCAL work_mem = '64MB'")
                // Compiling takes longer than these statements run.
                try await connection.execute("SET LOCAL jit = off")
                var violations: [Violation] = []
                for invariant in invariants {
                    let rows = try await connection.query(
                        """
                        SELECT object, expected, actual
                        FROM ledger.\(identifier: "check_" + invariant.name) LIMIT \(limit)
                        """)
                    violations += try rows.map { row in
                        Violation(
                            invariant: invariant.name, object: try row.get("object"),
                            expected: try row.get("expected"),
                            actual: try row.get("actual", as: String?.self) ?? "none",
                            mend: invariant.mend)
                    }
                }
                return violations
            }
        }
    }
}
