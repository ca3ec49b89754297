package import Documents
import Errors
package import Postgres

/// The runs of the database: plans and their states.
///
/// What happens to tasks is in `RunStore+Tasks.swift`, what was concluded in `RunStore+Results.swift`.
package struct RunStore: Sendable {
    let database: Database

    package init(database: Database) {
        self.database = database
    }

    /// Stores a plan with its tasks, whole or not at all.
    ///
    /// - Parameters:
    ///   - plan: the rules.
    ///   - number: of the run within its period.
    ///   - tasks: the list whose digest the plan names.
    ///   - superseded: the run that this one takes the place of in its period.
    ///   - now: the transaction time.
    /// - Throws: ``LaurelError`` of kind `refused` when the period has another plan in force.
    package func insert(
        _ plan: CreditPlan, number: Int, tasks: TaskList, superseding superseded: String? = nil, now: Timestamp
    ) async throws {
        let body = try plan.document.encoded()
        let digest = Digest.sha256(body)
        do {
            try await database.withTransaction { connection in
                if let superseded {
                    _ = try await connection.execute(
                        "UPDATE credit.plan SET state = 'superseded' WHERE run_id = \(superseded)")
                }
                _ = try await connection.execute(
                    """
                    INSERT INTO credit.plan (run_id, period, number, body, sha256, created_at)
                    VALUES (\(plan.run), \(plan.period.description), \(number), \(body), \(digest.bytes),
                            \(now.description)::timestamptz)
                    """)
                try await insert(tasks.tasks, run: plan.run, connection)
            }
        } catch let error as PostgresError where error.isUniqueViolation {
            throw LaurelError.refused(
                "period \(plan.period) has a plan in force already", at: plan.run,
                next: "see laurel credit list")
        }
    }

    private func insert(_ tasks: [EvaluationTask], run: String, _ connection: Connection) async throws {
        // Arrays of arrays must be rectangular in SQL; coalitions are not, so they travel joined.
        try await connection.execute(
            """
            INSERT INTO credit.task (run_id, number, role, coalition, repeat, seed, pair_seed, noise_seed)
            SELECT \(run), number, role, string_to_array(members, '|'), repeat, seed, pair_seed, noise_seed
            FROM unnest(\(tasks.map { Int64($0.number) })::int[], \(tasks.map(\.role.rawValue))::text[],
                        \(tasks.map { $0.coalition.joined(separator: "|") })::text[],
                        \(tasks.map { Int64($0.repeatIndex) })::int[], \(tasks.map(\.seed))::bigint[],
                        \(tasks.map(\.pairSeed))::bigint[], \(tasks.map(\.noiseSeed))::bigint[])
                AS task (number, role, members, repeat, seed, pair_seed, noise_seed)
            """)
    }

    /// The plan in force of a period; nil when there is none.
    package func inForce(_ period: Period) async throws -> StoredRun? {
        try await runs("WHERE period = \(period.description) AND state <> 'superseded'").first
    }

    /// A run by its id.
    ///
    /// - Throws: ``LaurelError`` of kind `input` when there is none.
    package func run(_ id: String) async throws -> StoredRun {
        guard let run = try await runs("WHERE run_id = \(id)").first else {
            throw LaurelError.input("no such credit run", at: id, next: "see laurel credit list")
        }
        return run
    }

    /// All runs, oldest period first.
    package func all() async throws -> [StoredRun] {
        try await runs("")
    }

    /// The number that the next run of a period gets, from 1.
    package func nextNumber(_ period: Period) async throws -> Int {
        let rows = try await database.query(
            """
            SELECT coalesce(max(number), 0) + 1 AS next
            FROM credit.plan
            WHERE period = \(period.description)
            """)
        return try rows[0].get("next")
    }

    /// Takes a run from one state to the next.
    ///
    /// - Returns: whether it was in the first state.
    @discardableResult
    package func move(_ run: String, from: StoredRun.State, to: StoredRun.State) async throws -> Bool {
        try await database.execute(
            """
            UPDATE credit.plan
            SET state = \(to.rawValue)
            WHERE run_id = \(run) AND state = \(from.rawValue)
            """) == 1
    }

    private func runs(_ condition: SQL) async throws -> [StoredRun] {
        let rows = try await database.query(
            """
            SELECT run_id, body, sha256, state, to_char(created_at AT TIME ZONE 'UTC', \(raw: RunStore.timeFormat))
                   AS created_at
            FROM credit.plan
            \(condition)
            ORDER BY period, number
            """)
        return try rows.map { row in
            let body: [UInt8] = try row.get("body")
            let id: String = try row.get("run_id")
            guard let digest = Digest(bytes: try row.get("sha256", as: [UInt8].self)), digest == .sha256(body),
                let state = StoredRun.State(rawValue: try row.get("state"))
            else {
                throw LaurelError.checkFailed(
                    "stored plan does not match its digest", at: id, next: "restore the database from a backup")
            }
            return StoredRun(
                plan: try CreditPlan(parsing: body), digest: digest, state: state,
                createdAt: try Timestamp(parsing: try row.get("created_at")))
        }
    }

    /// How PostgreSQL writes a ``Timestamp``, as a quoted literal.
    static let timeFormat = #"'YYYY-MM-DD"T"HH24:MI:SS"Z"'"#
}
