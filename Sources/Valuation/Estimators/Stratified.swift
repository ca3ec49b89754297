import Numerics

/// Estimators that average within strata of size; they serve every semivalue.
enum Stratified {
    /// SVARM (Kolpaczki et al. 2024): for each player and size the mean value with and without her.
    ///
    /// φᵢ = Σₖ p(k)·(mean over S∋i of size k+1 − mean over S∌i of size k). A stratum without rows takes the mean of its
    /// size; a size without rows is interpolated between its neighbours.
    ///
    /// Errors: rows scatter within sizes, and a stratum's mean misses by that scatter over the number of its rows. What is
    /// missed by putting the size's mean in place of an empty stratum is a player's own effect, in one direction at every
    /// size, so these add up before they are squared; in an additive game of the same scatter its variance is the
    /// scatter's times (1−k/n)/k with her and (k/n)/(n−k) without. Resampling cannot see this part, and falls short by it.
    static func svarm(_ data: Evaluations, law: [Double]) -> Solution {
        let n = data.playerCount
        let strata = Strata(data)
        let scatter = strata.scatter(data)
        var values = [Double](repeating: 0, count: n)
        var covariance = Matrix(rows: n, columns: n)
        for player in 0..<n {
            var variance = 0.0
            var missed = 0.0
            for size in 0...n {
                let joined = size > 0 ? law[size - 1] : 0
                let missing = size < n ? law[size] : 0
                let with = strata.counts[size, player]
                let without = strata.sizeCounts[size] - with
                if size == 0 || size == n {
                    values[player] += (joined - missing) * strata.means[size]
                    continue
                }
                let share = Double(size) / Double(n)
                values[player] += joined * (with > 0 ? strata.sums[size, player] / with : strata.means[size])
                let rest = strata.sizeSums[size] - strata.sums[size, player]
                values[player] -= missing * (without > 0 ? rest / without : strata.means[size])
                if with > 0 {
                    variance += joined * joined * scatter[size] / with
                } else {
                    missed += joined * (scatter[size] * (1 - share) / Double(size)).squareRoot()
                }
                if without > 0 {
                    variance += missing * missing * scatter[size] / without
                } else {
                    missed += missing * (scatter[size] * share / Double(n - size)).squareRoot()
                }
            }
            covariance[player, player] = variance + missed * missed
        }
        return Solution(
            values: values,
            covariance: data.isComplete && !data.showsNoise ? Matrix(rows: n, columns: n) : covariance)
    }

    /// Sums and counts by size, with each player and altogether; repeats count as often as they were made.
    private struct Strata {
        /// Sizes × players: sums of values of coalitions that hold the player.
        var sums: Matrix
        /// Their number.
        var counts: Matrix
        var sizeSums: [Double]
        var sizeCounts: [Double]
        /// Mean value by size, straight lines over sizes that were never evaluated.
        var means: [Double]

        init(_ data: Evaluations) {
            let n = data.playerCount
            sums = Matrix(rows: n + 1, columns: n)
            counts = sums
            sizeSums = [Double](repeating: 0, count: n + 1)
            sizeCounts = sizeSums
            means = sizeSums
            for pooled in data.interior {
                let weight = Double(pooled.repeats)
                sizeSums[pooled.size] += weight * pooled.value
                sizeCounts[pooled.size] += weight
                for player in pooled.coalition.members {
                    sums[pooled.size, player] += weight * pooled.value
                    counts[pooled.size, player] += weight
                }
            }
            means[0] = data.empty.value
            means[n] = data.full.value
            var last = 0
            for size in 1...n where size == n || sizeCounts[size] > 0 {
                if size < n { means[size] = sizeSums[size] / sizeCounts[size] }
                for gap in (last + 1)..<max(size, last + 1) {
                    let share = Double(gap - last) / Double(size - last)
                    means[gap] = means[last] + share * (means[size] - means[last])
                }
                last = size
            }
        }

        /// Variance of the rows around their size's mean, by size, pooled over neighbouring sizes until eight degrees of
        /// freedom stand behind it or all of them do.
        func scatter(_ data: Evaluations) -> [Double] {
            let n = data.playerCount
            var squares = [Double](repeating: 0, count: n + 1)
            for pooled in data.interior {
                let apart = pooled.value - means[pooled.size]
                squares[pooled.size] += apart * apart
            }
            let freedom = data.sizeCounts.map { Double(max(0, $0 - 1)) }
            guard freedom.contains(where: { $0 > 0 }) else {
                // One row a size: what neighbours differ by, trend included, bounds the scatter.
                let rows = data.interior.sorted { $0.size < $1.size }
                let steps = zip(rows, rows.dropFirst()).map { ($1.value - $0.value) * ($1.value - $0.value) / 2 }
                let gain = data.gain * data.gain / 12  // a single row may lie anywhere between the ends
                let bound = steps.isEmpty ? gain : steps.reduce(0, +) / Double(steps.count)
                return [Double](repeating: bound, count: n + 1)
            }
            return (0...n).map { size in
                var reach = 0
                while true {
                    let near = max(0, size - reach)...min(n, size + reach)
                    let known = near.reduce(0.0) { $0 + freedom[$1] }
                    if known >= 8 || reach >= n {
                        return near.reduce(0.0) { $0 + (freedom[$1] > 0 ? squares[$1] : 0) } / max(1, known)
                    }
                    reach += 1
                }
            }
        }
    }
}
