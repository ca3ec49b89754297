import Errors
import Numerics

/// Estimators in which every coalition speaks for every player.
enum SampleReuse {
    /// Additive regressions, each fitted without one fold of the pairs, and which fold every interior row belongs to.
    struct CrossFit {
        /// Folds × players, effects around Δ/n.
        let effects: Matrix
        let fold: [Int]

        init(_ data: Evaluations) throws(LaurelError) {
            let n = data.playerCount
            // With every coalition at hand nothing was sampled, and one fit serves all.
            let folds = data.isComplete ? 1 : 5
            var fold = [Int](repeating: 0, count: data.interior.count)
            for (position, unit) in BootstrapUnits(data).units.enumerated() {
                for row in unit { fold[row] = position % folds }
            }
            var effects = Matrix(rows: folds, columns: n)
            for held in 0..<folds {
                let fit = try LeverageRegression.ridge(data, Resample(data)) { folds == 1 || fold[$0] != held }
                for player in 0..<n { effects[held, player] = fit?.effects[player] ?? 0 }
            }
            self.effects = effects
            self.fold = fold
        }
    }

    /// Maximum sample reuse on the residuals of a regression (Witter et al. 2025), cross-fitted by pairs.
    ///
    /// The regression's values are known; every coalition corrects every player by its residual, weighted by the inverse
    /// of its sampling probability within its size. Sizes that were never evaluated are left to the regression. The
    /// correction is unbiased whatever regression it starts from, as long as that has not seen the row.
    ///
    /// The errors come from the sum over pairs of what each corrects, centred within sizes; the loss of a degree of freedom
    /// a size is made good, and a size with one row keeps its residual whole. The fitted part adds none: whatever it
    /// misses is in the residuals.
    static func msr(_ data: Evaluations, law: [Double]) throws(LaurelError) -> Solution {
        let n = data.playerCount
        let ends = Resample(data)
        let fit = try CrossFit(data)
        let effects = fit.effects
        let fold = fit.fold
        let folds = effects.rows
        var residuals = [Double](repeating: 0, count: data.interior.count)
        var sizeSums = [Double](repeating: 0, count: n + 1)
        var sizeCounts = sizeSums
        for (row, pooled) in data.interior.enumerated() {
            residuals[row] = pooled.value - ends.vEmpty - ends.gain * Double(pooled.size) / Double(n)
            for player in pooled.coalition.members { residuals[row] -= effects[fold[row], player] }
            sizeSums[pooled.size] += ends.weights[row] * residuals[row]
            sizeCounts[pooled.size] += ends.weights[row]
        }
        var values = (0..<n).map { player in
            ends.gain / Double(n) + (0..<folds).reduce(0.0) { $0 + effects[$1, player] } / Double(folds)
        }
        let counts = data.sizeCounts
        let units = BootstrapUnits(data).units
        var unitOf = [Int](repeating: 0, count: data.interior.count)
        for (position, unit) in units.enumerated() {
            for row in unit { unitOf[row] = position }
        }
        var scatter = Matrix(rows: units.count, columns: n)
        for (row, pooled) in data.interior.enumerated() {
            let k = pooled.size
            let weight = ends.weights[row] / sizeCounts[k]
            let centred = residuals[row] - sizeSums[k] / sizeCounts[k]
            let count = Double(counts[k])
            let spread = count > 1 ? centred * (count / (count - 1)).squareRoot() : residuals[row]
            let joined = law[k - 1] * Double(n) / Double(k)
            let missing = law[k] * Double(n) / Double(n - k)
            for player in 0..<n {
                let share = weight * (pooled.coalition.contains(player) ? joined : -missing)
                values[player] += share * centred
                scatter[unitOf[row], player] += share * spread
            }
        }
        let common = (1..<max(n, 2)).reduce(0.0) { sum, k in
            k < n && sizeCounts[k] > 0 ? sum + (law[k - 1] - law[k]) * sizeSums[k] / sizeCounts[k] : sum
        }
        return Solution(
            values: values.map { $0 + common },
            covariance: data.isComplete && !data.showsNoise
                ? Matrix(rows: n, columns: n) : LinearAlgebra.symmetricProduct(scatter, transposed: true))
    }
}
