import Credit
import Diffusion
import Documents
import Errors
import Foundation
import Images
import Numerics
import Properties
import Valuation

/// Plays one game twice: by retraining from scratch with the full recipe, and by fine-tuning the pruned model.
///
/// Coalitions, seeds and evaluations are a credit run's own; the images are kept, so that other properties can be tried.
/// A retrained and a fine-tuned model of one coalition share the training's random streams, and all share the noise that
/// images are made from. Costs are processor seconds of one thread. Everything finished is on disk, and a second start
/// carries on.
struct FidelityStudy {
    /// The method that the others approximate.
    static let retrained = "retrained"

    private let settings: FidelitySettings
    private let material: FidelityMaterial
    private let tasks: [EvaluationTask]
    private let folder: URL
    private var table: FidelityTable

    /// Opens the study of a settings file in a folder of its own, which keeps a copy of the settings.
    init(settings path: String, folder: String) throws {
        let settings = try FidelitySettings.read(path)
        let folder = URL(fileURLWithPath: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let copy = folder.appending(path: "settings.json")
        if FileManager.default.fileExists(atPath: copy.path) {
            guard settings.continues(try FidelitySettings.read(copy.path)) else {
                throw LaurelError.refused(
                    "the folder holds results of other settings", at: copy.path, next: "name another folder")
            }
        }
        try Data(contentsOf: URL(fileURLWithPath: path)).write(to: copy, options: .atomic)
        let material = try FidelityMaterial(
            manifest: "ops/demo-data/openclipart-32/manifest.csv", shape: settings.recipe.architecture,
            seed: UInt64(settings.seed))
        (self.settings, self.material, self.folder) = (settings, material, folder)
        table = try FidelityTable(
            path: folder.appending(path: "evaluations.csv").path, properties: material.names)
        let coalitions = try Design.pairedStratified.coalitions(
            playerCount: material.players.count, count: 2 * settings.pairs, seed: UInt64(settings.seed))
        let all = TaskList(
            players: material.players, interior: coalitions.map(\.members),
            design: CreditPlan.Design(
                coalitions: coalitions.count, endRepeats: 1, duplicates: settings.duplicates),
            seed: settings.seed
        ).tasks
        // Most repeats come in the middle, so that a study that is cut short can still say how large its noise is.
        let (interior, repeats) = (all.filter { $0.role == .interior }, all.filter { $0.role == .duplicate })
        let half = interior.count / 2
        tasks =
            interior.prefix(half) + repeats.prefix(4) + interior.dropFirst(half) + repeats.dropFirst(4)
            + all.filter { $0.role == .full }
    }

    /// Evaluates everything that is not yet in the results.
    mutating func run() throws {
        say("results    \(table.path)")
        let base = try kept("base") {
            try train(settings.recipe, items: Array(0..<material.images.count), seed: UInt64(settings.seed))
        }
        var starts: [String: DiffusionModel] = [:]
        for approximation in settings.approximations {
            let start = try start(of: approximation, from: base)
            say("\(approximation.name)  \(start.parameters.count) of \(base.parameters.count) parameters")
            starts[approximation.name] = start
        }
        for task in tasks {
            for approximation in settings.approximations {
                if let start = starts[approximation.name] { try fineTune(task, approximation, from: start) }
            }
            try retrain(task)
        }
    }

    /// A model from the study's folder, or made and put there.
    private func kept(_ name: String, _ make: () throws -> DiffusionModel) throws -> DiffusionModel {
        let place = folder.appending(path: name)
        if FileManager.default.fileExists(atPath: place.path) { return try DiffusionModel.load(from: place) }
        let start = processorSeconds()
        let model = try make()
        say("\(name)  \(processorSeconds() - start) s")
        try model.save(to: place)
        return model
    }

    private func start(
        of approximation: FidelitySettings.Approximation, from base: DiffusionModel
    ) throws -> DiffusionModel {
        if approximation.start == .unpruned { return base }
        var pruning = base.recipe.pruning
        if let sparsity = approximation.sparsity { pruning.sparsity = sparsity }
        let pruned = prune(base, pruning).0
        if approximation.start == .pruned { return pruned }
        let steps = approximation.recoverySteps ?? settings.recoverySteps
        return try kept("recovered-\(steps)" + (approximation.sparsity.map { "-sparsity-\($0)" } ?? "")) {
            var recipe = pruned.recipe
            recipe.recovery.steps = steps
            let start = DiffusionModel(recipe: recipe, parameters: pruned.parameters)
            let model = try recover(
                start, images: material.images, seed: UInt64(settings.seed), threads: 1, progress: { _, _ in true })
            guard let model else { throw CancellationError() }
            return model
        }
    }

    private func train(_ recipe: Recipe, items: [Int], seed: UInt64) throws -> DiffusionModel {
        let images = material.images.selecting(items)
        guard
            let model = try Diffusion.train(recipe, images: images, seed: seed, threads: 1, progress: { _, _ in true })
        else { throw CancellationError() }
        return model
    }

    private mutating func retrain(_ task: EvaluationTask) throws {
        guard !isDone(FidelityStudy.retrained, task, settings.images) else { return }
        let items = task.coalition.flatMap { material.items[$0] ?? [] }.sorted()
        let start = processorSeconds()
        let model = try train(settings.recipe, items: items, seed: UInt64(task.pairSeed))
        let trained = processorSeconds()
        let images = try sample(model, task, count: settings.images.max() ?? 0, steps: settings.samplingSteps)
        try record(
            FidelityStudy.retrained, task, items.count, images, settings.images, trained - start,
            processorSeconds() - trained)
    }

    private func sample(_ model: DiffusionModel, _ task: EvaluationTask, count: Int, steps: Int) throws -> ImageBatch {
        let sampler = try Sampler(model.recipe)
        sampler.load(model.parameters)
        return sampler.sample(count: count, steps: steps, seed: UInt64(task.noiseSeed))
    }

    private mutating func fineTune(
        _ task: EvaluationTask, _ approximation: FidelitySettings.Approximation, from start: DiffusionModel
    ) throws {
        let counts = approximation.images.map { [$0] } ?? settings.images
        guard !isDone(approximation.name, task, counts) else { return }
        let game = PrunedModelGame(
            model: "fidelity", weightsDigest: try start.digest(), snapshot: "fidelity",
            approximation: .fineTuning(
                steps: approximation.steps, learningRateMillionths: approximation.learningRateMillionths),
            batch: approximation.batch, images: counts.max() ?? 0,
            samplingSteps: approximation.samplingSteps ?? settings.samplingSteps,
            start: approximation.start, baseline: approximation.start, baselineDigest: try start.digest(),
            yardstick: material.yardstick)
        let setting = PrunedModelEvaluator.Setting(
            game: game, model: start, baseline: start, images: material.images, items: material.items,
            properties: [], reference: material.reference)
        let evaluator = try PrunedModelEvaluator(setting)
        let begun = processorSeconds()
        let averaged = try approximation.ema.map {
            try average(task, approximation, $0, from: start, items: setting.items(of: task))
        }
        if averaged == nil { try evaluator.approximate(task) }
        let trained = processorSeconds()
        let images =
            try averaged.map { try sample($0, task, count: game.images, steps: game.samplingSteps) }
            ?? evaluator.sample(task)
        try record(
            approximation.name, task, setting.items(of: task).count, images, counts, trained - begun,
            processorSeconds() - trained)
    }

    /// What a credit run has no setting for: the moving average of the parameters during the same fine-tuning.
    private func average(
        _ task: EvaluationTask, _ approximation: FidelitySettings.Approximation, _ ema: Double,
        from start: DiffusionModel, items: [Int]
    ) throws -> DiffusionModel {
        let run = try TrainingRun(
            start.recipe, images: material.images, batch: approximation.batch, parts: 1, keepsAverage: true)
        run.reset(to: start.parameters)
        var training = Recipe.Training.fineTuning(
            steps: approximation.steps, batch: approximation.batch,
            learningRate: Double(approximation.learningRateMillionths) / 1e6)
        training.ema = ema
        while run.step < training.steps {
            _ = try run.advance(training, items: items, seed: UInt64(task.pairSeed))
        }
        return DiffusionModel(recipe: start.recipe, parameters: run.averagedParameters)
    }

    private func isDone(_ method: String, _ task: EvaluationTask, _ counts: [Int]) -> Bool {
        counts.allSatisfy { count in
            table.rows.contains {
                $0.method == method && $0.coalition == task.coalition.joined(separator: "|")
                    && $0.repeatIndex == task.repeatIndex && $0.images == count
            }
        }
    }

    private mutating func record(
        _ method: String, _ task: EvaluationTask, _ items: Int, _ images: ImageBatch, _ counts: [Int], _ train: Double,
        _ sample: Double
    ) throws {
        let rows = try counts.sorted().map { count in
            let measured = try material.measure(images.selecting(Array(0..<count)))
            return FidelityTable.Row(
                method: method, coalition: task.coalition.joined(separator: "|"), repeatIndex: task.repeatIndex,
                items: items, images: count, train: train, sample: sample * Double(count) / Double(images.count),
                measure: measured.seconds, values: measured.values, variances: measured.variances)
        }
        try table.append(rows)
        try pixels(of: images).write(to: place(of: rows[0]))
        say(
            "\(method), \(task.coalition.count) artists, repeat \(task.repeatIndex): train \(train) s, sample \(sample) s"
        )
    }

    /// Measures the images of every evaluation again, after properties have changed, into `measured.csv`.
    func measureAgain() throws {
        let path = folder.appending(path: "measured.csv").path
        var again = try FidelityTable(path: path, properties: material.names)
        let shape = settings.recipe.architecture
        for row in table.rows where !again.rows.contains(where: { $0.key == row.key }) {
            guard FileManager.default.fileExists(atPath: place(of: row).path) else { continue }
            let data = try Data(contentsOf: place(of: row))
            let images = ImageBatch(
                count: data.count / (4 * shape.side * shape.side * shape.channels), side: shape.side,
                channels: shape.channels, pixels: data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) })
            let measured = try material.measure(images.selecting(Array(0..<row.images)))
            try again.append([row.with(values: measured.values, variances: measured.variances)])
        }
    }

    private func place(of row: FidelityTable.Row) -> URL {
        let name = Digest.sha256(Array("\(row.method) \(row.coalition) \(row.repeatIndex)".utf8)).hex.prefix(16)
        return folder.appending(path: "\(name).images")
    }

    private func pixels(of images: ImageBatch) -> Data { images.pixels.withUnsafeBytes { Data($0) } }

    private func say(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}
