package import Diffusion
import Documents
import Errors
package import Foundation
package import Images
import Numerics
import Postgres
import Registry

/// Models as a person asks for them: train, prune, sample, look.
///
/// A model is a folder under the home with `recipe.json`, `weights.safetensors` and `model.json`, and a row of
/// `credit.model` with the digests. The pruned companion of model `M` is model `M-pruned`.
package enum ModelService {
    /// The id of a model's pruned companion.
    package static func prunedID(of id: String) -> String { "\(id)-pruned" }

    /// Whether this processor has the vector units that the kernels are made for; without them everything works, slower.
    package static var isFast: Bool { NetworkContext.kernelName != "baseline" }

    /// Trains the base model `id`; what is complete is only reported, what was interrupted continues.
    package static func train(
        _ house: House, id: String, source: Source, recipe: Recipe, seed: UInt64,
        progress: @escaping ProgressHandler
    ) async throws -> ModelRecord {
        let folder = try ModelFolder(house, id)
        let pictures = try await pictures(house, source, for: recipe)
        if let record = try folder.record() {
            guard record.recipeDigest == Digest.sha256([UInt8](try recipe.encoded())).hex,
                record.snapshot == pictures.name, record.seed == seed
            else {
                throw LaurelError.refused(
                    "model \(id) exists with another recipe, snapshot or seed", at: "model train",
                    next: "choose another --id")
            }
            return record
        }
        try MemoryNeed(training: recipe.architecture, batch: recipe.training.batch).require(
            at: "model train", next: "use a smaller training.batch, architecture.base or architecture.side")
        try requireMemory(toRecover: recipe, at: "model train")
        let began = ContinuousClock.now
        let course = ModelCourse(
            start: .recipe(recipe), folder: folder, pictures: pictures, seed: seed, progress: progress)
        let (model, losses) = try await course.run()
        return try await finish(
            house, folder, model, losses, kind: .base, parent: nil, pictures: pictures, seed: seed, began: began)
    }

    /// Prunes model `id` and trains the result again on everything; what is complete is only reported.
    package static func prune(
        _ house: House, id: String, source: Source, sparsity: Double?, progress: @escaping ProgressHandler
    ) async throws -> ModelRecord {
        let parent = try ModelFolder(house, id).existing()
        var pruning = try load(house, id: id).recipe.pruning
        if let sparsity { pruning.sparsity = sparsity }
        let folder = try ModelFolder(house, prunedID(of: id))
        if let record = try folder.record() {
            guard try load(house, id: record.id).recipe.pruning == pruning else {
                throw LaurelError.refused(
                    "model \(record.id) exists with another sparsity", at: "model prune",
                    next: "train under another id to prune it differently")
            }
            return record
        }
        var base = try load(house, id: id)
        var recipe = base.recipe
        recipe.pruning = pruning
        try recipe.validate(RecipePlaces(file: "--sparsity"))
        base = DiffusionModel(recipe: recipe, parameters: base.parameters)
        try requireMemory(toRecover: recipe, at: "model prune")
        let pictures = try await pictures(house, source, for: recipe)
        let began = ContinuousClock.now
        let gradients =
            pruning.importance == .taylor
            ? try lossGradient(base, images: pictures.batch, labels: pictures.labels, seed: parent.seed) : nil
        let (small, _) = Diffusion.prune(base, pruning, gradients: gradients)
        let course = ModelCourse(
            start: .pruned(small), folder: folder, pictures: pictures, seed: parent.seed, progress: progress)
        let (model, losses) = try await course.run()
        return try await finish(
            house, folder, model, losses, kind: .pruned, parent: id, pictures: pictures, seed: parent.seed,
            began: began)
    }

    /// Takes a model that was trained elsewhere.
    package static func importModel(
        _ house: House, id: String, recipe: Recipe, weights: Data, place: String
    ) async throws -> ModelRecord {
        let folder = try ModelFolder(house, id)
        if try folder.record() != nil {
            throw LaurelError.refused("model \(id) exists", at: "model import", next: "choose another id")
        }
        let model = try DiffusionModel(
            recipe: recipe, tensors: SafeTensors(parsing: weights, at: place), at: place)
        return try await finish(
            house, folder, model, [], kind: .base, parent: nil, pictures: nil, seed: 0, began: ContinuousClock.now)
    }

    /// The model `id` with all its weights.
    package static func load(_ house: House, id: String) throws -> DiffusionModel {
        let folder = try ModelFolder(house, id)
        let record = try folder.existing()
        let model = try DiffusionModel.load(from: folder.url)
        guard try weightsDigest(model) == record.weightsDigest else {
            throw LaurelError.input(
                "the weights are not those that were registered", at: folder.url.path,
                next: "restore the folder from a backup, or train the model under another id")
        }
        return model
    }

    /// Whether model `id` is complete.
    static func exists(_ house: House, id: String) throws -> Bool { try ModelFolder(house, id).record() != nil }

    /// The record of model `id`.
    package static func show(_ house: House, id: String) throws -> ModelRecord { try ModelFolder(house, id).existing() }

    /// All complete models, by id.
    package static func list(_ house: House) throws -> [ModelRecord] {
        guard FileManager.default.fileExists(atPath: house.models.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: house.models.path)
            .sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
            .filter(ReadableID.isValid).compactMap { try ModelFolder(house, $0).record() }
    }

    /// `count` pictures of model `id` in `steps` sampling steps; of one class when `label` names it, else of all classes
    /// in turns.
    package static func sample(
        _ house: House, id: String, count: Int, steps: Int, seed: UInt64, label: Int? = nil
    ) async throws -> [Image] {
        let model = try load(house, id: id)
        // Each step goes to another noise level.
        let most = min(1000, model.recipe.diffusion.timesteps)
        guard (1...10_000).contains(count), (1...most).contains(steps) else {
            throw LaurelError.input(
                "\(count) pictures in \(steps) steps are not possible", at: "model sample",
                next: "use 1 to 10000 pictures and 1 to \(most) steps")
        }
        let classes = model.recipe.architecture.classes
        if let label, !(0..<classes).contains(label) {
            throw LaurelError.input(
                classes == 0 ? "model \(id) has no classes" : "model \(id) has classes 0 to \(classes - 1)",
                at: "--class \(label)", next: "leave --class out, or name a class that it has")
        }
        return try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result {
                        let sampler = try Sampler(model.recipe)
                        sampler.load(model.parameters)
                        return sampler.sample(count: count, steps: steps, seed: seed, label: label).images
                    })
            }
        }
    }

    private static func weightsDigest(_ model: DiffusionModel) throws -> String {
        try Digest.sha256([UInt8](model.tensors().encoded())).hex
    }

    private static func requireMemory(toRecover recipe: Recipe, at place: String) throws(LaurelError) {
        try MemoryNeed(
            training: prunedArchitecture(of: recipe.architecture, recipe.pruning), batch: recipe.recovery.batch
        ).require(at: place, next: "use a smaller recovery.batch, under another id if the model exists")
    }

    private static func finish(
        _ house: House, _ folder: ModelFolder, _ model: DiffusionModel, _ losses: [Float], kind: ModelRecord.Kind,
        parent: String?, pictures: Pictures?, seed: UInt64, began: ContinuousClock.Instant
    ) async throws -> ModelRecord {
        try model.save(to: folder.url)
        if !losses.isEmpty { try LossCurve(losses).write(to: folder) }
        let layout = Layout(model.recipe.architecture)
        let record = ModelRecord(
            id: folder.id, kind: kind, parent: parent, snapshot: pictures?.name, seed: seed,
            images: pictures?.batch.count ?? 0,
            parameters: layout.count, operations: layout.operations,
            loss: try pictures.map {
                try denoisingLoss(model, images: $0.batch, labels: $0.labels, seed: seed)
            } ?? 0,
            seconds: (ContinuousClock.now - began) / .seconds(1), kernel: NetworkContext.kernelName,
            recipeDigest: Digest.sha256([UInt8](try model.recipe.encoded())).hex,
            weightsDigest: try weightsDigest(model), createdAt: house.now.description)
        try await store(house, record)
        try folder.write(record)
        return record
    }

    private static func store(_ house: House, _ record: ModelRecord) async throws {
        let recipe = Digest(hex: record.recipeDigest)?.bytes ?? []
        let weights = Digest(hex: record.weightsDigest)?.bytes ?? []
        // A directory is no snapshot of the registry.
        let snapshot = record.snapshot.flatMap { $0.hasPrefix("/") ? nil : $0 }
        let metrics = "{\"loss\": \(record.loss), \"parameters\": \(record.parameters), \"seconds\": \(record.seconds)}"
        try await house.database.execute(
            """
            INSERT INTO credit.model (id, kind, parent, snapshot, recipe_sha256, weights_sha256, metrics, created_at)
            VALUES (\(record.id), \(record.kind.rawValue), \(record.parent), \(snapshot), \(recipe), \(weights),
                \(metrics)::jsonb, \(record.createdAt)::timestamptz)
            ON CONFLICT (id) DO NOTHING
            """)
        let known = try await house.database.query(
            "SELECT recipe_sha256, weights_sha256 FROM credit.model WHERE id = \(record.id)")[0]
        guard try known.get("recipe_sha256", as: [UInt8].self) == recipe,
            try known.get("weights_sha256", as: [UInt8].self) == weights
        else {
            throw LaurelError.refused(
                "model \(record.id) was registered with other weights, whose folder is gone", at: record.id,
                next: "restore the folder from a backup, or choose another id")
        }
    }
}
