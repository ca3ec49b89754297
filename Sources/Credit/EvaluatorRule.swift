package import Documents

/// Who computes the value of a coalition, and how: the part of a plan that an ``Evaluator`` is made from.
package enum EvaluatorRule: Hashable, Sendable {
    /// A program outside, spoken to in JSON lines; started through `/bin/sh -c`.
    case external(command: String)
    /// The pruned model, fine-tuned on the coalition's items, or another approximation of retraining.
    case prunedModel(PrunedModelGame)
}

/// The game of the pruned model: fine-tune it on the coalition's items, sample from common noise, measure. Another
/// approximation of retraining may take the place of fine-tuning, and the model before pruning that of the pruned one.
package struct PrunedModelGame: Hashable, Sendable {
    /// A stage of the network, in the order of its making: what coalitions start from, and what nobody's data is worth.
    package enum Stage: String, Hashable, Sendable, CaseIterable {
        /// Its shape with parameters drawn at random: it has learned from nobody, whatever the base model's seed.
        case untrained
        /// As `model prune` cut it, before it was trained again.
        case pruned
        /// After it was trained again on everything.
        case recovered
        /// As the base model was trained, before pruning: the published full fine-tuning, at its full cost.
        case unpruned
    }

    /// Id of the base model, and the digest of the network that every coalition starts from.
    package let model: String
    package let weightsDigest: Digest
    package let snapshot: String
    package let approximation: ApproximationRule
    package let batch: Int
    /// Images sampled for one value.
    package let images: Int
    package let samplingSteps: Int
    /// What every coalition starts from. From ``Stage/recovered`` a few steps follow retraining; from ``Stage/pruned``
    /// every coalition has to bring the network back first, and the value says how fast it does.
    package let start: Stage
    /// What ∅ is worth to fine-tuning and adapters; it moves all credits alike. The other approximations have an answer of
    /// their own, see ``Approximation``. The recovered network has learned from everybody: with it, v(N) − v(∅) is about 0,
    /// and nobody is paid for what all have taught.
    package let baseline: Stage
    /// The digest of the network that ∅ is measured on.
    package let baselineDigest: Digest
    /// What pictures are measured with.
    package let yardstick: Yardstick

    package init(
        model: String, weightsDigest: Digest, snapshot: String, approximation: ApproximationRule, batch: Int,
        images: Int, samplingSteps: Int, start: Stage, baseline: Stage, baselineDigest: Digest, yardstick: Yardstick
    ) {
        self.model = model
        self.weightsDigest = weightsDigest
        self.snapshot = snapshot
        self.approximation = approximation
        self.batch = batch
        self.images = images
        self.samplingSteps = samplingSteps
        self.start = start
        self.baseline = baseline
        self.baselineDigest = baselineDigest
        self.yardstick = yardstick
    }
}
