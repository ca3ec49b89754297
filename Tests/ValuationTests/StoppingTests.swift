import Testing
import Valuation

@Suite("Stopping")
struct StoppingTests {
    /// Estimates of a game with null players as its run goes on.
    static func run(_ count: Int, level: Double = 0.3) throws -> Estimate {
        let game = NoisyGame(GenerativeGame(.quality, playerCount: 10, seed: 2, null: 3), level: level)
        let design = try Design.pairedStratified.coalitions(playerCount: 10, count: count, seed: 2)
        return try estimate(rows: game.rows(design, endRepeats: 5, seed: 2), playerCount: 10)
    }

    static let rules: [StoppingRule] = [
        .money(width: 0.3), .standardError(ratio: 0.05), .ranks(probability: 0.9, margin: 0.3),
        .all([.money(width: 0.3), .ranks(probability: 0.9, margin: 0.3)]),
        .any([.money(width: 0.3), .standardError(ratio: 0.05)]),
    ]

    @Test("No rule fires early on a game with null players", arguments: rules)
    func notEarly(rule: StoppingRule) throws {
        for count in [2, 6, 12] {
            #expect(!rule.progress(try Self.run(count, level: 1)).isMet)
        }
    }

    @Test("Every rule is met in the end, and its completion grows to one", arguments: rules)
    func inTheEnd(rule: StoppingRule) throws {
        let early = rule.progress(try Self.run(12))
        let late = rule.progress(try Self.run(800, level: 0.1))
        #expect(late.isMet && late.completion == 1)
        #expect(early.completion < late.completion)
    }

    @Test("Where a rule fires first, the truth is as near as the rule promises", arguments: [UInt64(0), 1, 2])
    func keepsItsPromise(seed: UInt64) throws {
        let n = 10
        let game = GenerativeGame(.entropy, playerCount: n, seed: seed, null: 3)
        let truth = try game.exactValues()
        let noisy = NoisyGame(game, level: 0.3)
        let spread = (truth.max() ?? 0) - (truth.min() ?? 0)
        let gain = truth.reduce(0, +)
        func firing(_ rule: StoppingRule) throws -> Estimate {
            for count in [20, 40, 60, 100, 160, 260, 420, 700, 1000] {
                let design = try Design.pairedStratified.coalitions(playerCount: n, count: count, seed: seed)
                let estimate = try estimate(rows: noisy.rows(design, endRepeats: 5, seed: seed), playerCount: n)
                if rule.progress(estimate).isMet { return estimate }
            }
            return try #require(nil, "\(rule) is never met")
        }
        let money = try firing(.money(width: 0.2))
        #expect(zip(money.values, truth).reduce(0) { $0 + abs($1.0.value - $1.1) } <= 0.2 * gain)
        let error = try firing(.standardError(ratio: 0.05))
        // A promise of one standard error is kept within three.
        #expect(zip(error.values, truth).allSatisfy { abs($0.value - $1) <= 3 * 0.05 * 1.2 * spread })
        let ranks = try firing(.ranks(probability: 0.95, margin: 0.3))
        for i in 0..<n {
            for j in 0..<i where abs(truth[i] - truth[j]) > 0.5 * spread {
                #expect((ranks.values[i].value > ranks.values[j].value) == (truth[i] > truth[j]))
            }
        }
    }

    @Test("And asks for all, or for any")
    func composition() throws {
        let estimate = try Self.run(100)
        let easy = StoppingRule.money(width: 1e6)
        let hard = StoppingRule.money(width: 1e-6)
        #expect(!StoppingRule.all([easy, hard]).progress(estimate).isMet)
        #expect(StoppingRule.any([easy, hard]).progress(estimate).isMet)
        #expect(StoppingRule.all([easy, easy]).progress(estimate).isMet)
        #expect(!StoppingRule.any([hard, hard]).progress(estimate).isMet)
    }

    @Test("Where nothing was gained, no width is small enough for the money")
    func noMoney() throws {
        let rows = try AxiomTests.noisyRows(1).map { row in
            EvaluationRow(
                coalition: row.coalition, value: row.coalition.isEmpty || row.coalition.isEveryone ? 1 : row.value)
        }
        #expect(!StoppingRule.money(width: 0.5).progress(try estimate(rows: rows, playerCount: 9)).isMet)
    }
}
