import Errors
import Numerics
import Testing
import Valuation

/// Games small enough to know everything about.
enum Oracle {
    /// A random sum of unanimity games: interactions of every order.
    static func random(_ n: Int, seed: UInt64) -> OracleGame {
        var stream = RandomStream(seed: seed, "tests.unanimity")
        return .sumOfUnanimity(
            playerCount: n, offset: stream.normal(),
            terms: (0..<3 * n).map { _ in
                OracleGame.Term(
                    coefficient: stream.normal(),
                    carriers: Coalition(playerCount: n, members: stream.subset(of: n, count: 1 + stream.int(below: n))))
            })
    }

    static let games: [OracleGame] = [
        .additive([1, -2, 0, 3.5, 0.25]), .unanimity(playerCount: 5, carriers: [1, 3]), .airport([1, 2, 2, 5, 9, 11]),
        .voting(votes: [4, 3, 2, 1, 1], quota: 6), .glove(playerCount: 6, left: 2), random(4, seed: 1),
        random(7, seed: 2),
        random(2, seed: 3), random(3, seed: 4),
    ]

    static func rows(_ game: some Utility, _ coalitions: [Coalition]) -> [EvaluationRow] {
        let n = game.playerCount
        let all = [Coalition(playerCount: n), .everyone(playerCount: n)] + coalitions
        return zip(all, game.values(all)).map { EvaluationRow(coalition: $0, value: $1) }
    }

    static func everything(_ game: some Utility) throws -> [EvaluationRow] {
        let n = game.playerCount
        return rows(game, try Design.everything.coalitions(playerCount: n, count: .max, seed: 0))
    }
}

func largestDifference(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).map { abs($0 - $1) }.max() ?? 0
}

@Suite("With every coalition evaluated")
struct FullBudgetTests {
    @Test("Brute force equals the closed forms", arguments: Oracle.games)
    func closedForms(game: OracleGame) throws {
        guard let closed = game.closedForm else { return }
        #expect(largestDifference(try game.exactValues(), closed) < 1e-12)
    }

    @Test("Every estimator equals brute force to 1e-9", arguments: Oracle.games, EstimatorName.allCases)
    func equalsBruteForce(game: OracleGame, estimator: EstimatorName) throws {
        if estimator == .leverageRidge, game.playerCount < 3 { return }  // one pair alone has no evidence to weigh
        let rows = try Oracle.everything(game)
        let estimate = try estimate(rows: rows, playerCount: game.playerCount, estimator: estimator)
        #expect(largestDifference(estimate.values.map(\.value), try game.exactValues()) < 1e-9)
    }

    @Test(
        "Every semivalue equals brute force to 1e-9",
        arguments: [SemivalueIndex.banzhaf, .leaveOneOut, .beta(4, 1), .beta(1, 16), .beta(0.5, 0.5)],
        EstimatorName.allCases.filter { !$0.isShapleyOnly })
    func semivalues(index: SemivalueIndex, estimator: EstimatorName) throws {
        let game = Oracle.random(6, seed: 9)
        let estimate = try estimate(
            rows: try Oracle.everything(game), playerCount: 6, estimator: estimator, index: index)
        #expect(largestDifference(estimate.values.map(\.value), try game.exactValues(index)) < 1e-9)
    }
}
