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
    /// The network as `model prune` made it, before its recovery.
    let pruned: DiffusionModel
    /// The same after its recovery.
    let recovered: DiffusionModel
    private let seed: UInt64
    private let contributors: [String]
    private let pictures: SnapshotImages
    /// For a conditional model the class of each image, which is its contributor's position in the snapshot.
    private let classes: [Int32]

    /// Loads everything.
    ///
    /// - Throws: ``LaurelError`` when the model, its pruned version or its snapshot is missing or damaged.
    static func load(_ house: House, model id: String) async throws -> CreditMaterial {
        let record = try ModelService.show(house, id: id)
        guard let snapshotID = record.snapshot else {
            throw LaurelError.input(
                "model was not trained on a snapshot, so nobody is known to have contributed", at: id,
                next: "train a model with laurel model train --snapshot ID")
        }
        let snapshot = try await Snapshots(database: house.database).find(snapshotID)
        if let parent = record.parent {
            throw LaurelError.input(
                "the model is the pruned companion of another", at: id, next: "name its base model, \(parent)")
        }
        let base = try ModelService.load(house, id: id)
        let companion = ModelService.prunedID(of: id)
        guard try ModelService.exists(house, id: companion) else {
            throw LaurelError.input("model \(id) is not pruned yet", at: id, next: "laurel model prune \(id)")
        }
        let recovered = try ModelService.load(house, id: companion)
        let shape = base.recipe.architecture
        let pictures = try await SnapshotImages.load(
            snapshot, side: shape.side, channels: shape.channels, from: house.database,
            store: ImageStore(directory: house.images))
        guard shape.classes == 0 || shape.classes == snapshot.contributors.count else {
            throw LaurelError.checkFailed(
                "the model has \(shape.classes) classes, its snapshot \(snapshot.contributors.count) contributors",
                at: id, next: "train a model on the snapshot with laurel model train")
        }
        let classes = shape.classes == 0 ? [] : pictures.owners.map(Int32.init)
        return CreditMaterial(
            snapshot: snapshotID, base: base,
            pruned: try pruned(
                base, as: recovered.recipe.pruning, images: pictures.batch, labels: classes, seed: record.seed),
            recovered: recovered, seed: record.seed, contributors: snapshot.contributors, pictures: pictures,
            classes: classes)
    }

    private static func pruned(
        _ base: DiffusionModel, as pruning: Pruning, images: ImageBatch, labels: [Int32], seed: UInt64
    ) throws -> DiffusionModel {
        var recipe = base.recipe
        recipe.pruning = pruning
        let gradients =
            pruning.importance == .taylor ? try lossGradient(base, images: images, labels: labels, seed: seed) : nil
        return prune(DiffusionModel(recipe: recipe, parameters: base.parameters), pruning, gradients: gradients).0
    }

    /// All images, at the model's size.
    var images: ImageBatch { pictures.batch }

    /// The network at a stage of its making, for coalitions that start at `start`: untrained, it has the shape of that.
    func network(_ stage: PrunedModelGame.Stage, from start: PrunedModelGame.Stage) -> DiffusionModel {
        switch stage {
        case .untrained: DiffusionModel(recipe: start == .unpruned ? base.recipe : recovered.recipe, seed: seed)
        case .pruned: pruned
        case .recovered: recovered
        case .unpruned: base
        }
    }

    /// For each player the positions of its images.
    func items(of kind: CreditPlan.PlayerKind) -> [String: [Int]] {
        switch kind {
        case .contributor: Dictionary(grouping: pictures.owners.indices) { contributors[pictures.owners[$0]] }
        case .dataset: Dictionary(grouping: pictures.datasets.indices) { pictures.datasets[$0] }
        }
    }

    /// What each picture shows, or whose it is: `contributor`, or a column of the manifests.
    ///
    /// - Throws: ``LaurelError`` of kind `input` when a picture has nothing in that column.
    func labels(_ column: String) throws -> [String] {
        if column == YardstickMaker.contributor { return pictures.owners.map { contributors[$0] } }
        let found = pictures.metadata.compactMap { $0[column].flatMap { $0.isEmpty ? nil : $0 } }
        guard found.count == pictures.metadata.count else {
            throw LaurelError.input(
                "\(pictures.metadata.count - found.count) of \(pictures.metadata.count) pictures have no "
                    + column.debugDescription, at: "--labels",
                next: "name a column that every manifest of the snapshot fills, or contributor")
        }
        return found
    }

    /// What the evaluators of a plan share.
    func setting(
        of plan: CreditPlan, _ game: PrunedModelGame, files: FrozenFiles
    ) throws -> PrunedModelEvaluator.Setting {
        PrunedModelEvaluator.Setting(
            game: game, model: network(game.start, from: game.start),
            baseline: network(game.baseline, from: game.start), images: images,
            labels: classes, items: items(of: plan.playerKind),
            properties: try plan.properties.map { try Property(name: $0.name) },
            reference: try YardstickMaker(material: self, files: files)
                .reference(game.yardstick, seed: UInt64(plan.seed)))
    }

    /// The properties of the un-pruned base model, measured like a coalition's.
    func baseValues(
        of plan: CreditPlan, _ game: PrunedModelGame, noiseSeed: Int64, files: FrozenFiles
    ) throws -> [String: MeasuredValue] {
        let sampler = try Sampler(base.recipe)
        sampler.load(base.parameters)
        let sampled = sampler.sample(count: game.images, steps: game.samplingSteps, seed: UInt64(noiseSeed))
        return try PrunedModelEvaluator.measure(sampled, try setting(of: plan, game, files: files))
    }
}
