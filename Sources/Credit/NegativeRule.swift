/// What a player is paid by whose data did not help, or did not provably help.
///
/// Credits are stored and shown as estimated, whatever the rule; it only decides the weights that money follows.
package enum NegativeRule: String, Hashable, Sendable, CaseIterable {
    /// A negative credit weighs nothing; the others share in proportion.
    case clip
    /// A credit whose 95 % interval reaches zero weighs nothing; the others share in proportion.
    case significant
    /// The lower end of the 95 % interval is paid, nothing where that is negative.
    case lowerBound = "lower-bound"

    /// What the rule does, in the words of policies and statements.
    package var meaning: String {
        switch self {
        case .clip: "a negative credit counts as 0 and is shown"
        case .significant: "a credit whose 95 % interval reaches 0 counts as 0 and is shown"
        case .lowerBound: "the lower end of the 95 % interval counts, as 0 where it is negative"
        }
    }

    /// The amount of credit that money follows, never negative.
    package func payable(value: Double, low: Double) -> Double {
        switch self {
        case .clip: max(0, value)
        case .significant: low > 0 ? value : 0
        case .lowerBound: max(0, low)
        }
    }

    /// Integer weights for the exact allocation: `round(payable × 10¹²)`, scaled down by a power of ten where the
    /// largest would not fit below 10¹⁸.
    package func weights(_ credits: [(value: Double, low: Double)]) -> [UInt64] {
        let payable = credits.map { self.payable(value: $0.value, low: $0.low) }
        var scale = 1e12
        while (payable.max() ?? 0) * scale >= 1e18 { scale /= 10 }
        return payable.map { UInt64(($0 * scale).rounded()) }
    }
}
