package import Numerics

/// One player's estimated value with its uncertainty.
package struct PlayerValue: Hashable, Sendable {
    /// The estimate.
    package let value: Double
    /// Its standard error (posterior standard deviation, or that of the bootstrap).
    package let stdError: Double
    /// Lower end of the 95 % interval.
    package let low: Double
    /// Upper end of the 95 % interval.
    package let high: Double

    /// The two-sided 95 % point of the normal law.
    static let quantile = 1.959963984540054

    init(value: Double, stdError: Double) {
        self.value = value
        self.stdError = stdError
        low = value - PlayerValue.quantile * stdError
        high = value + PlayerValue.quantile * stdError
    }
}

/// What an estimator says about a game.
package struct Estimate: Sendable {
    /// Which estimator.
    package let estimator: EstimatorName
    /// Which index.
    package let index: SemivalueIndex
    /// One for each player, in the players' order.
    package let values: [PlayerValue]
    /// Covariance of the values' errors, players × players.
    package let covariance: Matrix
    /// Mean of the evaluations of the empty coalition.
    package let vEmpty: Double
    /// Mean of the evaluations of everyone.
    package let vFull: Double
    /// Number of rows that went in.
    package let evaluations: Int
    /// Standard deviation of one evaluation; nil when neither repeats nor the model say anything about it.
    package let noiseSD: Double?
    /// Share of the variance of v that leaving each coalition out and predicting it explains; nil without a prediction.
    package let looR2: Double?
    /// What a careful reader should know, as sentences.
    package let warnings: [String]

    /// The sum of the values; for Shapley v(N) − v(∅) to rounding.
    package var sum: Double { values.reduce(0) { $0 + $1.value } }

    /// The probability that player `i` is worth more than player `j`, by the normal law of the two errors.
    package func probability(_ i: Int, above j: Int) -> Double {
        let difference = values[i].value - values[j].value
        let variance = covariance[i, i] + covariance[j, j] - 2 * covariance[i, j]
        guard variance > 0 else { return difference > 0 ? 1 : difference < 0 ? 0 : 0.5 }
        return Normal.cumulative(difference / variance.squareRoot())
    }
}
