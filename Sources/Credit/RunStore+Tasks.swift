import Documents
import Errors
import Postgres

extension RunStore {
    /// Leases the first free task of a run; nil when nothing is free.
    package func claim(_ run: String, owner: String, lease: Duration) async throws -> LeasedTask? {
        let rows = try await database.query(
            """
            SELECT number, role, array_to_string(coalition, '|') AS members, repeat, seed, pair_seed, noise_seed,
                   fence, attempts
            FROM credit.claim_task(\(run), \(owner), \(lease / .seconds(1)))
            """)
        guard let row = rows.first else { return nil }
        guard let role = EvaluationTask.Role(rawValue: try row.get("role")) else {
            throw LaurelError.checkFailed("task has an unknown role", at: run)
        }
        return LeasedTask(
            run: run,
            task: EvaluationTask(
                number: try row.get("number"), role: role, coalition: RunStore.members(try row.get("members")),
                repeatIndex: try row.get("repeat"), seed: try row.get("seed"), pairSeed: try row.get("pair_seed"),
                noiseSeed: try row.get("noise_seed")),
            fence: try row.get("fence"), attempts: try row.get("attempts"))
    }

    /// Prolongs a lease.
    ///
    /// - Returns: false when it was lost: another worker has the task, or it is done.
    package func prolong(_ leased: LeasedTask, lease: Duration) async throws -> Bool {
        try await holds(
            """
            SELECT credit.prolong_lease(
                \(leased.run), \(leased.task.number), \(leased.fence), \(lease / .seconds(1))) AS held
            """)
    }

    /// Stores an evaluation and finishes its task in one transaction.
    ///
    /// - Returns: false when the lease was lost; then nothing was stored.
    package func finish(_ leased: LeasedTask, _ evaluation: Evaluation, codeVersion: String) async throws -> Bool {
        let values = evaluation.values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        return try await holds(
            """
            SELECT credit.finish_task(
                \(leased.run), \(leased.task.number), \(leased.fence), \(values.map(\.key)),
                \(values.map(\.value.value)), \(values.map(\.value.variance)),
                \(evaluation.seconds), \(codeVersion), \(evaluation.cpuKernel), \(evaluation.modelDigest?.bytes as [UInt8]?)) AS held
            """)
    }

    /// Gives a task back, with what went wrong or, when the worker was merely stopped, without.
    ///
    /// - Returns: false when the lease was lost.
    package func release(_ leased: LeasedTask, error: String?, mostAttempts: Int) async throws -> Bool {
        try await holds(
            """
            SELECT credit.release_task(
                \(leased.run), \(leased.task.number), \(leased.fence), \(error as String?), \(mostAttempts)) AS held
            """)
    }

    /// How far a run is.
    package func counts(_ run: String) async throws -> TaskCounts {
        let rows = try await database.query(
            """
            SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting,
                   count(*) FILTER (WHERE state = 'leased') AS leased,
                   count(*) FILTER (WHERE state = 'done') AS done,
                   count(*) FILTER (WHERE state = 'failed') AS failed,
                   (SELECT 'task ' || number || ': ' || last_error
                    FROM credit.task
                    WHERE run_id = \(run) AND state <> 'done' AND last_error IS NOT NULL
                    ORDER BY state = 'failed' DESC, number
                    LIMIT 1) AS last_error
            FROM credit.task
            WHERE run_id = \(run)
            """)
        let row = rows[0]
        return TaskCounts(
            waiting: try row.get("waiting"), leased: try row.get("leased"), done: try row.get("done"),
            failed: try row.get("failed"), lastError: try row.get("last_error"))
    }

    /// The number of tasks that are done without a gap from the start of the fixed order.
    package func donePrefix(_ run: String) async throws -> Int {
        let rows = try await database.query(
            """
            SELECT coalesce(min(number) FILTER (WHERE state <> 'done'), count(*)) AS prefix
            FROM credit.task
            WHERE run_id = \(run)
            """)
        return try rows[0].get("prefix")
    }

    /// Seconds of computing that a run's evaluations took.
    package func seconds(_ run: String) async throws -> Double {
        let rows = try await database.query(
            """
            SELECT coalesce(sum(seconds), 0)::float8 AS seconds
            FROM (SELECT DISTINCT task, seconds FROM credit.evaluation WHERE run_id = \(run)) AS task
            """)
        return try rows[0].get("seconds")
    }

    /// The evidence of a run in the tasks' order: of all tasks, or of the first ones.
    package func evaluations(_ run: String, firstTasks: Int = .max) async throws -> [StoredEvaluation] {
        let rows = try await database.query(
            """
            SELECT task, property, array_to_string(coalition, '|') AS members, pair_seed, value, variance, seconds
            FROM credit.evaluation
            WHERE run_id = \(run) AND task < \(min(firstTasks, Int(Int32.max)))
            ORDER BY task, property
            """)
        return try rows.map { row in
            StoredEvaluation(
                task: try row.get("task"), property: try row.get("property"),
                coalition: RunStore.members(try row.get("members")), pairSeed: try row.get("pair_seed"),
                value: try row.get("value"), variance: try row.get("variance"), seconds: try row.get("seconds"))
        }
    }

    private static func members(_ text: String) -> [String] {
        text.split(separator: "|").map(String.init)
    }

    private func holds(_ statement: SQL) async throws -> Bool {
        let rows = try await database.query(statement)
        return try rows[0].get("held")
    }
}
