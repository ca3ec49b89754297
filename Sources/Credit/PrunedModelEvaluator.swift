package import Diffusion
import Documents
package import Images
import Numerics
package import Properties

/// The value of a coalition by the pruned model: fine-tuned on the coalition's items, sampled from common noise, measured.
///
/// Training takes its chance from the pair's seed and generation from the noise seed, so a coalition and its complement
/// differ in their data only. A coalition without items is worth what the plan's baseline is worth.
package final class PrunedModelEvaluator: Evaluator {
    /// Everything that the evaluators of a run share; made once.
    package struct Setting: Sendable {
        let game: PrunedModelGame
        let model: DiffusionModel
        let baseline: DiffusionModel
        let images: ImageBatch
        let items: [String: [Int]]
        let properties: [Property]
        let reference: Reference

        /// - Parameters:
        ///   - game: the plan's rules.
        ///   - model: what every coalition starts from; `game` names its digest.
        ///   - baseline: what nobody's data is worth, of the same shape; `game` names its digest.
        ///   - images: the snapshot's, at the model's size.
        ///   - items: for each player the positions of its images.
        ///   - properties: what is measured.
        ///   - reference: fitted on the snapshot's images.
        package init(
            game: PrunedModelGame, model: DiffusionModel, baseline: DiffusionModel, images: ImageBatch,
            items: [String: [Int]], properties: [Property], reference: Reference
        ) {
            self.game = game
            self.model = model
            self.baseline = baseline
            self.images = images
            self.items = items
            self.properties = properties
            self.reference = reference
        }

        /// Positions of the images of a task's coalition, ascending.
        package func items(of task: EvaluationTask) -> [Int] {
            task.coalition.flatMap { items[$0] ?? [] }.sorted()
        }
    }

    private let setting: Setting
    private let workspace: Workspace

    /// - Throws: ``LaurelError`` when the model and the images do not fit each other.
    package init(_ setting: Setting) throws {
        self.setting = setting
        workspace = try Workspace(model: setting.model, images: setting.images, batch: setting.game.batch)
    }

    package func evaluate(_ task: EvaluationTask) throws -> Evaluation {
        let start = ContinuousClock.now
        try fineTune(task)
        let trained = ContinuousClock.now
        let images = sample(task)
        let sampled = ContinuousClock.now
        let values = try PrunedModelEvaluator.measure(images, setting)
        let measured = ContinuousClock.now
        return Evaluation(
            values: values, seconds: (measured - start) / .seconds(1),
            detail: [("train", trained - start), ("sample", sampled - trained), ("measure", measured - sampled)]
                .map { "\($0) \(($1 / .milliseconds(10)).rounded() / 100) s" }.joined(separator: ", "),
            cpuKernel: NetworkContext.kernelName, modelDigest: setting.game.weightsDigest)
    }

    /// Trains the starting model on the task's coalition: the first third of ``evaluate(_:)``, for studies of it.
    package func fineTune(_ task: EvaluationTask) throws {
        let items = setting.items(of: task)
        if items.isEmpty {
            workspace.reset(to: setting.baseline)
        } else {
            workspace.reset(to: setting.model)
            _ = try workspace.fineTune(
                items: items, steps: setting.game.fineTuneSteps, seed: UInt64(task.pairSeed),
                learningRate: Double(setting.game.learningRateMillionths) / 1e6)
        }
    }

    /// Images from the model as ``fineTune(_:)`` left it: the second third of ``evaluate(_:)``.
    package func sample(_ task: EvaluationTask) -> ImageBatch {
        workspace.sample(
            count: setting.game.images, steps: setting.game.samplingSteps, noiseSeed: UInt64(task.noiseSeed))
    }

    package func close() {}

    /// Measures the properties on images.
    package static func measure(_ images: ImageBatch, _ setting: Setting) throws -> [String: MeasuredValue] {
        let measured = try Property.measure(setting.properties, images: images, reference: setting.reference)
        return Dictionary(
            uniqueKeysWithValues: zip(setting.properties, measured).map { property, measurement in
                (property.name, MeasuredValue(value: measurement.value, variance: measurement.variance))
            })
    }
}
