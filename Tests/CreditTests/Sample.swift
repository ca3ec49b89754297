import Credit
import Documents
import Foundation
import Postgres
import TestSupport
import Valuation

/// A small game of six players for tests.
enum Sample {
    static let players = ["a", "b", "c", "d", "e", "f"]
    static let oracle = Bundle.module.bundleURL.appending(path: "Fixtures/oracle.sh").path

    static func tasks(
        coalitions: Int = 20, endRepeats: Int = 2, duplicates: Int = 2, seed: Int64 = 7
    ) throws -> (CreditPlan.Design, TaskList) {
        let design = CreditPlan.Design(coalitions: coalitions, endRepeats: endRepeats, duplicates: duplicates)
        let interior = try Design.pairedStratified.coalitions(
            playerCount: players.count, count: coalitions, seed: UInt64(seed))
        return (design, TaskList(players: players, interior: interior.map(\.members), design: design, seed: seed))
    }

    static func plan(
        run: String = "run-2026-10-1", command: String = "sh oracle.sh", coalitions: Int = 20, seed: Int64 = 7,
        properties: [WeightedProperty] = [
            WeightedProperty(name: "v", weightMillionths: 1_000_000, lowerIsBetter: false)
        ], stopWidthMillionths: Int? = nil, evaluator: EvaluatorRule? = nil
    ) throws -> (CreditPlan, TaskList) {
        let (design, tasks) = try tasks(coalitions: coalitions, seed: seed)
        let plan = CreditPlan(
            run: run, period: try Period(parsing: "2026-10"), playerKind: .contributor, players: players,
            properties: properties, design: design, seed: seed, estimator: "gp", negativeRule: .clip,
            evaluator: evaluator ?? .external(command: command), stopWidthMillionths: stopWidthMillionths,
            tasksDigest: tasks.digest)
        return (plan, tasks)
    }

    static let now = Timestamp(secondsSinceEpoch: 1_790_000_000)

    /// Stores a plan, ready to be executed.
    static func stored(
        _ database: Database, coalitions: Int = 20, command: String = "sh oracle.sh", stopWidthMillionths: Int? = nil
    ) async throws -> (RunStore, CreditPlan) {
        let store = RunStore(database: database)
        let (plan, tasks) = try plan(
            command: command, coalitions: coalitions, stopWidthMillionths: stopWidthMillionths)
        try await store.insert(plan, number: 1, tasks: tasks, now: now)
        try await store.move(plan.run, from: .planned, to: .running)
        return (store, plan)
    }

    static func executor(
        _ store: RunStore, workers: Int, mode: String = "", timeout: Duration = .seconds(20),
        limits: LocalExecutor.Limits = LocalExecutor.Limits()
    ) -> LocalExecutor {
        LocalExecutor(
            store: store, run: "run-2026-10-1", workers: workers, owner: "test", codeVersion: "test", limits: limits
        ) {
            try ExternalEvaluator(
                command: "exec sh '\(oracle)' \(mode)", players: players, properties: ["v"], timeout: timeout)
        }
    }
}
