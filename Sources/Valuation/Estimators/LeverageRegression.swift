import Errors
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

    /// Ridge regression on the odd parts ½(t_S − t_{N∖S}) of pairs, its strength integrated over.
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
    ) throws(LaurelError) -> RidgePosterior.Fit? {
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
        return try RidgePosterior(rows: rows, targets: odd, weights: pairWeights).solve(isExact: isExact)
    }
}
