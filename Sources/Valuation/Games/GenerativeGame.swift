import Glibc
import Numerics

/// Synthetic games that behave like properties of a generative model trained on a coalition's data.
///
/// Every player owns data of some size, spread over twelve styles, with a quality of its own. A model trained on a
/// coalition generates the mixture of its data and of what the base model would generate, which weighs as much as a
/// twentieth of the players, one at least. Players can be
/// planted: a null player has no data; a duplicate repeats another player's data; a harmful player has much data of one
/// style and low quality. The mixture is a sum over members, so that a player joins in constant time.
package struct GenerativeGame: Utility {
    /// Which property of the mixture is the utility.
    package enum Property: String, Hashable, Sendable, CaseIterable {
        /// Entropy in bits of the mixture of styles: diversity.
        case entropy
        /// The 90th percentile of a quality score over the mixture.
        case quality
        /// Inception-Score-like: styles are told apart the better the more data they have, with diminishing returns.
        case saturation
    }

    /// The property.
    package let property: Property
    package let playerCount: Int
    /// What each player adds to the mixture: mass by style, or mass up to each point of the quality axis.
    private let masses: Matrix
    /// What the untrained model brings.
    private let base: [Double]

    private static let styleCount = 12
    /// The quality axis, from −8 to 8; between its points masses are spread evenly.
    private static let axis = (0...512).map { -8 + Double($0) / 32 }

    /// A game drawn by a seed; the last players are planted as asked.
    ///
    /// - Parameters:
    ///   - property: what is measured.
    ///   - n: number of players.
    ///   - seed: of the players' sizes, styles and qualities.
    ///   - null: number of players whose true value is zero.
    ///   - duplicates: number of players whose data equal those of players 0, 1, ….
    ///   - harmful: number of players whose data lower diversity and quality.
    package init(
        _ property: Property, playerCount n: Int, seed: UInt64, null: Int = 0, duplicates: Int = 0, harmful: Int = 0
    ) {
        precondition(n >= 2 && null + 2 * duplicates + harmful <= n, "room for the planted players")
        var stream = RandomStream(seed: seed, "valuation.game.\(property.rawValue)")
        var players = (0..<n).map { _ in Player(&stream, styleCount: GenerativeGame.styleCount) }
        var last = n - 1
        for _ in 0..<null {
            players[last].size = 0
            last -= 1
        }
        for original in 0..<duplicates {
            players[last] = players[original]
            last -= 1
        }
        for _ in 0..<harmful {
            players[last] = .harmful(styleCount: GenerativeGame.styleCount)
            last -= 1
        }
        self.property = property
        playerCount = n
        let weight = max(1, 0.05 * Double(n))
        switch property {
        case .entropy, .saturation:
            masses = Matrix(
                rows: n, columns: GenerativeGame.styleCount,
                values: players.flatMap { player in player.styles.map { player.size * $0 } })
            base = [weight] + [Double](repeating: 0, count: GenerativeGame.styleCount - 1)
        case .quality:
            masses = Matrix(
                rows: n, columns: GenerativeGame.axis.count,
                values: players.flatMap { player in GenerativeGame.axis.map { player.mass(upTo: $0) } })
            base = GenerativeGame.axis.map { weight * Normal.cumulative($0 + 1) }
        }
    }

    /// What one contributor's data are like.
    private struct Player {
        var size: Double
        var styles: [Double]
        var mean: Double
        var deviation: Double

        init(_ stream: inout RandomStream, styleCount: Int) {
            size = exp(0.6 * stream.normal())
            let raw = (0..<styleCount).map { _ in exp(1.8 * stream.normal()) }
            let total = raw.reduce(0, +)
            styles = raw.map { $0 / total }
            mean = 0.8 * stream.normal()
            deviation = 0.5 + 0.5 * stream.uniform()
        }

        private init(size: Double, styles: [Double], mean: Double, deviation: Double) {
            self.size = size
            self.styles = styles
            self.mean = mean
            self.deviation = deviation
        }

        static func harmful(styleCount: Int) -> Player {
            Player(
                size: 3, styles: (0..<styleCount).map { $0 == 0 ? 1 : 0 }, mean: -2.5, deviation: 0.4)
        }

        func mass(upTo quality: Double) -> Double { size * Normal.cumulative((quality - mean) / deviation) }
    }

    package func values(_ coalitions: [Coalition]) -> [Double] {
        coalitions.map { coalition in
            var mixture = base
            for player in coalition.members { add(player, to: &mixture) }
            return value(of: mixture)
        }
    }

    private func add(_ player: Int, to mixture: inout [Double]) {
        let start = player * masses.columns
        for index in mixture.indices { mixture[index] += masses.values[start + index] }
    }

    private func value(of mixture: [Double]) -> Double {
        switch property {
        case .entropy: entropy(mixture)
        case .quality: quantile(mixture)
        case .saturation: saturation(mixture)
        }
    }

    private func entropy(_ masses: [Double]) -> Double {
        let total = masses.reduce(0, +)
        return masses.reduce(0) { $1 > 0 ? $0 - $1 / total * log2($1 / total) : $0 }
    }

    private func quantile(_ cumulative: [Double]) -> Double {
        let target = 0.9 * cumulative[cumulative.count - 1]
        var low = 0
        var high = cumulative.count - 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if cumulative[middle] < target { low = middle } else { high = middle }
        }
        let share = (target - cumulative[low]) / (cumulative[high] - cumulative[low])
        return GenerativeGame.axis[low] + share * (GenerativeGame.axis[high] - GenerativeGame.axis[low])
    }

    /// exp of the information that a picture gives about its style.
    private func saturation(_ masses: [Double]) -> Double {
        let total = masses.reduce(0, +)
        // Half of everyone's data, spread evenly, teach a style to 95 %.
        let enough = Double(playerCount) / Double(5 * masses.count)
        var information = 0.0
        for mass in masses where mass > 0 {
            let share = mass / total
            let sharpness = 1 - exp(-mass / enough)
            let known = sharpness + (1 - sharpness) * share
            information += share * known * log(known / share)
            if known < 1 { information += share * (1 - known) * log((1 - known) / (1 - share)) }
        }
        return exp(information)
    }

    /// Shapley values to far less than the error of any estimate under study.
    ///
    /// Marginal contributions along all rotations of `orders` random orders and of their reverses, so that every player
    /// stands equally often at every place; 2·`orders`·n² steps.
    package func referenceValues(orders: Int) -> [Double] {
        var stream = RandomStream(seed: 1, "valuation.game.reference")
        var sums = [Double](repeating: 0, count: playerCount)
        let empty = value(of: base)
        for _ in 0..<orders {
            var order = Array(0..<playerCount)
            stream.shuffle(&order)
            for walk in [order, order.reversed()] {
                for start in 0..<playerCount {
                    var mixture = base
                    var before = empty
                    for step in 0..<playerCount {
                        let player = walk[(start + step) % playerCount]
                        add(player, to: &mixture)
                        let after = value(of: mixture)
                        sums[player] += after - before
                        before = after
                    }
                }
            }
        }
        return sums.map { $0 / Double(2 * orders * playerCount) }
    }
}
