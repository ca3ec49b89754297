import Errors
import Numerics

/// Estimators that average within strata of size; they serve every semivalue.
enum Stratified {
    /// SVARM (Kolpaczki et al. 2024): for each player and size the mean value with and without her.
    ///
    /// φᵢ = Σₖ p(k)·(mean over S∋i of size k+1 − mean over S∌i of size k). A stratum without rows takes the mean of its
    /// size; a size without rows is interpolated between its neighbours.
    static func svarm(_ data: Evaluations, _ resample: Resample, law: [Double]) -> [Double] {
        let n = data.playerCount
        var sums = Matrix(rows: n + 1, columns: n)
        var counts = Matrix(rows: n + 1, columns: n)
        var sizeSums = [Double](repeating: 0, count: n + 1)
        var sizeCounts = sizeSums
        for (row, pooled) in data.interior.enumerated() where resample.weights[row] > 0 {
            let weight = resample.weights[row]
            sizeSums[pooled.size] += weight * pooled.value
            sizeCounts[pooled.size] += weight
            for player in 0..<n where pooled.coalition.contains(player) {
                sums[pooled.size, player] += weight * pooled.value
                counts[pooled.size, player] += weight
            }
        }
        let means = sizeMeans(sums: sizeSums, counts: sizeCounts, resample)
        return (0..<n).map { player in
            (0..<n).reduce(0.0) { value, k in
                guard law[k] > 0 else { return value }
                let with =
                    k + 1 == n
                    ? resample.vFull
                    : counts[k + 1, player] > 0 ? sums[k + 1, player] / counts[k + 1, player] : means[k + 1]
                let others = sizeCounts[k] - counts[k, player]
                let without =
                    k == 0
                    ? resample.vEmpty
                    : others > 0 ? (sizeSums[k] - sums[k, player]) / others : means[k]
                return value + law[k] * (with - without)
            }
        }
    }

    /// Mean value by size, straight lines over sizes that were never evaluated.
    private static func sizeMeans(sums: [Double], counts: [Double], _ resample: Resample) -> [Double] {
        let n = sums.count - 1
        var means = [Double](repeating: 0, count: n + 1)
        means[0] = resample.vEmpty
        means[n] = resample.vFull
        var last = 0
        for size in 1...n where size == n || counts[size] > 0 {
            if size < n { means[size] = sums[size] / counts[size] }
            for gap in (last + 1)..<max(size, last + 1) {
                let share = Double(gap - last) / Double(size - last)
                means[gap] = means[last] + share * (means[size] - means[last])
            }
            last = size
        }
        return means
    }

    /// Maximum sample reuse on the residuals of a regression (Witter et al. 2025), cross-fitted by pairs.
    ///
    /// The regression's values are known; every coalition corrects every player by its residual, weighted by the inverse
    /// of its sampling probability within its size. Sizes that were never evaluated are left to the regression.
    static func msr(_ data: Evaluations, _ resample: Resample, law: [Double]) throws(LaurelError) -> [Double] {
        let n = data.playerCount
        // With every coalition at hand nothing was sampled, and one fit serves all.
        let folds = data.isComplete ? 1 : 5
        var fold = [Int](repeating: 0, count: data.interior.count)
        for (position, unit) in BootstrapUnits(data).units.enumerated() {
            for row in unit { fold[row] = position % folds }
        }
        var effects = Matrix(rows: folds, columns: n)
        for held in 0..<folds {
            let fit = try LeverageRegression.ridge(data, resample) { folds == 1 || fold[$0] != held }
            for player in 0..<n { effects[held, player] = fit?.effects[player] ?? 0 }
        }
        var residuals = [Double](repeating: 0, count: data.interior.count)
        var sizeSums = [Double](repeating: 0, count: n + 1)
        var sizeCounts = sizeSums
        for (row, pooled) in data.interior.enumerated() {
            residuals[row] = pooled.value - resample.vEmpty - resample.gain * Double(pooled.size) / Double(n)
            for player in pooled.coalition.members { residuals[row] -= effects[fold[row], player] }
            sizeSums[pooled.size] += resample.weights[row] * residuals[row]
            sizeCounts[pooled.size] += resample.weights[row]
        }
        var values = (0..<n).map { player in
            resample.gain / Double(n) + (0..<folds).reduce(0.0) { $0 + effects[$1, player] } / Double(folds)
        }
        for (row, pooled) in data.interior.enumerated() where resample.weights[row] > 0 {
            let k = pooled.size
            let weight = resample.weights[row] / sizeCounts[k]
            let centred = residuals[row] - sizeSums[k] / sizeCounts[k]
            let joined = law[k - 1] * Double(n) / Double(k)
            let missing = law[k] * Double(n) / Double(n - k)
            for player in 0..<n {
                values[player] += weight * centred * (pooled.coalition.contains(player) ? joined : -missing)
            }
        }
        let common = (1..<max(n, 2)).reduce(0.0) { sum, k in
            k < n && sizeCounts[k] > 0 ? sum + (law[k - 1] - law[k]) * sizeSums[k] / sizeCounts[k] : sum
        }
        return values.map { $0 + common }
    }
}
