package import Errors
package import Images
internal import Numerics

/// One worker's room: fine-tunes a model on chosen images and samples from it, many times over.
///
/// All memory and all primitives are made once; a fine-tuning step and a sampling step allocate nothing of their own. A
/// workspace belongs to one thread at a time and uses one; several run beside each other in one process.
package final class Workspace {
    /// The model that fine-tuning starts from.
    package private(set) var model: DiffusionModel
    let run: TrainingRun
    private let sampler: Sampler
    let batch: Int
    let imageCount: Int

    /// Makes a workspace for models of `model`'s recipe on `images`, of which fine-tuning takes subsets.
    package init(model: DiffusionModel, images: ImageBatch, labels: [Int32] = [], batch: Int = 64) throws(LaurelError) {
        self.model = model
        self.batch = batch
        imageCount = images.count
        run = try TrainingRun(
            model.recipe, images: images, labels: labels, batch: batch, parts: 1, keepsAverage: false)
        sampler = try Sampler(model.recipe)
        reset()
    }

    /// Bytes held, all in all.
    package var bytes: Int { run.bytes + sampler.bytes }

    /// Forgets all fine-tuning.
    package func reset() {
        NetworkContext.useOneThread()
        run.reset(to: model.parameters)
        sampler.load(run)
    }

    /// Takes another model of the same architecture, and forgets all fine-tuning.
    package func reset(to model: DiffusionModel) {
        precondition(model.recipe.architecture == self.model.recipe.architecture, "the same architecture")
        self.model = model
        reset()
    }

    /// Trains the model, from where it started, for `steps` steps on the images at `items`; returns the mean loss of
    /// the last tenth of the steps. The result depends on model, items, steps, seed and rate alone.
    ///
    /// - Parameters:
    ///   - items: Positions in the workspace's images; at least one, unless there are no steps.
    ///   - steps: Optimiser steps; 0 leaves the model as it is.
    ///   - seed: Seed of items, noise levels and noise.
    ///   - learningRate: Highest learning rate; it falls to 0 by a half cosine.
    package func fineTune(
        items: [Int], steps: Int, seed: UInt64, learningRate: Double = 1e-3
    ) throws(LaurelError) -> Double {
        try fineTune(items: items, steps: steps, seed: seed, learningRate: learningRate, from: model)
    }

    /// The same from any parameters of the workspace's architecture.
    func fineTune(
        items: [Int], steps: Int, seed: UInt64, learningRate: Double, from start: DiffusionModel
    ) throws(LaurelError) -> Double {
        precondition(!items.isEmpty || steps <= 0, "training needs at least one image")
        NetworkContext.useOneThread()
        run.reset(to: start.parameters)
        let training = course(steps: steps, learningRate: learningRate)
        var (sum, counted) = (0.0, 0)
        for step in 0..<max(0, steps) {
            let outcome = try run.advance(training, items: items, seed: seed)
            if step >= steps - max(1, steps / 10) {
                sum += outcome.loss
                counted += 1
            }
        }
        exportRun()
        return counted > 0 ? sum / Double(counted) : 0
    }

    /// The course of a short training with the workspace's batch.
    func course(steps: Int, learningRate: Double) -> Recipe.Training {
        .fineTuning(steps: steps, batch: batch, learningRate: learningRate)
    }

    /// Lets the sampler draw from the parameters as they now are.
    func exportRun() { sampler.load(run) }

    /// `count` images from the model as it now is; see ``Sampler``.
    package func sample(count: Int, steps: Int, noiseSeed: UInt64) -> ImageBatch {
        sampler.sample(count: count, steps: steps, seed: noiseSeed)
    }

    /// The model as it now is.
    package var current: DiffusionModel { DiffusionModel(recipe: model.recipe, parameters: run.parameters) }
}
