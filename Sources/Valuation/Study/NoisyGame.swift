import Numerics

/// Evaluations of a game as a study needs them: noise of a chosen level on every one, ends repeated.
package struct NoisyGame<Game: Utility>: Sendable {
    /// The game without noise.
    package let game: Game
    /// Standard deviation of the noise of one evaluation.
    package let noiseSD: Double

    /// Noise of `level` times the standard deviation of v over coalitions of half the players.
    package init(_ game: Game, level: Double) {
        var stream = RandomStream(seed: 2, "valuation.study.scale")
        let n = game.playerCount
        let halves = (0..<200).map { _ in Coalition(playerCount: n, members: stream.subset(of: n, count: n / 2)) }
        let values = game.values(halves)
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        self.game = game
        noiseSD = level * variance.squareRoot()
    }

    /// Rows for the coalitions of a design, with the ends `endRepeats` times each.
    package func rows(_ coalitions: [Coalition], endRepeats: Int, seed: UInt64) -> [EvaluationRow] {
        let n = game.playerCount
        let ends = [Coalition(playerCount: n), .everyone(playerCount: n)]
        let all = ends.flatMap { [Coalition](repeating: $0, count: endRepeats) } + coalitions
        var stream = RandomStream(seed: seed, "valuation.study.noise")
        return zip(all, game.values(all)).map { coalition, value in
            EvaluationRow(coalition: coalition, value: value + noiseSD * stream.normal())
        }
    }
}
