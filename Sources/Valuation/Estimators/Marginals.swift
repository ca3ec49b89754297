import Errors
import Glibc
import Numerics

/// Estimators made of marginal contributions v(S∪i) − v(S) of which both ends were evaluated.
enum Marginals {
    /// Means of marginal contributions within sizes, averaged over the sizes that have any (permutation sampling).
    ///
    /// Standard errors come from the spread within a player's sizes.
    ///
    /// - Throws: ``LaurelError`` when some player was never added to an evaluated coalition.
    static func permutation(_ data: Evaluations, law: [Double]) throws(LaurelError) -> Solution {
        let n = data.playerCount
        var valueOf: [Coalition: Double] = [:]
        for pooled in data.interior + [data.empty, data.full] { valueOf[pooled.coalition] = pooled.value }
        var counts = Matrix(rows: n, columns: n)
        var sums = counts
        var squares = counts
        for pooled in data.interior + [data.empty] {
            for player in 0..<n where !pooled.coalition.contains(player) {
                guard let joined = valueOf[pooled.coalition.inserting(player)] else { continue }
                let marginal = joined - pooled.value
                counts[player, pooled.size] += 1
                sums[player, pooled.size] += marginal
                squares[player, pooled.size] += marginal * marginal
            }
        }
        var solution = Solution(values: [Double](repeating: 0, count: n), covariance: Matrix(rows: n, columns: n))
        for player in 0..<n {
            let sizes = (0..<n).filter { law[$0] > 0 && counts[player, $0] > 0 }
            let covered = sizes.reduce(0) { $0 + law[$1] }
            guard covered > 0 else {
                throw LaurelError.input(
                    "no evaluated pair of coalitions differs by player number \(player + 1) alone",
                    next: "use a permutation design, or estimator gp")
            }
            var spread = 0.0
            var freedom = 0.0
            for k in sizes {
                let mean = sums[player, k] / counts[player, k]
                solution.values[player] += law[k] / covered * mean
                spread += max(0, squares[player, k] - counts[player, k] * mean * mean)
                freedom += counts[player, k] - 1
            }
            if freedom < 1 {  // one marginal a size: their spread over sizes bounds that within
                let mean = solution.values[player]
                spread = sizes.reduce(0) { sum, k in
                    let apart = sums[player, k] / counts[player, k] - mean
                    return sum + apart * apart
                }
                freedom = Double(max(1, sizes.count - 1))
            }
            solution.covariance[player, player] = sizes.reduce(0.0) { sum, k in
                let weight = law[k] / covered
                return sum + weight * weight * spread / freedom / counts[player, k]
            }
        }
        return solution
    }

    /// The definition of the semivalue, from all 2ⁿ coalitions.
    ///
    /// Errors of the evaluations pass through linearly; without repeats or reported variances the rows count as exact.
    ///
    /// - Throws: ``LaurelError`` when a coalition is missing.
    static func exact(_ data: Evaluations, law: [Double]) throws(LaurelError) -> Solution {
        let n = data.playerCount
        guard data.isComplete else {
            let total = n < 63 ? "\(1 << n)" : "2^\(n)"
            throw LaurelError.input(
                "estimator exact needs all \(total) coalitions, \(data.interior.count + 2) are there",
                next: "evaluate the others, or use estimator gp")
        }
        // A player's weight for a coalition of k members: joined to k−1 others, or missing from k.
        let joined = (0...n).map { $0 == 0 ? 0 : law[$0 - 1] * exp(-Combinatorics.logBinomial(n - 1, $0 - 1)) }
        let missing = (0...n).map { $0 == n ? 0 : law[$0] * exp(-Combinatorics.logBinomial(n - 1, $0)) }
        var solution = Solution(values: [Double](repeating: 0, count: n), covariance: Matrix(rows: n, columns: n))
        for pooled in data.interior + [data.empty, data.full] {
            let weights = (0..<n).map { pooled.coalition.contains($0) ? joined[pooled.size] : -missing[pooled.size] }
            for player in 0..<n { solution.values[player] += weights[player] * (pooled.value - data.empty.value) }
            let measured = (data.repeatVariance ?? 0) / Double(pooled.repeats)
            let variance = max(measured, pooled.knownVariance)
            guard variance > 0 else { continue }
            for i in 0..<n {
                for j in 0..<n { solution.covariance[i, j] += variance * weights[i] * weights[j] }
            }
        }
        if !data.showsNoise {
            solution.warnings.append(
                "nothing in the rows measures noise: they count as exact and the intervals have no width")
        }
        return solution
    }
}
