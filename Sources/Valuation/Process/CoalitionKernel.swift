import Glibc

/// The prior covariance of v(S) and v(T): a sum of six terms, each a function of sizes and overlap only.
///
/// With k = |S|, d the number of players in which S and T differ, x = z − k/n the centred mask, b the weight of the base
/// model in units of players, and u(k) = log(1 + k/b)/log(1 + n/b) the size as a model with that base feels it:
///
/// - `linear`·⟨z−½, z'−½⟩·4/n: every player has an effect of her own;
/// - `mixture`·⟨x, x'⟩/((k+b)(k'+b)), scaled to 1 at n/2: her effect is her share in the mixture that the model learns,
///   so that it fades as the coalition grows, the way properties of generative models do;
/// - `early`·⟨x, x'⟩/((k+b)(k'+b))³, scaled likewise: what she is worth to a model that has seen next to nothing is not
///   what she is worth later, and much larger; without this term the intervals of a property that is soon exhausted
///   (entropy) were too short, since nobody's effect could be larger in small coalitions than 1/(k+b) allows;
/// - `curvature`·the square of the mixture's: properties bend in the mixture, and most where it is made of few;
/// - `interaction`·exp(−d/(n·`reach`)): effects of all orders, decaying geometrically with the order;
/// - `size`·exp(−(u−u')²/2·0.3²): more data is better, whoever brings it.
///
/// None of them distinguishes players, so the prior is symmetric: what tells players apart is the data.
struct CoalitionKernel: Sendable {
    /// The order of the parameters' logarithms in a point of the search.
    enum Parameter: Int, CaseIterable {
        case linear, mixture, early, curvature, interaction, size, reach, base, noise
    }

    /// How far apart two sizes must be felt to be to have little in common.
    static let smoothness = 0.3

    let playerCount: Int
    let linear: Double
    let mixture: Double
    let early: Double
    let curvature: Double
    let interaction: Double
    let size: Double
    let reach: Double
    /// The weight of the base model, in players.
    let base: Double
    /// Variance of one evaluation beyond what the evaluator reported.
    let noise: Double

    init(playerCount: Int, logs: [Double]) {
        precondition(logs.count == Parameter.allCases.count, "one logarithm for each parameter")
        func value(_ parameter: Parameter) -> Double { exp(logs[parameter.rawValue]) }
        self.playerCount = playerCount
        linear = value(.linear)
        mixture = value(.mixture)
        early = value(.early)
        curvature = value(.curvature)
        interaction = value(.interaction)
        size = value(.size)
        reach = value(.reach)
        base = value(.base)
        noise = value(.noise)
    }

    /// exp(−1/(n·reach)): the correlation of two coalitions that differ in one player.
    var stepCorrelation: Double { exp(-1 / (Double(playerCount) * reach)) }

    /// The interaction term for d = 0…n differing players.
    var interactionTable: [Double] {
        (0...playerCount).map { interaction * exp(-Double($0) / (Double(playerCount) * reach)) }
    }

    /// What the other terms come to: `common` + overlap·`slope` + overlap²·`bend`, by both sizes.
    struct SizeTables {
        /// At k·(n+1) + k'.
        var common: [Double]
        /// At k·(n+1) + k'.
        var slope: [Double]
        /// At k·(n+1) + k'.
        var bend: [Double]

        init(side: Int) {
            common = [Double](repeating: 0, count: side * side)
            slope = common
            bend = common
        }

        mutating func set(_ k: Int, _ l: Int, side: Int, _ values: (common: Double, slope: Double, bend: Double)) {
            common[k * side + l] = values.common
            slope[k * side + l] = values.slope
            bend[k * side + l] = values.bend
        }
    }

    /// Sizes as the base model feels them, from 0 to 1.
    var feltSizes: [Double] {
        let whole = log1p(Double(playerCount) / base)
        return (0...playerCount).map { log1p(Double($0) / base) / whole }
    }

    /// How much a player's share in the mixture counts at each size; 1 at n/2.
    var fading: [Double] {
        let middle = Double(playerCount) / 2 + base
        return (0...playerCount).map { middle / (Double($0) + base) }
    }

    /// Tables of (n+1)² entries; O(n²) exponentials.
    var sizeTables: SizeTables {
        let count = playerCount + 1
        let n = Double(playerCount)
        let felt = feltSizes
        let fading = fading
        var tables = SizeTables(side: count)
        for k in 0..<count {
            for l in 0...k {
                let apart = (felt[k] - felt[l]) / CoalitionKernel.smoothness
                let both = fading[k] * fading[l]
                let unit = 4 / n * both
                let share = unit * (mixture + early * both * both)
                let expected = Double(k) * Double(l) / n
                let square = curvature * unit * unit
                let entry = (
                    common: size * exp(-apart * apart / 2) + linear * (1 - 2 * Double(k + l) / n)
                        - share * expected + square * expected * expected,
                    slope: 4 / n * linear + share - 2 * square * expected, bend: square
                )
                tables.set(k, l, side: count, entry)
                tables.set(l, k, side: count, entry)
            }
        }
        return tables
    }
}
