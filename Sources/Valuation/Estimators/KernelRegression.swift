import Errors
import Numerics

/// Regressions on coalitions drawn from the Shapley kernel: the published estimator and its unbiased sister.
enum KernelRegression {
    /// The published closed form (Lu et al. 2025, following Covert and Lee 2021, eq. 7).
    ///
    /// With A the mean of zzᵀ and b the mean of z(y − v₀): β = A⁻¹(b − 1·(1ᵀA⁻¹b − Δ)/(1ᵀA⁻¹1)), A⁻¹ by pseudo-inverse,
    /// |β| < 1e-10 set to zero. When all 2ⁿ coalitions are there, each once, nothing was sampled and the means become
    /// the expectations under the kernel's law.
    ///
    /// - Parameters:
    ///   - data: the rows.
    ///   - resample: their multiplicities, and the ends.
    ///   - pairsOnly: leaves out coalitions without complement.
    ///   - isReplicate: takes a Cholesky factor where there is one; 50 times faster, equal to rounding.
    /// - Returns: one value for each player.
    /// - Throws: ``LaurelError`` when no row is left or the decomposition does not converge.
    static func published(
        _ data: Evaluations, _ resample: Resample, pairsOnly: Bool, isReplicate: Bool
    ) throws(LaurelError) -> [Double] {
        let n = data.playerCount
        var weights = resample.weights
        if data.isComplete {
            let law = Combinatorics.kernelSizeLaw(n)
            let counts = data.sizeCounts
            for (row, pooled) in data.interior.enumerated() {
                weights[row] *= law[pooled.size] / Double(counts[pooled.size] * pooled.repeats)
            }
        }
        if pairsOnly {
            for (row, partner) in data.partner.enumerated() where partner == nil { weights[row] = 0 }
        }
        let total = weights.reduce(0, +)
        guard total > 0 else { throw noRows(pairsOnly) }
        let masks = self.masks(data)
        let moments = Matrix(
            rows: n, columns: n,
            values: gram(masks, weights.map { $0 / total }).values)
        let right = LinearAlgebra.product(
            masks, zip(weights, data.interior).map { $0 * ($1.value - resample.vEmpty) / total }, transposeA: true)
        do {
            let solved = try solve(moments, right, preferCholesky: isReplicate)
            let excess = (solved.right.reduce(0, +) - resample.gain) / solved.ones.reduce(0, +)
            return zip(solved.right, solved.ones).map { value, one in
                let beta = value - excess * one
                return abs(beta) < 1e-10 ? 0 : beta
            }
        } catch {
            throw LaurelError.input(
                "the regression did not converge", next: "look for values of wildly different magnitude")
        }
    }

    private static func noRows(_ pairsOnly: Bool) -> LaurelError {
        pairsOnly
            ? .input(
                "no coalition was evaluated together with its complement", next: "use a paired design, or estimator gp")
            : .input("no coalition was evaluated", next: "evaluate some")
    }

    private static func solve(
        _ moments: Matrix, _ right: [Double], preferCholesky: Bool
    ) throws(LinearAlgebraError) -> (right: [Double], ones: [Double]) {
        let ones = [Double](repeating: 1, count: right.count)
        if preferCholesky {
            do throws(LinearAlgebraError) {
                let cholesky = try Cholesky(moments)
                return (cholesky.solve(right), cholesky.solve(ones))
            } catch .notPositiveDefinite {
                // a resample of too few distinct coalitions: the pseudo-inverse below answers
            }
        }
        let inverse = try LinearAlgebra.pseudoInverse(moments)
        return (LinearAlgebra.product(inverse, right), LinearAlgebra.product(inverse, ones))
    }

    /// Covert and Lee's unbiased estimator: the exact second moment ½I + a(11ᵀ − I) in place of the sampled one.
    ///
    /// Values are centred by the line between the ends first, and the right side is averaged within sizes, weighted by
    /// the kernel's law of sizes, so that any design that covers the sizes will do.
    static func unbiased(_ data: Evaluations, _ resample: Resample) throws(LaurelError) -> [Double] {
        let n = data.playerCount
        let law = Combinatorics.kernelSizeLaw(n)
        var sizeWeights = [Double](repeating: 0, count: n + 1)
        for (row, pooled) in data.interior.enumerated() { sizeWeights[pooled.size] += resample.weights[row] }
        let covered = (1..<n).reduce(0.0) { $0 + (sizeWeights[$1] > 0 ? law[$1] : 0) }
        guard covered > 0 else { throw noRows(false) }
        let rowWeights = data.interior.enumerated().map { row, pooled in
            let centred =
                pooled.value - resample.vEmpty - resample.gain * Double(pooled.size) / Double(n)
            return resample.weights[row] * law[pooled.size] / (sizeWeights[pooled.size] * covered) * centred
        }
        let finite = zip(rowWeights, resample.weights).map { $1 > 0 ? $0 : 0 }
        let right = LinearAlgebra.product(masks(data), finite, transposeA: true)
        var together = 0.0  // probability that two given players are both in
        for k in 1..<n { together += law[k] * Double(k * (k - 1)) / Double(n * (n - 1)) }
        let mean = right.reduce(0, +) / Double(n)
        return right.map { ($0 - mean) / (0.5 - together) + resample.gain / Double(n) }
    }

    /// Masks of the interior coalitions, one row each.
    static func masks(_ data: Evaluations) -> Matrix {
        var masks = Matrix(rows: data.interior.count, columns: data.playerCount)
        for (row, pooled) in data.interior.enumerated() {
            for player in pooled.coalition.members { masks[row, player] = 1 }
        }
        return masks
    }

    /// Σ w·x·xᵀ over the rows of a matrix, for non-negative weights.
    static func gram(_ rows: Matrix, _ weights: [Double]) -> Matrix {
        var scaled = rows
        for row in 0..<rows.rows {
            let root = weights[row].squareRoot()
            for column in 0..<rows.columns { scaled.values[row * rows.columns + column] *= root }
        }
        return LinearAlgebra.symmetricProduct(scaled, transposed: true)
    }
}
