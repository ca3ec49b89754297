import Errors
import Glibc
import Numerics

/// Regression in the space of players' differences, with the weights of leverage-score sampling (Musco, Witter 2025).
///
/// Rows are x = z − k/n and t = y − v(∅) − Δk/n; weights are the kernel's law of sizes over the number of coalitions of
/// the size, which is 1/(k(n−k)) for sizes drawn uniformly and the exact kernel when everything was evaluated.
enum LeverageRegression {
    /// Weights of the interior rows; multiplicities included, mean one.
    private static func weights(_ data: Evaluations, _ multiplicities: [Double]) -> [Double] {
        let law = Combinatorics.kernelSizeLaw(data.playerCount)
        let counts = data.sizeCounts
        let raw = data.interior.enumerated().map { row, pooled in
            multiplicities[row] * law[pooled.size] / Double(counts[pooled.size] * pooled.repeats)
        }
        let mean = raw.reduce(0, +) / Double(max(1, raw.count))
        return mean > 0 ? raw.map { $0 / mean } : raw
    }

    private static func centredMasks(_ data: Evaluations) -> Matrix {
        var masks = KernelRegression.masks(data)
        for (row, pooled) in data.interior.enumerated() {
            let share = Double(pooled.size) / Double(data.playerCount)
            for player in 0..<data.playerCount { masks[row, player] -= share }
        }
        return masks
    }

    private static func targets(_ data: Evaluations, _ resample: Resample) -> [Double] {
        data.interior.map {
            $0.value - resample.vEmpty - resample.gain * Double($0.size) / Double(data.playerCount)
        }
    }

    /// Least squares on all rows; the shortest solution where the rows do not determine one.
    static func plain(_ data: Evaluations, _ resample: Resample) throws(LaurelError) -> [Double] {
        let n = data.playerCount
        let rows = centredMasks(data)
        let weights = weights(data, resample.weights)
        var normal = KernelRegression.gram(rows, weights)
        let right = LinearAlgebra.product(
            rows, zip(weights, targets(data, resample)).map { $0 * $1 }, transposeA: true)
        // All rows are orthogonal to the vector of ones; filling that direction makes the matrix regular.
        let fill = normal.diagonal.reduce(0, +) / Double(n * n)
        for position in normal.values.indices { normal.values[position] += fill }
        do {
            let beta: [Double]
            do throws(LinearAlgebraError) {
                beta = try Cholesky(normal).solve(right)
            } catch .notPositiveDefinite {
                beta = LinearAlgebra.product(try LinearAlgebra.pseudoInverse(normal, tolerance: 1e-12), right)
            }
            return beta.map { $0 + resample.gain / Double(n) }
        } catch {
            throw LaurelError.input(
                "the regression did not converge", next: "look for values of wildly different magnitude")
        }
    }

    /// A fitted ridge regression on odd parts.
    struct Ridge {
        /// Effects around Δ/n, adding up to zero.
        var effects: [Double]
        /// Their posterior covariance.
        var covariance: Matrix
    }

    /// Ridge regression on the odd parts ½(t_S − t_{N∖S}) of pairs, its strength by marginal likelihood.
    ///
    /// - Parameters:
    ///   - data: the rows.
    ///   - resample: their multiplicities, and the ends.
    ///   - isExact: leaves the ridge out (all coalitions, no noise).
    ///   - isIncluded: which interior rows take part; a pair needs both.
    /// - Returns: nil when there are fewer than two pairs.
    /// - Throws: ``LaurelError`` when the decomposition does not converge.
    static func ridge(
        _ data: Evaluations, _ resample: Resample, isExact: Bool = false, isIncluded: (Int) -> Bool = { _ in true }
    ) throws(LaurelError) -> Ridge? {
        let n = data.playerCount
        let pairs = data.pairs.filter { isIncluded($0.0) && isIncluded($0.1) }
        guard pairs.count >= 2 else { return nil }
        let all = centredMasks(data)
        let rowWeights = weights(data, resample.weights)
        let target = targets(data, resample)
        var rows = Matrix(rows: pairs.count, columns: n)
        var odd = [Double](repeating: 0, count: pairs.count)
        var pairWeights = odd
        for (position, pair) in pairs.enumerated() {
            for player in 0..<n { rows[position, player] = all[pair.0, player] }
            odd[position] = (target[pair.0] - target[pair.1]) / 2
            let known = (data.interior[pair.0].knownVariance + data.interior[pair.1].knownVariance) / 4
            pairWeights[position] = (rowWeights[pair.0] + rowWeights[pair.1]) / 2
            if known > 0 { pairWeights[position] /= 1 + known / (data.repeatVariance ?? known) }
        }
        let right = LinearAlgebra.product(rows, zip(pairWeights, odd).map { $0 * $1 }, transposeA: true)
        let square = zip(pairWeights, odd).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }
        let eigen: LinearAlgebra.SymmetricEigen
        do {
            eigen = try LinearAlgebra.symmetricEigen(KernelRegression.gram(rows, pairWeights))
        } catch {
            throw LaurelError.input(
                "the regression did not converge", next: "look for values of wildly different magnitude")
        }
        return shrink(eigen, right, square: square, rows: pairs.count, isExact: isExact)
    }

    /// Solves in the eigenbasis; the evidence of a ridge λ needs sums over eigenvalues only.
    private static func shrink(
        _ eigen: LinearAlgebra.SymmetricEigen, _ right: [Double], square: Double, rows: Int, isExact: Bool
    ) -> Ridge {
        let rotated = LinearAlgebra.product(eigen.vectors, right, transposeA: true)
        let largest = max(eigen.values.last ?? 0, .leastNormalMagnitude)
        func residual(_ ridge: Double) -> Double {
            max(
                square - zip(rotated, eigen.values).reduce(0) { $0 + $1.0 * $1.0 / (max($1.1, 0) + ridge) },
                1e-14 * square)
        }
        func cost(_ logRidge: Double) -> Double {
            let ridge = exp(logRidge)
            let volume = eigen.values.reduce(0) { $0 + log1p(max($1, 0) / ridge) }
            return Double(rows) * log(max(residual(ridge) / Double(rows), 1e-300)) + volume
        }
        var ridge = 1e-13 * largest
        if !isExact {
            var low = log(1e-8 * largest)
            var high = log(1e4 * largest)
            let golden = 0.6180339887498949
            for _ in 0..<60 {
                let left = high - golden * (high - low)
                let right = low + golden * (high - low)
                if cost(left) < cost(right) { high = right } else { low = left }
            }
            ridge = exp((low + high) / 2)
        }
        let variance = isExact ? 0 : residual(ridge) / Double(rows)
        let count = rotated.count
        // The direction of ones carries no effect: its eigenvalue is zero by construction, and it gets no variance.
        let isDetermined = eigen.values.map { $0 > 1e-10 * largest }
        let coefficients = (0..<count).map {
            isDetermined[$0] ? rotated[$0] / (eigen.values[$0] + (isExact ? 0 : ridge)) : 0
        }
        var scaled = eigen.vectors
        for column in 0..<count {
            let deviation = (variance / (max(eigen.values[column], 0) + ridge)).squareRoot()
            for row in 0..<count { scaled[row, column] *= deviation }
        }
        var covariance = LinearAlgebra.symmetricProduct(scaled)
        let means = (0..<count).map { row in (0..<count).reduce(0.0) { $0 + covariance[row, $1] } / Double(count) }
        let mean = means.reduce(0, +) / Double(count)
        for i in 0..<count {
            for j in 0..<count { covariance[i, j] += mean - means[i] - means[j] }
        }
        return Ridge(effects: LinearAlgebra.product(eigen.vectors, coefficients), covariance: covariance)
    }
}
