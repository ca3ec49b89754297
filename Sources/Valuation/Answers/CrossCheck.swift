package import Errors
import Glibc

/// How another estimator sees the same evaluations.
package struct CrossCheck: Hashable, Sendable {
    /// The other estimator.
    package let estimator: EstimatorName
    /// Spearman's correlation of the two lists of values; nil when one of them has no order.
    package let rankCorrelation: Double?
    /// Length of the difference over the length of the checked values.
    package let relativeL2: Double
    /// Mean squared difference in units of both variances; about 1 or less where the errors explain the difference.
    package let discrepancy: Double
    /// Whether the two differ by more than their errors allow.
    package let disagrees: Bool
}

/// Compares an estimate with others that fail in other ways: leverage regression with ridge, and SVARM.
///
/// Estimators that cannot answer for these rows or this index are left out.
package func crossCheck(
    _ checked: Estimate, rows: [EvaluationRow], seed: UInt64 = 0
) throws(LaurelError) -> [CrossCheck] {
    let n = checked.values.count
    guard n > 1 else { return [] }
    let data = try Evaluations(rows, playerCount: n)
    var others: [EstimatorName] = [.svarm]
    if checked.index.isEfficient, data.pairs.count >= 2 { others.insert(.leverageRidge, at: 0) }
    if checked.estimator != .gp, data.interior.count <= GaussianProcess.mostRows { others.insert(.gp, at: 0) }
    others.removeAll { $0 == checked.estimator }
    var results: [CrossCheck] = []
    for name in others {
        let other = try estimate(
            rows: rows, playerCount: n, estimator: name, index: checked.index, seed: seed)
        results.append(compare(checked, other))
    }
    return results
}

/// Compares two estimates of the same players.
package func compare(_ checked: Estimate, _ other: Estimate) -> CrossCheck {
    let mine = checked.values.map(\.value)
    let theirs = other.values.map(\.value)
    let n = Double(mine.count)
    var length = 0.0
    var apart = 0.0
    var discrepancy = 0.0
    for (first, second) in zip(checked.values, other.values) {
        let difference = first.value - second.value
        let variance = first.stdError * first.stdError + second.stdError * second.stdError
        length += first.value * first.value
        apart += difference * difference
        if variance > 0 { discrepancy += difference * difference / variance / n }
    }
    return CrossCheck(
        estimator: other.estimator, rankCorrelation: Ranks.correlation(mine, theirs),
        relativeL2: length > 0 ? (apart / length).squareRoot() : apart > 0 ? .infinity : 0, discrepancy: discrepancy,
        // The mean of n squared normals has standard deviation √(2/n); four of them are no accident.
        disagrees: discrepancy > 1 + 4 * (2 / n).squareRoot())
}

extension CrossCheck {
    /// The sentence for a reader, where there is something to say.
    package var warning: String? {
        guard disagrees else { return nil }
        return "\(estimator) disagrees by more than both errors allow: mean squared difference "
            + "\((discrepancy * 100).rounded() / 100) times its variance"
    }
}
