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
        let start = try choice(request.start, PrunedModelGame.Stage.self, at: "--start")
        let baseline = try choice(request.baseline, PrunedModelGame.Stage.self, at: "--baseline")
        let stages = (
            start: start ?? planned?.start ?? CreditDefaults.start,
            baseline: baseline ?? planned?.baseline ?? CreditDefaults.baseline
        )
        let order = PrunedModelGame.Stage.allCases
        guard let first = order.firstIndex(of: stages.start), let nobody = order.firstIndex(of: stages.baseline),
            nobody <= first
        else {
            throw LaurelError.input(
                "nobody would be worth more than what coalitions start from",
                at: "--start \(stages.start.rawValue) --baseline \(stages.baseline.rawValue)",
                next: "use an earlier baseline: \(order.map(\.rawValue).joined(separator: ", "))")
        }
        let material = try await CreditMaterial.load(house, model: model)
        let network = material.network(stages.start)
        let game = PrunedModelGame(
            model: model, weightsDigest: try network.digest(), snapshot: material.snapshot,
            fineTuneSteps: request.fineTuneSteps ?? planned?.fineTuneSteps ?? CreditDefaults.fineTuneSteps,
            batch: planned?.batch ?? CreditDefaults.batch,
            learningRateMillionths: planned?.learningRateMillionths ?? CreditDefaults.learningRateMillionths,
            images: request.images ?? planned?.images ?? CreditDefaults.images,
            samplingSteps: planned?.samplingSteps ?? CreditDefaults.samplingSteps,
            start: stages.start, baseline: stages.baseline,
            baselineDigest: try material.network(stages.baseline).digest(),
            yardstick: try yardstick(house, request, material, model: model, existing, planned, seed: seed))
        guard (1...1_000_000).contains(game.fineTuneSteps), (2...1_000_000).contains(game.images) else {
            throw LaurelError.input(
                "the game is impossible", at: "--fine-tune-steps \(game.fineTuneSteps) --images \(game.images)",
                next: "use at least 1 step and 2 images")
        }
        return (
            .prunedModel(game),
            material.items(of: kind).keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        )
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
