package import Credit
import Diffusion
import Documents
import Errors
import Foundation
import Postgres
import Valuation

extension CreditService {
    /// Runs a period's game to its end, from wherever it was left.
    ///
    /// Safe to repeat: what is stored is not evaluated again, and an estimated run is only reported.
    ///
    /// - Parameters:
    ///   - house: where.
    ///   - request: the rules when no plan exists; otherwise what is given must agree with the plan.
    ///   - execution: how it is executed.
    ///   - announce: told the plan before the first evaluation.
    ///   - progress: told after every evaluation.
    /// - Returns: what was concluded.
    /// - Throws: ``LaurelError`` of kind `refused` when somebody else executes the run; `CancellationError` when
    ///   interrupted, after what was under way has been stored.
    package static func run(
        _ house: House, _ request: CreditRequest, _ execution: CreditExecution,
        announce: @Sendable (StoredRun) -> Void, progress: @escaping ProgressHandler
    ) async throws -> CreditReport {
        let run = try await plan(house, request)
        announce(run)
        if run.state != .estimated {
            let store = RunStore(database: house.database)
            let id = run.plan.run
            try await store.withExecution(of: id, holder: holder) {
                try await store.move(id, from: .planned, to: .running)
                try await evaluate(house, run.plan, execution, progress)
            }
        }
        return try await show(house, run.plan.run)
    }

    private static func evaluate(
        _ house: House, _ plan: CreditPlan, _ execution: CreditExecution, _ progress: @escaping ProgressHandler
    ) async throws {
        let store = RunStore(database: house.database)
        let workers = execution.workers ?? ProcessInfo.processInfo.activeProcessorCount
        guard (1...1024).contains(workers) else {
            throw LaurelError.input("\(workers) workers", at: "--workers", next: "use 1 to 1024")
        }
        let executor = LocalExecutor(
            store: store, run: plan.run, workers: workers, owner: holder, codeVersion: codeVersion,
            make: try await evaluatorMaker(house, plan, execution, workers: workers))
        let rule = MoneyRule(store: store, plan: plan)
        try await executor.execute(isDecided: { try await rule.isDecided() }) { step in
            progress(ProgressUpdate(stage: "evaluating", done: step.done, total: step.total, detail: step.detail))
        }
        let used = try await store.evaluations(plan.run, firstTasks: await rule.decidedAt ?? .max)
        let concluded = try Conclusion.conclude(plan, used)
        let gaps = try await pruningGaps(house, plan, concluded)
        _ = try await store.store(concluded, of: plan, pruningGaps: gaps, now: house.now)
    }

    /// F(base model) − F(pruned model fine-tuned on everyone), by property, in the property's own direction.
    private static func pruningGaps(
        _ house: House, _ plan: CreditPlan, _ concluded: [ConcludedEstimate]
    ) async throws -> [String: Double] {
        guard case .prunedModel(let game) = plan.evaluator else { return [:] }
        let base = try await CreditMaterial.load(house, model: game.model)
            .baseValues(of: plan, game, noiseSeed: plan.seed, files: FrozenFiles(house))
        var gaps: [String: Double] = [:]
        for property in plan.properties {
            guard let own = concluded.first(where: { $0.property == property.name })?.estimate,
                let value = base[property.name]?.value
            else { continue }
            gaps[property.name] = value - (property.lowerIsBetter ? -own.vFull : own.vFull)
        }
        return gaps
    }

    private static func evaluatorMaker(
        _ house: House, _ plan: CreditPlan, _ execution: CreditExecution, workers: Int
    ) async throws -> EvaluatorMaker {
        switch plan.evaluator {
        case .external(let command):
            let timeout = Duration.seconds(execution.evaluatorTimeoutSeconds)
            let properties = plan.properties.map(\.name)
            return {
                try ExternalEvaluator(
                    command: command, players: plan.players, properties: properties, timeout: timeout)
            }
        case .prunedModel(let game):
            let material = try await CreditMaterial.load(house, model: game.model)
            let busy = min(workers, plan.design.taskCount)
            try MemoryNeed(workers: busy, material.network(game.start, from: game.start).recipe, batch: game.batch)
                .require(
                    at: "\(busy) workers", next: "use fewer --workers")
            let setting = try material.setting(of: plan, game, files: FrozenFiles(house))
            return { try PrunedModelEvaluator(setting) }
        }
    }

    /// Who executes, for the one who comes second.
    private static var holder: String {
        "process \(ProcessInfo.processInfo.processIdentifier) on \(ProcessInfo.processInfo.hostName)"
    }

    /// The version of this program, stored with every evaluation.
    static let codeVersion = "laurel 0.1.0"
}
