import Credit
import Documents
import Errors
import Postgres
import TestSupport
import Testing
import Valuation

@Suite("Evidence and conclusions of credit runs")
struct EvidenceTests {
    @Test("The exported evaluations give the stored estimates, and those the oracle's values")
    func exportEqualsEstimate() async throws {
        try await withDatabase { database in
            let (store, plan) = try await Sample.stored(database, coalitions: 40)
            try await Sample.executor(store, workers: 2).execute { _ in }
            let concluded = try Conclusion.conclude(plan, try await store.evaluations(plan.run))
            #expect(try await store.store(concluded, of: plan, pruningGaps: [:], now: Sample.now))
            // A second conclusion changes nothing.
            #expect(try await !store.store(concluded, of: plan, pruningGaps: [:], now: Sample.now))

            let run = try await store.run(plan.run)
            #expect(run.state == .estimated)
            let stored = try await store.estimates(run)
            #expect(stored.first?.pays == true)
            #expect(stored.map(\.estimator).sorted() == ["gp", "kernel", "leverage-ridge", "svarm"])

            let bytes = Conclusion.file(plan, try await store.evaluations(plan.run)).bytes()
            let file = try EvaluationFile(parsing: bytes, file: "evaluations.csv")
            #expect(file.players == plan.players)
            for estimate in stored {
                let again = try Valuation.estimate(
                    rows: try #require(file.rows["v"]), playerCount: 6,
                    estimator: try EstimatorName(name: estimate.estimator))
                #expect(again.values.map(\.value) == estimate.credits.map(\.value))
                #expect(again.values.map(\.low) == estimate.credits.map(\.low))
            }
            // a and b share the two that they are worth together.
            for (credit, truth) in zip(try #require(stored.first).credits, [2.0, 3, 3, 4, 5, 6]) {
                #expect(abs(credit.value - truth) < 0.1)
            }
        }
    }

    @Test("Several properties are mixed by their weights, and where less is better the improvement counts")
    func mix() throws {
        let properties = [
            WeightedProperty(name: "v", weightMillionths: 3_000_000, lowerIsBetter: false),
            WeightedProperty(name: "w", weightMillionths: 1_000_000, lowerIsBetter: true),
        ]
        let (plan, tasks) = try Sample.plan(coalitions: 30, properties: properties)
        let evaluations = tasks.tasks.flatMap { task in
            let worth = task.coalition.reduce(0.0) { $0 + Double($1.utf8.first ?? 0) - 96 }
            return [("v", worth), ("w", 100 - 7 * worth)].map { property, value in
                StoredEvaluation(
                    task: task.number, property: property, coalition: task.coalition, pairSeed: task.pairSeed,
                    value: value, variance: nil, seconds: 1)
            }
        }
        let concluded = try Conclusion.conclude(plan, evaluations)
        let values = Dictionary(
            uniqueKeysWithValues: concluded.filter { $0.estimate.estimator == .gp }.map {
                ($0.property, $0.estimate.values.map(\.value))
            })
        let v = try #require(values["v"])
        let w = try #require(values["w"])
        let combined = try #require(values[Conclusion.combined])
        #expect(concluded.filter(\.pays).map(\.property) == [Conclusion.combined])
        for player in 0..<6 {
            #expect(abs(v[player] - Double(player + 1)) < 1e-6)
            #expect(abs(w[player] - 7 * Double(player + 1)) < 1e-5)
            // Both say the same in their own units, so the mix says it too.
            #expect(abs(combined[player] / combined[0] - Double(player + 1)) < 1e-6)
        }
    }

    @Test(
        "Evidence can be neither changed nor removed, not even by the owner in replica mode",
        arguments: ["plan", "task", "evaluation", "estimate", "result", "model"])
    func evidenceStays(_ table: String) async throws {
        try await withDatabase(role: nil) { database in
            let (store, plan) = try await Sample.stored(database, coalitions: 4)
            try await Sample.executor(store, workers: 1).execute { _ in }
            for statement in ["DELETE FROM", "TRUNCATE"] {
                let error = await #expect(throws: PostgresError.self) {
                    try await database.withTransaction { connection in
                        _ = try await connection.execute("SET LOCAL session_replication_role = replica")
                        let cascade = statement == "TRUNCATE" ? " CASCADE" : ""
                        _ = try await connection.execute("\(raw: statement) credit.\(identifier: table)\(raw: cascade)")
                    }
                }
                #expect(error?.message.contains("refused") == true)
            }
            #expect(try await store.evaluations(plan.run).count == 10)
        }
    }

    @Test("The program's own role can only do what the functions do")
    func grants() async throws {
        try await withDatabase { database in
            _ = try await Sample.stored(database, coalitions: 4)
            for statement: SQL in [
                "UPDATE credit.task SET state = 'done'", "DELETE FROM credit.task", "UPDATE credit.plan SET body = ''",
                "INSERT INTO credit.evaluation SELECT * FROM credit.evaluation", "UPDATE credit.result SET value = 1",
                "INSERT INTO credit.executor VALUES ('run-2026-10-1', 'me', now())",
            ] {
                let error = await #expect(throws: PostgresError.self) { try await database.execute(statement) }
                #expect(error?.sqlState == "42501")
            }
        }
    }

    @Test("A period has one plan in force; another takes its place only by superseding it")
    func onePlan() async throws {
        try await withDatabase { database in
            let (store, plan) = try await Sample.stored(database)
            let (other, tasks) = try Sample.plan(run: "run-2026-10-2", seed: 8)
            let error = await #expect(throws: LaurelError.self) {
                try await store.insert(other, number: 2, tasks: tasks, now: Sample.now)
            }
            #expect(error?.kind == .refused)
            try await store.insert(other, number: 2, tasks: tasks, superseding: plan.run, now: Sample.now)
            #expect(try await store.inForce(other.period)?.plan == other)
            #expect(try await store.run(plan.run).state == .superseded)
        }
    }
}
