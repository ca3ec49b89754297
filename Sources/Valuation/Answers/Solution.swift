import Numerics

/// What one estimator computed, before it is brought to exact efficiency.
struct Solution: Sendable {
    /// One value for each player.
    var values: [Double]
    /// Covariance of their errors.
    var covariance: Matrix
    /// Variance of one evaluation as far as the estimator knows.
    var noiseVariance: Double?
    /// Leave-one-out share of explained variance.
    var looR2: Double?
    /// What the estimator has to warn of.
    var warnings: [String] = []

    /// Moves every value by the same amount so that they add up to `gain`, and the covariance with them.
    ///
    /// With P = I − 11ᵀ/n the errors become P·e + (error of the gain)/n, hence P·V·P + Var(gain)/n².
    mutating func makeEfficient(gain: Double, gainVariance: Double) {
        let n = values.count
        let shift = (gain - values.reduce(0, +)) / Double(n)
        for i in 0..<n { values[i] += shift }
        let rowMeans = (0..<n).map { i in (0..<n).reduce(0.0) { $0 + covariance[i, $1] } / Double(n) }
        let mean = rowMeans.reduce(0, +) / Double(n)
        let common = gainVariance / Double(n * n)
        for i in 0..<n {
            for j in 0..<n { covariance[i, j] += mean - rowMeans[i] - rowMeans[j] + common }
        }
    }
}
