/// One stored evaluation: what the game was worth for a coalition, in one run of training and generation.
package struct EvaluationRow: Hashable, Sendable {
    /// Whose data was learned from.
    package let coalition: Coalition
    /// The property's value.
    package let value: Double
    /// The variance of the value that the evaluator itself measured (generation noise); nil when unknown.
    package let variance: Double?
    /// The seed of the run; nil when unknown.
    package let seed: UInt64?

    /// An evaluation; the value must be finite, the variance finite and not negative.
    package init(coalition: Coalition, value: Double, variance: Double? = nil, seed: UInt64? = nil) {
        precondition(value.isFinite, "an evaluation has a finite value")
        precondition(variance.map { $0.isFinite && $0 >= 0 } ?? true, "a variance is finite and not negative")
        self.coalition = coalition
        self.value = value
        self.variance = variance
        self.seed = seed
    }
}
