import Glibc
import Numerics

/// A semivalue as a linear functional of the game, applied to the kernel: what a Gaussian process needs for closed forms.
///
/// Because the kernel sees sizes and overlaps only, the covariance of v(T) with player i's value depends on |T| and on
/// whether i is in T: a table of 2(n+1) numbers serves all players and all coalitions.
struct SemivalueFunctional: Sendable {
    /// Cov(value of i, v(T)) by |T|, for i in T.
    let inside: [Double]
    /// Cov(value of i, v(T)) by |T|, for i not in T.
    let outside: [Double]
    /// Prior variance of one value.
    let variance: Double
    /// Prior covariance of two players' values.
    let covariance: Double

    /// Applies the functional; O(n²).
    ///
    /// - Parameters:
    ///   - kernel: the prior.
    ///   - law: probability that the coalition a player joins has k members.
    ///   - nodes: quadrature of the semivalue's law of q.
    init(_ kernel: CoalitionKernel, law: [Double], nodes: [(q: Double, weight: Double)]) {
        let n = kernel.playerCount
        precondition(n >= 2 && law.count == n, "a functional needs at least two players")
        let interactions = SemivalueFunctional.interactions(kernel, nodes)
        let effects = SemivalueFunctional.effects(kernel, law)
        inside = zip(interactions.inside, effects.inside).map { $0 + $1 }
        outside = zip(interactions.outside, effects.outside).map { $0 + $1 }
        variance = interactions.variance + effects.variance
        covariance = interactions.covariance + effects.covariance
    }

    /// Cov(v(T), value of i) for coalitions T in rows and players i in columns.
    func crossCovariance(of coalitions: [Coalition]) -> Matrix {
        let n = inside.count - 1
        var cross = Matrix(rows: coalitions.count, columns: n)
        for (row, coalition) in coalitions.enumerated() {
            let size = coalition.count
            for player in 0..<n { cross[row, player] = coalition.contains(player) ? inside[size] : outside[size] }
        }
        return cross
    }

    private struct Parts {
        var inside: [Double]
        var outside: [Double]
        var variance = 0.0
        var covariance = 0.0
    }

    /// The exponential term factorises over players, so its expectations are powers under the sign of the integral.
    private static func interactions(_ kernel: CoalitionKernel, _ nodes: [(q: Double, weight: Double)]) -> Parts {
        let n = kernel.playerCount
        let a = kernel.stepCorrelation
        let gap = -expm1(-1 / (Double(n) * kernel.reach))  // 1 − a without cancellation
        var parts = Parts(
            inside: [Double](repeating: 0, count: n + 1), outside: [Double](repeating: 0, count: n + 1))
        for node in nodes {
            // Correlation of another player's presence with her being in T, and with her being outside.
            let present = log(node.q + (1 - node.q) * a)
            let absent = log((1 - node.q) + node.q * a)
            for k in 0...n {
                let scale = kernel.interaction * gap * node.weight
                if k >= 1 { parts.inside[k] += scale * exp(Double(k - 1) * present + Double(n - k) * absent) }
                if k < n { parts.outside[k] -= scale * exp(Double(k) * present + Double(n - k - 1) * absent) }
            }
        }
        for first in nodes {
            for second in nodes {
                let agree = first.q * second.q + (1 - first.q) * (1 - second.q)
                let h = agree + a * (1 - agree)
                let weight = first.weight * second.weight
                let power = pow(h, Double(n - 2))
                parts.variance += weight * 2 * gap * power * h
                parts.covariance += weight * gap * gap * (2 * first.q - 1) * (2 * second.q - 1) * power
            }
        }
        parts.variance *= kernel.interaction
        parts.covariance *= kernel.interaction
        return parts
    }

    /// The other terms are quadratic in the overlap: its first two moments suffice.
    private static func effects(_ kernel: CoalitionKernel, _ law: [Double]) -> Parts {
        let n = kernel.playerCount
        let side = n + 1
        let tables = kernel.sizeTables
        /// Expected covariance of coalitions of k and l members whose overlap is `shift` more than `overlap`.
        func covariance(_ overlap: Overlap, plus shift: Double, _ k: Int, _ l: Int) -> Double {
            let mean = overlap.mean + shift
            let cell = k * side + l
            return tables.common[cell] + mean * tables.slope[cell] + (mean * mean + overlap.variance)
                * tables.bend[cell]
        }
        var parts = Parts(
            inside: [Double](repeating: 0, count: side), outside: [Double](repeating: 0, count: side))
        for size in 0...n {
            for k in 0..<n where law[k] > 0 {
                if size >= 1 {
                    let shared = Overlap(population: n - 1, k, size - 1)
                    parts.inside[size] +=
                        law[k] * (covariance(shared, plus: 1, k + 1, size) - covariance(shared, plus: 0, k, size))
                }
                if size < n {
                    let shared = Overlap(population: n - 1, k, size)
                    parts.outside[size] +=
                        law[k] * (covariance(shared, plus: 0, k + 1, size) - covariance(shared, plus: 0, k, size))
                }
            }
        }
        for k in 0..<n where law[k] > 0 {
            for l in 0..<n where law[l] > 0 {
                let weight = law[k] * law[l]
                func difference(_ shared: Overlap, both: Double, first: Double, second: Double) -> Double {
                    covariance(shared, plus: both, k + 1, l + 1) - covariance(shared, plus: first, k + 1, l)
                        - covariance(shared, plus: second, k, l + 1) + covariance(shared, plus: 0, k, l)
                }
                parts.variance += weight * difference(Overlap(population: n - 1, k, l), both: 1, first: 0, second: 0)
                // Players i and j apart: whether j is in i's coalition and i in j's is settled first.
                for (a, chanceA) in [(0, 1 - Double(k) / Double(n - 1)), (1, Double(k) / Double(n - 1))] {
                    for (b, chanceB) in [(0, 1 - Double(l) / Double(n - 1)), (1, Double(l) / Double(n - 1))]
                    where chanceA > 0 && chanceB > 0 {
                        let shared = Overlap(population: n - 2, k - a, l - b)
                        parts.covariance +=
                            weight * chanceA * chanceB
                            * difference(shared, both: Double(a + b), first: Double(b), second: Double(a))
                    }
                }
            }
        }
        return parts
    }

    /// Moments of the overlap of two independent uniform subsets: the hypergeometric law.
    private struct Overlap {
        let mean: Double
        let variance: Double

        init(population: Int, _ k: Int, _ l: Int) {
            let whole = Double(population)
            mean = population > 0 ? Double(k) * Double(l) / whole : 0
            variance =
                population > 1
                ? mean * (1 - Double(k) / whole) * (whole - Double(l)) / (whole - 1) : 0
        }
    }
}
