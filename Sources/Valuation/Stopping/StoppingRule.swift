/// When a run has evaluated enough.
///
/// Every rule looks at intervals, never at how still the values have become: a value that moves little may be wrong and
/// only slow. No rule is met before `minimumCoalitionsPerPlayer` coalitions for each player, since an interval from fewer
/// is mostly prior; null players, whose values are near zero from the start, make no rule fire early.
package indirect enum StoppingRule: Hashable, Sendable {
    /// The money is decided: Σ half-widths, as a share of |v(N) − v(∅)|, is at most this.
    case money(width: Double)
    /// The largest standard error, as a share of the spread between the largest and the smallest value, is at most this.
    case standardError(ratio: Double)
    /// Every two players who differ by more than `margin` (a share of the spread) stand in their order with this
    /// probability.
    case ranks(probability: Double, margin: Double)
    /// All of them.
    case all([StoppingRule])
    /// Any of them.
    case any([StoppingRule])

    /// How far a rule is from being met.
    package struct Progress: Hashable, Sendable {
        /// Whether it is met.
        package let isMet: Bool
        /// From 0 to 1; squared ratio of widths, which is about the share of the work done.
        package let completion: Double
    }

    /// Evaluations of coalitions that every player needs before any rule counts.
    package static let minimumCoalitionsPerPlayer = 2

    /// Judges an estimate.
    package func progress(_ estimate: Estimate) -> Progress {
        let own = judgement(estimate)
        let needed = StoppingRule.minimumCoalitionsPerPlayer * estimate.values.count
        guard estimate.evaluations < needed, estimate.values.count > 1 else { return own }
        return Progress(
            isMet: false, completion: min(own.completion, Double(estimate.evaluations) / Double(needed)))
    }

    private func judgement(_ estimate: Estimate) -> Progress {
        let values = estimate.values
        let spread = (values.map(\.value).max() ?? 0) - (values.map(\.value).min() ?? 0)
        switch self {
        case .money(let width):
            let halfWidths = values.reduce(0) { $0 + ($1.high - $1.low) / 2 }
            return StoppingRule.within(halfWidths, width * abs(estimate.vFull - estimate.vEmpty))
        case .standardError(let ratio):
            return StoppingRule.within(values.map(\.stdError).max() ?? 0, ratio * spread)
        case .ranks(let probability, let margin):
            return StoppingRule.ranks(estimate, probability: probability, margin: margin * spread)
        case .all(let rules):
            let parts = rules.map { $0.progress(estimate) }
            return Progress(isMet: parts.allSatisfy { $0.isMet }, completion: parts.map(\.completion).min() ?? 1)
        case .any(let rules):
            let parts = rules.map { $0.progress(estimate) }
            return Progress(isMet: parts.contains { $0.isMet }, completion: parts.map(\.completion).max() ?? 0)
        }
    }

    /// Met when `width` is at most `limit`; a limit of zero is met by a width of zero only.
    private static func within(_ width: Double, _ limit: Double) -> Progress {
        let isMet = width <= limit
        let ratio = width > 0 ? limit / width : 1
        return Progress(isMet: isMet, completion: isMet ? 1 : min(1, ratio * ratio))
    }

    private static func ranks(_ estimate: Estimate, probability: Double, margin: Double) -> Progress {
        var decided = 0
        var contested = 0
        for i in estimate.values.indices {
            for j in 0..<i where abs(estimate.values[i].value - estimate.values[j].value) > margin {
                contested += 1
                let above = estimate.probability(i, above: j)
                if max(above, 1 - above) >= probability { decided += 1 }
            }
        }
        // Nothing to tell apart is no decision: the players may be alike, or the run may know nothing yet.
        guard contested > 0 else { return Progress(isMet: false, completion: 0) }
        return Progress(isMet: decided == contested, completion: Double(decided) / Double(contested))
    }
}
