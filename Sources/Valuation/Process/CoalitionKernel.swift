import Glibc

/// The prior covariance of v(S) and v(T): a sum of three terms, each a function of sizes and overlap only.
///
/// With f = |S|/n, d the number of players in which S and T differ, x the mask minus one half:
///
/// - `linear`·⟨x, x'⟩·4/n: every player has an effect of her own;
/// - `drift`·⟨x, x'⟩·4/n·exp(−(f−f')²/2λ²): and that effect changes slowly with the size of the coalition she joins, as
///   it does wherever returns diminish;
/// - `interaction`·exp(−d/(n·`reach`)): effects of all orders, decaying geometrically with the order;
/// - `size`·exp(−(f−f')²/2·`smoothness`²): more data is better, whoever brings it.
///
/// All of them are unchanged when both coalitions are replaced by their complements, and none distinguishes players, so
/// the prior is symmetric: what tells players apart is the data.
struct CoalitionKernel: Sendable {
    /// Logarithms of the six parameters and of the noise variance, in this order.
    enum Parameter: Int, CaseIterable {
        case linear, drift, interaction, size, reach, smoothness, noise
    }

    /// Over how much of the size axis a player's effect keeps its level.
    static let driftLength = 0.3

    let playerCount: Int
    let linear: Double
    let drift: Double
    let interaction: Double
    let size: Double
    let reach: Double
    let smoothness: Double
    /// Variance of one evaluation beyond what the evaluator reported.
    let noise: Double

    init(playerCount: Int, logs: [Double]) {
        precondition(logs.count == Parameter.allCases.count, "one logarithm for each parameter")
        self.playerCount = playerCount
        linear = exp(logs[Parameter.linear.rawValue])
        drift = exp(logs[Parameter.drift.rawValue])
        interaction = exp(logs[Parameter.interaction.rawValue])
        size = exp(logs[Parameter.size.rawValue])
        reach = exp(logs[Parameter.reach.rawValue])
        smoothness = exp(logs[Parameter.smoothness.rawValue])
        noise = exp(logs[Parameter.noise.rawValue])
    }

    /// exp(−1/(n·reach)): the correlation of two coalitions that differ in one player.
    var stepCorrelation: Double { exp(-1 / (Double(playerCount) * reach)) }

    /// The interaction term for d = 0…n differing players.
    var interactionTable: [Double] {
        (0...playerCount).map { interaction * exp(-Double($0) / (Double(playerCount) * reach)) }
    }

    /// The size term for sizes that differ by 0…n.
    var sizeTable: [Double] { (0...playerCount).map { size * bell($0, smoothness) } }

    /// What multiplies ⟨x, x'⟩·4/n for sizes that differ by 0…n.
    var effectTable: [Double] {
        (0...playerCount).map { linear + drift * bell($0, CoalitionKernel.driftLength) }
    }

    /// exp(−(δ/n)²/2ℓ²).
    func bell(_ difference: Int, _ length: Double) -> Double {
        let distance = Double(difference) / (Double(playerCount) * length)
        return exp(-distance * distance / 2)
    }
}
