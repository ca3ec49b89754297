package import Documents

/// Computes the value of coalitions, one after the other, on the thread it was made on.
///
/// Equal tasks give equal values whichever evaluator of the same rule computes them, and in whatever order.
package protocol Evaluator: AnyObject {
    /// Measures every property of the plan for one task. Blocks for as long as it takes.
    ///
    /// - Throws: ``EvaluationFailure`` when this attempt came to nothing.
    func evaluate(_ task: EvaluationTask) throws -> Evaluation

    /// Lets go of processes and memory; the evaluator is not used afterwards.
    func close()
}

/// Makes an evaluator; called once on each worker's thread, and again after an evaluator was given up.
package typealias EvaluatorMaker = @Sendable () throws -> any Evaluator

/// One measured property of one coalition.
package struct MeasuredValue: Hashable, Sendable {
    package let value: Double
    /// The variance that sampling finitely many images leaves; nil when unknown.
    package let variance: Double?

    package init(value: Double, variance: Double? = nil) {
        self.value = value
        self.variance = variance
    }
}

/// What an evaluator found out, and what it takes to find it again.
package struct Evaluation: Hashable, Sendable {
    /// A value for every property of the plan, by name.
    package let values: [String: MeasuredValue]
    /// The cost.
    package let seconds: Double
    /// How the seconds were spent, for people: `train 1.2 s, sample 0.9 s, measure 0.1 s`.
    package let detail: String
    /// Which vector instructions computed it, since the last bits differ between them.
    package let cpuKernel: String
    /// The digest of the weights that training started from; nil for an external evaluator.
    package let modelDigest: Digest?

    package init(
        values: [String: MeasuredValue], seconds: Double, detail: String = "", cpuKernel: String,
        modelDigest: Digest? = nil
    ) {
        self.values = values
        self.seconds = seconds
        self.detail = detail
        self.cpuKernel = cpuKernel
        self.modelDigest = modelDigest
    }
}

/// An attempt that came to nothing: recorded on its task.
package struct EvaluationFailure: Error, Hashable, Sendable {
    /// What went wrong, as a clause.
    package let message: String
    /// Whether another attempt may succeed.
    package let isRetryable: Bool
    /// Whether the evaluator can go on with other tasks; if not, another one is made.
    package let isEvaluatorUsable: Bool

    package init(_ message: String, isRetryable: Bool = true, isEvaluatorUsable: Bool = false) {
        self.message = message
        self.isRetryable = isRetryable
        self.isEvaluatorUsable = isEvaluatorUsable
    }
}
