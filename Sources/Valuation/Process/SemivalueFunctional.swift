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

    /// The linear, drift and size terms depend on the overlap at most linearly: expected overlaps suffice.
    private static func effects(_ kernel: CoalitionKernel, _ law: [Double]) -> Parts {
        let n = kernel.playerCount
        let others = Double(n - 1)
        let bySize = kernel.sizeTable
        let effect = kernel.effectTable
        func product(_ overlap: Double, _ k: Int, _ l: Int) -> Double {
            4 / Double(n) * (overlap - Double(k + l) / 2 + Double(n) / 4)
        }
        func covariance(_ overlap: Double, _ k: Int, _ l: Int) -> Double {
            bySize[abs(k - l)] + effect[abs(k - l)] * product(overlap, k, l)
        }
        var parts = Parts(
            inside: [Double](repeating: 0, count: n + 1), outside: [Double](repeating: 0, count: n + 1))
        for size in 0...n {
            for k in 0..<n where law[k] > 0 {
                if size >= 1 {
                    let shared = Double(k) * Double(size - 1) / others
                    parts.inside[size] += law[k] * (covariance(shared + 1, k + 1, size) - covariance(shared, k, size))
                }
                if size < n {
                    let shared = Double(k) * Double(size) / others
                    parts.outside[size] += law[k] * (covariance(shared, k + 1, size) - covariance(shared, k, size))
                }
            }
        }
        for k in 0..<n where law[k] > 0 {
            for l in 0..<n where law[l] > 0 {
                let weight = law[k] * law[l]
                let first = Double(k) / others
                let second = Double(l) / others
                let same = others * first * second
                parts.variance +=
                    weight
                    * (covariance(same + 1, k + 1, l + 1) - covariance(same, k + 1, l) - covariance(same, k, l + 1)
                        + covariance(same, k, l))
                let apart = (others - 1) * first * second
                parts.covariance +=
                    weight
                    * (covariance(apart + first + second, k + 1, l + 1) - covariance(apart + second, k + 1, l)
                        - covariance(apart + first, k, l + 1) + covariance(apart, k, l))
            }
        }
        return parts
    }
}
