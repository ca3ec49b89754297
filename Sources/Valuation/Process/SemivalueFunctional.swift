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
        // The functional once more, on what it made of the kernel: how v of the coalition she joins covaries with a value.
        var variance = 0.0
        var covariance = 0.0
        for k in 0..<n {
            let present = Double(k) / Double(n - 1)
            variance += law[k] * (inside[k + 1] - outside[k])
            covariance +=
                law[k]
                * (present * (inside[k + 1] - inside[k]) + (1 - present) * (outside[k + 1] - outside[k]))
        }
        self.variance = variance
        self.covariance = covariance
    }

    /// Covariances by size, for members and for others.
    struct Tables {
        var inside: [Double]
        var outside: [Double]
    }

    /// The derivatives of ``inside`` and ``outside`` by the logarithms of the kernel's parameters, in their order.
    ///
    /// The kernel is linear in the amplitudes, so that each derivative is the table of one term alone; those by `reach` and
    /// `base` are central differences.
    static func slopes(_ logs: [Double], playerCount n: Int, law: [Double], nodes: [(q: Double, weight: Double)])
        -> [Tables]
    {
        func kernel(_ kept: [CoalitionKernel.Parameter], moved: CoalitionKernel.Parameter? = nil, by step: Double = 0)
            -> CoalitionKernel
        {
            var changed = logs
            for amplitude in [CoalitionKernel.Parameter.linear, .mixture, .early, .curvature, .interaction, .size]
            where !kept.contains(amplitude) { changed[amplitude.rawValue] = -.infinity }
            if let moved { changed[moved.rawValue] += step }
            return CoalitionKernel(playerCount: n, logs: changed)
        }
        func difference(_ high: Tables, _ low: Tables, _ step: Double) -> Tables {
            Tables(
                inside: zip(high.inside, low.inside).map { ($0 - $1) / (2 * step) },
                outside: zip(high.outside, low.outside).map { ($0 - $1) / (2 * step) })
        }
        let step = 1e-4
        return CoalitionKernel.Parameter.allCases.map { parameter in
            switch parameter {
            case .linear, .mixture, .early, .curvature, .size: return effects(kernel([parameter]), law)
            case .interaction: return interactions(kernel([parameter]), nodes)
            case .reach:
                return difference(
                    interactions(kernel([.interaction], moved: .reach, by: step), nodes),
                    interactions(kernel([.interaction], moved: .reach, by: -step), nodes), step)
            case .base:
                let terms: [CoalitionKernel.Parameter] = [.mixture, .early, .curvature, .size]
                return difference(
                    effects(kernel(terms, moved: .base, by: step), law),
                    effects(kernel(terms, moved: .base, by: -step), law), step)
            case .noise:
                let none = [Double](repeating: 0, count: n + 1)
                return Tables(inside: none, outside: none)
            }
        }
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

    /// The exponential term factorises over players, so its expectations are powers under the sign of the integral.
    private static func interactions(_ kernel: CoalitionKernel, _ nodes: [(q: Double, weight: Double)]) -> Tables {
        let n = kernel.playerCount
        let a = kernel.stepCorrelation
        let gap = -expm1(-1 / (Double(n) * kernel.reach))  // 1 − a without cancellation
        var parts = Tables(
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
        return parts
    }

    /// The other terms are quadratic in the overlap: its first two moments suffice.
    private static func effects(_ kernel: CoalitionKernel, _ law: [Double]) -> Tables {
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
        var parts = Tables(
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
