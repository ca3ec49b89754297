import Glibc

/// Games whose Shapley values are known in closed form.
package enum OracleGame: Utility {
    /// Every player brings her own amount. Shapley values are the amounts.
    case additive([Double])
    /// Worth 1 once all of the carriers are in. Each carrier's Shapley value is 1 over their number.
    case unanimity(playerCount: Int, carriers: Set<Int>)
    /// The cost of the longest runway needed (Littlechild and Owen 1973).
    case airport([Double])
    /// Worth 1 once the votes reach the quota.
    case voting(votes: [Int], quota: Int)
    /// Left gloves are the first `left` players; every pair of gloves is worth 1.
    case glove(playerCount: Int, left: Int)
    /// A sum of unanimity games with coefficients, over an offset v(∅).
    case sumOfUnanimity(playerCount: Int, offset: Double, terms: [Term])

    /// One unanimity game with a coefficient.
    package struct Term: Hashable, Sendable {
        /// What the carriers are worth together.
        package let coefficient: Double
        /// Who must be in.
        package let carriers: Coalition

        /// A term.
        package init(coefficient: Double, carriers: Coalition) {
            self.coefficient = coefficient
            self.carriers = carriers
        }
    }

    package var playerCount: Int {
        switch self {
        case .additive(let amounts): amounts.count
        case .unanimity(let count, _), .glove(let count, _), .sumOfUnanimity(let count, _, _): count
        case .airport(let costs): costs.count
        case .voting(let votes, _): votes.count
        }
    }

    package func values(_ coalitions: [Coalition]) -> [Double] {
        coalitions.map(value)
    }

    private func value(_ coalition: Coalition) -> Double {
        switch self {
        case .additive(let amounts): coalition.members.reduce(0) { $0 + amounts[$1] }
        case .unanimity(_, let carriers): carriers.allSatisfy(coalition.contains) ? 1 : 0
        case .airport(let costs): coalition.members.map { costs[$0] }.max() ?? 0
        case .voting(let votes, let quota): coalition.members.reduce(0) { $0 + votes[$1] } >= quota ? 1 : 0
        case .glove(_, let left):
            Double(min(coalition.members.count { $0 < left }, coalition.members.count { $0 >= left }))
        case .sumOfUnanimity(_, let offset, let terms):
            terms.reduce(offset) {
                $1.carriers.overlap(with: coalition) == $1.carriers.count ? $0 + $1.coefficient : $0
            }
        }
    }

    /// The Shapley values by the game's own formula; nil for voting and gloves, which have none worth writing down.
    package var closedForm: [Double]? {
        switch self {
        case .additive(let amounts): return amounts
        case .unanimity(let count, let carriers):
            return (0..<count).map { carriers.contains($0) ? 1 / Double(carriers.count) : 0 }
        case .airport(let costs):
            // Each stretch of runway is shared by those who need it.
            let order = costs.indices.sorted { costs[$0] < costs[$1] }
            var values = [Double](repeating: 0, count: costs.count)
            var share = 0.0
            var length = 0.0
            for (position, player) in order.enumerated() {
                share += (costs[player] - length) / Double(costs.count - position)
                length = costs[player]
                values[player] = share
            }
            return values
        case .sumOfUnanimity(let count, _, let terms):
            var values = [Double](repeating: 0, count: count)
            for term in terms where !term.carriers.isEmpty {
                for player in term.carriers.members {
                    values[player] += term.coefficient / Double(term.carriers.count)
                }
            }
            return values
        case .voting, .glove: return nil
        }
    }
}
