package import Errors
import Glibc

/// A game whose coalitions can be evaluated: the true object behind stored rows.
package protocol Utility: Sendable {
    /// Number of players.
    var playerCount: Int { get }
    /// The values of a batch of coalitions, in their order, without noise.
    func values(_ coalitions: [Coalition]) -> [Double]
}

extension Utility {
    /// Every player's semivalue by its definition, from all 2ⁿ coalitions; n at most 20.
    ///
    /// - Throws: ``LaurelError`` of kind `input` for more players.
    package func exactValues(_ index: SemivalueIndex = .shapley) throws(LaurelError) -> [Double] {
        let n = playerCount
        guard n <= 20 else {
            throw LaurelError.input("brute force over \(n) players is too much", next: "use at most 20")
        }
        let all = values((0..<1 << n).map { Coalition(playerCount: n, mask: $0) })
        let law = index.sizeLaw(playerCount: n)
        let weights = (0..<n).map { law[$0] * exp(-Combinatorics.logBinomial(n - 1, $0)) }
        return (0..<n).map { player in
            (0..<1 << n).reduce(0.0) { sum, mask in
                guard mask & 1 << player == 0 else { return sum }
                return sum + weights[mask.nonzeroBitCount] * (all[mask | 1 << player] - all[mask])
            }
        }
    }
}
