package import Errors
import Glibc
import Numerics

/// How a player's marginal contributions are averaged over the coalitions that she may join.
///
/// A semivalue is an average over coalitions in which every other player takes part with probability q, and over a law
/// of q: uniform for Shapley, one half for Banzhaf, one for leave-one-out, Beta(B, A) for the Beta(A, B) Shapley value of
/// Kwon and Zou (2022).
package enum SemivalueIndex: Hashable, Sendable, CustomStringConvertible {
    /// The only one that shares v(N) − v(∅) exactly.
    case shapley
    /// All coalitions alike.
    case banzhaf
    /// What is lost when the player alone leaves.
    case leaveOneOut
    /// Beta Shapley with positive parameters; (1, 1) is Shapley, larger A favours small coalitions.
    case beta(Double, Double)

    /// Reads `shapley`, `banzhaf`, `loo` or `beta:A,B`.
    ///
    /// - Throws: ``LaurelError`` of kind `input` for anything else.
    package init(name: String) throws(LaurelError) {
        switch name {
        case "shapley": self = .shapley
        case "banzhaf": self = .banzhaf
        case "loo": self = .leaveOneOut
        default:
            let parts = name.dropFirst("beta:".count).split(separator: ",", omittingEmptySubsequences: false)
            guard name.hasPrefix("beta:"), parts.count == 2, let a = Double(parts[0]), let b = Double(parts[1]),
                a > 0, b > 0, a.isFinite, b.isFinite
            else {
                throw LaurelError.input(
                    "index \(name) is unknown", next: "use shapley, banzhaf, loo or beta:A,B with positive A and B")
            }
            self = .beta(a, b)
        }
    }

    /// The name that ``init(name:)`` reads.
    package var description: String {
        switch self {
        case .shapley: "shapley"
        case .banzhaf: "banzhaf"
        case .leaveOneOut: "loo"
        case .beta(let a, let b): "beta:\(a),\(b)"
        }
    }

    /// Whether the values add up to v(N) − v(∅).
    package var isEfficient: Bool {
        switch self {
        case .shapley: true
        case .beta(let a, let b): a == 1 && b == 1
        case .banzhaf, .leaveOneOut: false
        }
    }

    /// The probability that the coalition which a player joins has k members, k = 0…n−1; adds up to 1.
    package func sizeLaw(playerCount n: Int) -> [Double] {
        let others = n - 1
        switch self {
        case .shapley: return [Double](repeating: 1 / Double(n), count: n)
        case .leaveOneOut: return (0..<n).map { $0 == others ? 1 : 0 }
        case .banzhaf:
            return (0..<n).map { exp(Combinatorics.logBinomial(others, $0) - Double(others) * log(2)) }
        case .beta(let a, let b):
            func logBeta(_ x: Double, _ y: Double) -> Double {
                Combinatorics.logGamma(x) + Combinatorics.logGamma(y) - Combinatorics.logGamma(x + y)
            }
            return (0..<n).map { k in
                exp(
                    Combinatorics.logBinomial(others, k) + logBeta(Double(k) + b, Double(others - k) + a)
                        - logBeta(b, a))
            }
        }
    }

    /// Nodes in [0, 1] and weights that integrate polynomials in q up to degree 2·`count`−1 exactly under the law of q.
    ///
    /// Gauss–Jacobi quadrature as the eigenproblem of the Jacobi matrix (Golub and Welsch 1969).
    func quadrature(count: Int) throws(LinearAlgebraError) -> [(q: Double, weight: Double)] {
        switch self {
        case .banzhaf: return [(0.5, 1)]
        case .leaveOneOut: return [(1, 1)]
        case .shapley: return try SemivalueIndex.jacobi(a: 0, b: 0, count: count)
        case .beta(let a, let b): return try SemivalueIndex.jacobi(a: a - 1, b: b - 1, count: count)
        }
    }

    /// The rule for the probability law on [0, 1] with density ∝ (1−q)^a · q^b.
    private static func jacobi(
        a: Double, b: Double, count: Int
    ) throws(LinearAlgebraError) -> [(q: Double, weight: Double)] {
        var matrix = Matrix(rows: count, columns: count)
        for k in 0..<count {
            let j = Double(k)
            let sum = 2 * j + a + b
            matrix[k, k] = k == 0 ? (b - a) / (a + b + 2) : (b * b - a * a) / (sum * (sum + 2))
            guard k > 0 else { continue }
            let square =
                k == 1
                ? 4 * (1 + a) * (1 + b) / ((2 + a + b) * (2 + a + b) * (3 + a + b))
                : 4 * j * (j + a) * (j + b) * (j + a + b) / (sum * sum * (sum * sum - 1))
            matrix[k, k - 1] = square.squareRoot()
            matrix[k - 1, k] = matrix[k, k - 1]
        }
        let eigen = try LinearAlgebra.symmetricEigen(matrix)
        return (0..<count).map { ((1 + eigen.values[$0]) / 2, eigen.vectors[0, $0] * eigen.vectors[0, $0]) }
    }
}
