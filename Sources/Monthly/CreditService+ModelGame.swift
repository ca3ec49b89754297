import Credit
import Diffusion
import Errors
import Foundation
import Properties

extension CreditService {
    /// The game of Laurel's own model and its players, as asked for; what is left open comes from the plan that exists,
    /// then from the defaults.
    static func modelGame(
        _ house: House, _ request: CreditRequest, model: String, _ kind: CreditPlan.PlayerKind, _ existing: CreditPlan?,
        seed: Int64
    ) async throws -> (EvaluatorRule, [String]) {
        guard request.players.isEmpty else {
            throw LaurelError.input(
                "players are named, but a model's players are those of its snapshot", at: "--player",
                next: "leave out --player, or name an --evaluator")
        }
        let planned: PrunedModelGame? = if case .prunedModel(let game) = existing?.evaluator { game } else { nil }
        let material = try await CreditMaterial.load(house, model: model)
        let rule = try approximation(request, planned, material.base.recipe)
        let stages = try stages(request, planned, rule.kind)
        let game = PrunedModelGame(
            model: model, weightsDigest: try material.network(stages.start, from: stages.start).digest(),
            snapshot: material.snapshot,
            approximation: rule, batch: batch(planned, rule.kind, material.base.recipe),
            images: request.images ?? planned?.images ?? CreditDefaults.images,
            samplingSteps: planned?.samplingSteps ?? CreditDefaults.samplingSteps,
            start: stages.start, baseline: stages.baseline,
            baselineDigest: try material.network(stages.baseline, from: stages.start).digest(),
            yardstick: try yardstick(house, request, material, model: model, existing, planned, seed: seed))
        guard (2...1_000_000).contains(game.images) else {
            throw LaurelError.input(
                "\(game.images) images are not possible", at: "--images", next: "use 2 to 1000000")
        }
        return (
            .prunedModel(game),
            material.items(of: kind).keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        )
    }

    private static func approximation(
        _ request: CreditRequest, _ planned: PrunedModelGame?, _ recipe: Recipe
    ) throws -> ApproximationRule {
        let name = request.approximation ?? planned?.approximation.kind.rawValue
        let rule = try ApproximationRule(
            parsing: name ?? ApproximationRule.Kind.fineTuning.rawValue, onto: planned?.approximation, recipe: recipe)
        guard rule.kind != .adapters || recipe.architecture.attention else {
            throw LaurelError.input(
                "the model has no attention to adapt", at: "--approximation adapters",
                next: "use --approximation adapters-everywhere")
        }
        return try request.fineTuneSteps.map { try rule.with(steps: $0) } ?? rule
    }

    /// Images in a step; retraining takes as many as the model's own training did.
    private static func batch(_ planned: PrunedModelGame?, _ kind: ApproximationRule.Kind, _ recipe: Recipe) -> Int {
        if let planned, planned.approximation.kind == kind { return planned.batch }
        return kind == .retraining ? recipe.training.batch : CreditDefaults.batch
    }

    /// The network that coalitions start from, and the one that nobody's pictures are worth.
    private static func stages(
        _ request: CreditRequest, _ planned: PrunedModelGame?, _ kind: ApproximationRule.Kind
    ) throws -> (start: PrunedModelGame.Stage, baseline: PrunedModelGame.Stage) {
        let planned = planned?.approximation.kind == kind ? planned : nil
        let start =
            try choice(request.start, PrunedModelGame.Stage.self, at: "--start") ?? planned?.start
            ?? CreditDefaults.start(for: kind)
        let wished = try choice(request.baseline, PrunedModelGame.Stage.self, at: "--baseline")
        guard kind.leavesNobodyToTheBaseline else {
            guard wished == nil || wished == start else {
                throw LaurelError.input(
                    "\(kind.rawValue) itself says what nobody's pictures are worth", at: "--baseline",
                    next: "leave --baseline out")
            }
            guard !kind.unlearns || start == .recovered || start == .unpruned else {
                throw LaurelError.input(
                    "\(kind.rawValue) takes pictures out of a network that knows them, which this one does not",
                    at: "--start \(start.rawValue)", next: "use --start unpruned or --start recovered")
            }
            return (start, start)
        }
        let kept = planned?.start == start ? planned?.baseline : nil
        let baseline = wished ?? kept ?? CreditDefaults.baseline
        // Untrained it has the shape of any; pruned and whole networks differ.
        guard baseline == .untrained || (start == .unpruned) == (baseline == .unpruned) else {
            throw LaurelError.input(
                "the networks that coalitions start from and that nobody is worth have different shapes",
                at: "--start \(start.rawValue) --baseline \(baseline.rawValue)", next: "use --baseline untrained")
        }
        let order = PrunedModelGame.Stage.allCases
        guard let first = order.firstIndex(of: start), let nobody = order.firstIndex(of: baseline), nobody <= first
        else {
            throw LaurelError.input(
                "nobody would be worth more than what coalitions start from",
                at: "--start \(start.rawValue) --baseline \(baseline.rawValue)",
                next: "use an earlier baseline: \(order.map(\.rawValue).joined(separator: ", "))")
        }
        return (start, baseline)
    }

    private static func yardstick(
        _ house: House, _ request: CreditRequest, _ material: CreditMaterial, model: String,
        _ existing: CreditPlan?, _ planned: PrunedModelGame?, seed: Int64
    ) throws -> Yardstick {
        let names =
            request.properties.isEmpty
            ? existing?.properties.map(\.name) ?? []
            : try request.properties.map { try WeightedProperty.split($0).name }
        // A classifier depends on the model's pictures and on the seed; under other ones the plan's is another's.
        let isSame = planned?.model == model && existing?.seed == seed
        var wish = YardstickMaker.Wish()
        wish.features =
            try choice(request.features, Yardstick.Features.self, at: "--features")
            ?? planned?.yardstick.features ?? wish.features
        wish.labels = request.labels ?? planned?.yardstick.labels ?? wish.labels
        wish.aestheticHead = request.aestheticHead.map { URL(filePath: $0) }
        wish.properties = try names.map { try Property(name: $0) }
        wish.seed = UInt64(seed)
        return try YardstickMaker(material: material, files: FrozenFiles(house))
            .plan(wish, onto: isSame ? planned?.yardstick : nil)
    }
}
