package import Documents

/// Who computes the value of a coalition, and how: the part of a plan that an ``Evaluator`` is made from.
package enum EvaluatorRule: Hashable, Sendable {
    /// A program outside, spoken to in JSON lines; started through `/bin/sh -c`.
    case external(command: String)
    /// The pruned model, fine-tuned on the coalition's items.
    case prunedModel(PrunedModelGame)
}

/// The game of the pruned model: fine-tune it on the coalition's items, sample from common noise, measure.
package struct PrunedModelGame: Hashable, Sendable {
    /// The model that every coalition starts from, and that ∅ is worth without any fine-tuning.
    package enum Baseline: String, Hashable, Sendable, CaseIterable {
        /// The pruned network before it was trained again: every coalition has to bring it back, so nobody's data is
        /// taken for granted, and v(N) − v(∅) is what all data together brings.
        case pruned
        /// The pruned network after it was trained again on everything: a coalition can only bend what all have taught,
        /// and v(N) − v(∅) is small.
        case recovered
    }

    /// Id of the base model, and the digest of the network that every coalition starts from.
    package let model: String
    package let weightsDigest: Digest
    package let snapshot: String
    package let fineTuneSteps: Int
    package let batch: Int
    /// Millionths, so that the plan holds no fractions.
    package let learningRateMillionths: Int
    /// Images sampled for one value.
    package let images: Int
    package let samplingSteps: Int
    package let baseline: Baseline

    package init(
        model: String, weightsDigest: Digest, snapshot: String, fineTuneSteps: Int, batch: Int,
        learningRateMillionths: Int, images: Int, samplingSteps: Int, baseline: Baseline
    ) {
        self.model = model
        self.weightsDigest = weightsDigest
        self.snapshot = snapshot
        self.fineTuneSteps = fineTuneSteps
        self.batch = batch
        self.learningRateMillionths = learningRateMillionths
        self.images = images
        self.samplingSteps = samplingSteps
        self.baseline = baseline
    }
}
