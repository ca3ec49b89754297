package import Diffusion
import Documents
package import Images
import Numerics
package import Properties

/// The value of a coalition by the pruned model: fine-tuned on the coalition's items, sampled from common noise, measured.
///
/// Training takes its chance from the pair's seed and generation from the noise seed, so a coalition and its complement
/// differ in their data only. A coalition without items is worth what the plan's baseline is worth, or what the
/// approximation makes of nobody's pictures, see ``Approximation``. A conditional model is sampled over all its classes in
/// turns, whoever is in the coalition: image *i* has the same noise and the same class for everyone.
package final class PrunedModelEvaluator: Evaluator {
    /// Everything that the evaluators of a run share; made once.
    package struct Setting: Sendable {
        let game: PrunedModelGame
        let model: DiffusionModel
        let baseline: DiffusionModel
        let images: ImageBatch
        let labels: [Int32]
        let items: [String: [Int]]
        let properties: [Property]
        let reference: Reference

        /// - Parameters:
        ///   - game: the plan's rules.
        ///   - model: what every coalition starts from; `game` names its digest.
        ///   - baseline: what nobody's data is worth, of the same shape; `game` names its digest.
        ///   - images: the snapshot's, at the model's size.
        ///   - labels: the class of each image for a conditional model.
        ///   - items: for each player the positions of its images.
        ///   - properties: what is measured.
        ///   - reference: fitted on the snapshot's images.
        package init(
            game: PrunedModelGame, model: DiffusionModel, baseline: DiffusionModel, images: ImageBatch,
            labels: [Int32] = [],
            items: [String: [Int]], properties: [Property], reference: Reference
        ) {
            self.game = game
            self.model = model
            self.baseline = baseline
            self.images = images
            self.labels = labels
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
        workspace = try Workspace(
            model: setting.model, images: setting.images, labels: setting.labels, batch: setting.game.batch)
    }

    package func evaluate(_ task: EvaluationTask) throws -> Evaluation {
        let start = ContinuousClock.now
        try approximate(task)
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

    /// Approximates the model of the task's coalition: the first third of ``evaluate(_:)``, for studies of it.
    package func approximate(_ task: EvaluationTask) throws {
        let (rule, items) = (setting.game.approximation, setting.items(of: task))
        guard !items.isEmpty || !rule.kind.leavesNobodyToTheBaseline else {
            workspace.reset(to: setting.baseline)
            return
        }
        workspace.reset(to: setting.model)
        _ = try workspace.approximate(rule.approximation, items: items, seed: UInt64(task.pairSeed))
    }

    /// Images from the model as ``approximate(_:)`` left it: the second third of ``evaluate(_:)``.
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
