import Errors
import Glibc
import Numerics

/// A weighted ridge regression whose strength is averaged over its posterior law, with errors that need not be alike.
///
/// The evidence of a ridge λ needs sums over eigenvalues only, so that a grid of them costs little. The best λ alone would
/// make the intervals collapse where it is large. The errors' part of the covariance is the sandwich with the residuals'
/// own squares (HC3): how far pairs lie from any additive game differs by size, whatever the weights say.
struct RidgePosterior {
    /// What came out.
    struct Fit {
        /// Effects around Δ/n, adding up to zero.
        var effects: [Double]
        /// Their posterior covariance.
        var covariance: Matrix
    }

    private let eigen: LinearAlgebra.SymmetricEigen
    /// Rows in the eigenbasis.
    private let rows: Matrix
    private let targets: [Double]
    private let weights: [Double]
    private let rotated: [Double]
    private let square: Double
    private let largest: Double

    /// Decomposes the weighted moments of the rows.
    ///
    /// - Throws: ``LaurelError`` when the decomposition does not converge.
    init(rows: Matrix, targets: [Double], weights: [Double]) throws(LaurelError) {
        do {
            eigen = try LinearAlgebra.symmetricEigen(KernelRegression.gram(rows, weights))
        } catch {
            throw LaurelError.input(
                "the regression did not converge", next: "look for values of wildly different magnitude")
        }
        self.rows = LinearAlgebra.product(rows, eigen.vectors)
        self.targets = targets
        self.weights = weights
        rotated = LinearAlgebra.product(self.rows, zip(weights, targets).map { $0 * $1 }, transposeA: true)
        square = zip(weights, targets).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }
        largest = max(eigen.values.last ?? 0, .leastNormalMagnitude)
    }

    /// Weighted sum of squares that a ridge leaves, the penalty included.
    private func residual(_ ridge: Double) -> Double {
        max(square - zip(rotated, eigen.values).reduce(0) { $0 + $1.0 * $1.0 / (max($1.1, 0) + ridge) }, 1e-14 * square)
    }

    /// −2 × the logarithm of the evidence, up to a constant.
    private func cost(_ ridge: Double) -> Double {
        let volume = eigen.values.reduce(0) { $0 + log1p(max($1, 0) / ridge) }
        return Double(targets.count) * log(max(residual(ridge) / Double(targets.count), 1e-300)) + volume
    }

    /// The direction of ones carries no effect: its eigenvalue is zero by construction, and it gets nothing.
    private func coefficients(_ ridge: Double) -> [Double] {
        zip(rotated, eigen.values).map { $1 > 1e-10 * largest ? $0 / ($1 + ridge) : 0 }
    }

    /// Effects and covariance; without ridge and covariance when the rows are everything there is and exact.
    func solve(isExact: Bool) -> Fit {
        let count = rotated.count
        if isExact {
            return Fit(
                effects: LinearAlgebra.product(eigen.vectors, coefficients(0)),
                covariance: Matrix(rows: count, columns: count))
        }
        // Beyond a hundred times the largest eigenvalue nothing is left of any effect.
        let grid = (0...60).map { 1e-8 * largest * pow(10, Double($0) / 6) }
        let costs = grid.map(cost)
        let best = costs.indices.min { costs[$0] < costs[$1] } ?? 0
        let evidence = costs.map { exp((costs[best] - $0) / 2) }
        let total = evidence.reduce(0, +)
        let members = grid.indices.map { (ridge: grid[$0], weight: evidence[$0] / total, fit: coefficients(grid[$0])) }
        var mean = [Double](repeating: 0, count: count)
        for member in members {
            for index in 0..<count { mean[index] += member.weight * member.fit[index] }
        }
        return Fit(
            effects: LinearAlgebra.product(eigen.vectors, mean),
            covariance: rotatedBack(covariance(members, mean, scatter(ridge: grid[best]))))
    }

    /// Σ w²e²·xxᵀ over the rows, each residual divided by one minus its leverage.
    private func scatter(ridge: Double) -> Matrix {
        let fitted = LinearAlgebra.product(rows, coefficients(ridge))
        let factors = targets.indices.map { row in
            let leverage = zip(rows.row(row), eigen.values).reduce(0.0) {
                $0 + weights[row] * $1.0 * $1.0 / (max($1.1, 0) + ridge)
            }
            let error = weights[row] * (targets[row] - fitted[row]) / max(0.05, 1 - leverage)
            return error * error
        }
        return KernelRegression.gram(rows, factors)
    }

    /// In the eigenbasis: errors of the rows, what the ridge holds back, and what the ridges differ in.
    private func covariance(
        _ members: [(ridge: Double, weight: Double, fit: [Double])], _ mean: [Double], _ scatter: Matrix
    ) -> Matrix {
        let count = mean.count
        let isDetermined = eigen.values.map { $0 > 1e-10 * largest }
        var result = Matrix(rows: count, columns: count)
        for member in members where member.weight > 1e-6 {
            let variance = residual(member.ridge) / Double(max(1, targets.count - 2))
            let inverse = eigen.values.map { 1 / (max($0, 0) + member.ridge) }
            for i in 0..<count where isDetermined[i] {
                result[i, i] += member.weight * variance * member.ridge * inverse[i] * inverse[i]
                for j in 0..<count where isDetermined[j] {
                    let apart = (member.fit[i] - mean[i]) * (member.fit[j] - mean[j])
                    result[i, j] += member.weight * (scatter[i, j] * inverse[i] * inverse[j] + apart)
                }
            }
        }
        // Directions that no pair has looked along keep what the ridge's prior allows them.
        for member in members where member.weight > 1e-6 {
            let variance = residual(member.ridge) / Double(max(1, targets.count - 2))
            for i in 0..<count where !isDetermined[i] { result[i, i] += member.weight * variance / member.ridge }
        }
        return result
    }

    /// From the eigenbasis to players, without the direction of ones.
    private func rotatedBack(_ inner: Matrix) -> Matrix {
        var covariance = LinearAlgebra.product(
            eigen.vectors, LinearAlgebra.product(inner, eigen.vectors, transposeB: true))
        let count = inner.rows
        let means = (0..<count).map { row in (0..<count).reduce(0.0) { $0 + covariance[row, $1] } / Double(count) }
        let mean = means.reduce(0, +) / Double(count)
        for i in 0..<count {
            for j in 0..<count { covariance[i, j] += mean - means[i] - means[j] }
        }
        return covariance
    }
}
