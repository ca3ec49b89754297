package import Errors
package import Images
internal import Numerics

/// Trains a model from scratch, or continues from a checkpoint, by `recipe`'s course.
///
/// - Parameters:
///   - recipe: A valid recipe.
///   - images: Everything to learn from, of the recipe's size.
///   - labels: One class an image when the recipe is conditional.
///   - seed: Seed of start, items, noise levels and noise.
///   - checkpoint: Where to continue; nil starts over.
///   - threads: Threads to use, 1 or 2; the result does not depend on it.
///   - progress: Called after every step with the outcome and a way to take a checkpoint; false stops.
/// - Returns: The model of the averaged parameters, or nil when `progress` stopped it.
package func train(
    _ recipe: Recipe, images: ImageBatch, labels: [Int32] = [], seed: UInt64,
    from checkpoint: TrainingCheckpoint? = nil, threads: Int = 2,
    progress: (TrainingRun.Outcome, () -> TrainingCheckpoint) throws -> Bool
) throws -> DiffusionModel? {
    let start = DiffusionModel(recipe: recipe, seed: seed)
    return try course(
        recipe.training, from: start, images: images, labels: labels, seed: seed, checkpoint: checkpoint,
        threads: threads, progress: progress)
}

/// Trains a pruned model again on everything, by its recipe's recovery; see ``train(_:images:labels:seed:from:threads:progress:)``.
package func recover(
    _ model: DiffusionModel, images: ImageBatch, labels: [Int32] = [], seed: UInt64,
    from checkpoint: TrainingCheckpoint? = nil, threads: Int = 2,
    progress: (TrainingRun.Outcome, () -> TrainingCheckpoint) throws -> Bool
) throws -> DiffusionModel? {
    try course(
        model.recipe.recovery, from: model, images: images, labels: labels, seed: seed, checkpoint: checkpoint,
        threads: threads, progress: progress)
}

private func course(
    _ training: Recipe.Training, from start: DiffusionModel, images: ImageBatch, labels: [Int32], seed: UInt64,
    checkpoint: TrainingCheckpoint?, threads: Int,
    progress: (TrainingRun.Outcome, () -> TrainingCheckpoint) throws -> Bool
) throws -> DiffusionModel? {
    let recipe = start.recipe
    guard images.count > 0 else {
        throw LaurelError.input("there are no images to learn from", next: "register datasets and make a snapshot")
    }
    guard images.side == recipe.architecture.side, images.channels == recipe.architecture.channels else {
        throw LaurelError.input(
            "the images are \(images.side)² with \(images.channels) channels", at: "recipe",
            next: "set architecture.side and architecture.channels to that")
    }
    let run = try TrainingRun(
        recipe, images: images, labels: labels, batch: training.batch, parts: 2, keepsAverage: true)
    run.reset(to: start.parameters)
    if let checkpoint { run.restore(checkpoint) }
    let items = Array(0..<images.count)
    while run.step < training.steps {
        let outcome = try run.advance(training, items: items, seed: seed, threads: threads)
        guard try progress(outcome, { run.snapshot }) else { return nil }
    }
    return DiffusionModel(recipe: recipe, parameters: run.averagedParameters)
}

/// Images of a batch of the following.
let denoisingLossBatch = 64

/// Mean squared error of the model's predictions over all images, on noise that depends on the seed alone: the number to
/// compare models with.
package func denoisingLoss(
    _ model: DiffusionModel, images: ImageBatch, labels: [Int32] = [], seed: UInt64, batches: Int = 8
) throws(LaurelError) -> Double {
    let run = try TrainingRun(
        model.recipe, images: images, labels: labels, batch: denoisingLossBatch, parts: 1, keepsAverage: false)
    run.reset(to: model.parameters)
    let items = Array(0..<images.count)
    var sum = 0.0
    for batch in 1...batches { sum += run.loss(items: items, seed: seed, step: batch) }
    return sum / Double(batches)
}
