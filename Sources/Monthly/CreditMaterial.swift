import Credit
import Diffusion
import Errors
import Foundation
import Images
import Properties
import Registry

/// What a model's game is played with: the networks, and the snapshot's images with whose they are.
struct CreditMaterial: Sendable {
    /// The base model's snapshot.
    let snapshot: String
    /// The un-pruned model, for the pruning gap.
    let base: DiffusionModel
    /// The network that every coalition starts from.
    let start: DiffusionModel
    private let contributors: [String]
    private let images: SnapshotImages

    /// Loads everything.
    ///
    /// - Throws: ``LaurelError`` when the model, its pruned version or its snapshot is missing or damaged.
    static func load(
        _ house: House, model id: String, baseline: PrunedModelGame.Baseline
    ) async throws -> CreditMaterial {
        let record = try ModelService.show(house, id: id)
        guard let snapshotID = record.snapshot else {
            throw LaurelError.input(
                "model was not trained on a snapshot, so nobody is known to have contributed", at: id,
                next: "train a model with laurel model train --snapshot ID")
        }
        let snapshot = try await Snapshots(database: house.database).find(snapshotID)
        let base = try ModelService.load(house, id: id)
        let recovered = try ModelService.load(house, id: ModelService.prunedID(of: id))
        let shape = base.recipe.architecture
        let images = try await SnapshotImages.load(
            snapshot, side: shape.side, channels: shape.channels, from: house.database,
            store: ImageStore(directory: house.images))
        let start =
            switch baseline {
            case .recovered: recovered
            case .pruned: try pruned(base, as: recovered.recipe.pruning, images: images.batch, seed: record.seed)
            }
        return CreditMaterial(
            snapshot: snapshotID, base: base, start: start, contributors: snapshot.contributors, images: images)
    }

    /// The network as `model prune` made it, before its recovery.
    private static func pruned(
        _ base: DiffusionModel, as pruning: Pruning, images: ImageBatch, seed: UInt64
    ) throws -> DiffusionModel {
        var recipe = base.recipe
        recipe.pruning = pruning
        let gradients = pruning.importance == .taylor ? try lossGradient(base, images: images, seed: seed) : nil
        return prune(DiffusionModel(recipe: recipe, parameters: base.parameters), pruning, gradients: gradients).0
    }

    /// For each player the positions of its images.
    func items(of kind: CreditPlan.PlayerKind) -> [String: [Int]] {
        switch kind {
        case .contributor: Dictionary(grouping: images.owners.indices) { contributors[images.owners[$0]] }
        case .dataset: Dictionary(grouping: images.datasets.indices) { images.datasets[$0] }
        }
    }

    /// What the evaluators of a plan share.
    func setting(of plan: CreditPlan, _ game: PrunedModelGame) throws -> PrunedModelEvaluator.Setting {
        let properties = try plan.properties.map { try Property(name: $0.name) }
        return PrunedModelEvaluator.Setting(
            game: game, model: start, images: images.batch, items: items(of: plan.playerKind), properties: properties,
            reference: try reference(for: properties, seed: UInt64(plan.seed)))
    }

    /// What generated pictures are measured against. A classifier of contributors is trained only when a property of
    /// labels asks for one; it depends on the snapshot's pictures and the plan's seed alone.
    private func reference(for properties: [Property], seed: UInt64) throws -> Reference {
        let needsLabels = properties.contains { [.labelInceptionScore, .labelEntropy].contains($0.kind) }
        let classifier =
            needsLabels
            ? try LabelClassifier(
                training: images.batch, labels: images.owners.map { contributors[$0] }, seed: seed) : nil
        return try Reference(images: images.batch, seed: seed, classifier: classifier)
    }

    /// The properties of the un-pruned base model, measured like a coalition's.
    func baseValues(
        of plan: CreditPlan, _ game: PrunedModelGame, noiseSeed: Int64
    ) throws -> [String: MeasuredValue] {
        let sampler = try Sampler(base.recipe)
        sampler.load(base.parameters)
        let sampled = sampler.sample(count: game.images, steps: game.samplingSteps, seed: UInt64(noiseSeed))
        return try PrunedModelEvaluator.measure(sampled, try setting(of: plan, game))
    }
}
