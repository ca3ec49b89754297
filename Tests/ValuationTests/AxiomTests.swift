import Numerics
import Testing
import Valuation

@Suite("Axioms")
struct AxiomTests {
    static let sampled: [EstimatorName] = [
        .gp, .kernel, .kernelPaired, .kernelUnbiased, .leverage, .leverageRidge, .svarm, .msr,
    ]

    static func noisyRows(_ seed: UInt64, n: Int = 9, count: Int = 60) throws -> [EvaluationRow] {
        let game = NoisyGame(GenerativeGame(.entropy, playerCount: n, seed: seed), level: 0.5)
        let design = try Design.pairedStratified.coalitions(playerCount: n, count: count, seed: seed)
        return game.rows(design, endRepeats: 3, seed: seed)
    }

    @Test("Efficiency: values add up to v(N) − v(∅)", arguments: sampled, UInt64(0)..<3)
    func efficiency(estimator: EstimatorName, seed: UInt64) throws {
        let estimate = try estimate(rows: try Self.noisyRows(seed), playerCount: 9, estimator: estimator)
        #expect(abs(estimate.sum - (estimate.vFull - estimate.vEmpty)) < 1e-12)
    }

    @Test("Efficiency holds along permutations", arguments: UInt64(0)..<3)
    func efficiencyOfPermutations(seed: UInt64) throws {
        let game = GenerativeGame(.saturation, playerCount: 8, seed: seed)
        let design = try Design.permutations.coalitions(playerCount: 8, count: 7 * 8, seed: seed)
        let estimate = try estimate(rows: Oracle.rows(game, design), playerCount: 8, estimator: .permutation)
        #expect(abs(estimate.sum - (estimate.vFull - estimate.vEmpty)) < 1e-12)
    }

    @Test("Null player: one who changes nothing gets nothing", arguments: EstimatorName.allCases)
    func nullPlayer(estimator: EstimatorName) throws {
        let game = GenerativeGame(.quality, playerCount: 7, seed: 5, null: 1)
        let estimate = try estimate(rows: try Oracle.everything(game), playerCount: 7, estimator: estimator)
        #expect(abs(estimate.values[6].value) < 1e-9)
    }

    @Test("A null player's interval holds zero on a noisy sample", arguments: UInt64(0)..<5)
    func noisyNullPlayer(seed: UInt64) throws {
        let game = NoisyGame(GenerativeGame(.quality, playerCount: 12, seed: seed, null: 1), level: 0.3)
        let design = try Design.pairedStratified.coalitions(playerCount: 12, count: 120, seed: seed)
        let estimate = try estimate(rows: game.rows(design, endRepeats: 5, seed: seed), playerCount: 12)
        #expect(abs(estimate.values[11].value) < 3 * estimate.values[11].stdError)
    }

    @Test("Symmetry: players who are alike get the same", arguments: EstimatorName.allCases)
    func symmetry(estimator: EstimatorName) throws {
        let game = GenerativeGame(.entropy, playerCount: 6, seed: 8, duplicates: 1)
        let estimate = try estimate(rows: try Oracle.everything(game), playerCount: 6, estimator: estimator)
        #expect(abs(estimate.values[0].value - estimate.values[5].value) < 1e-9)
    }

    @Test("Names do not matter: permuting the players permutes the values", arguments: sampled)
    func anonymity(estimator: EstimatorName) throws {
        let rows = try Self.noisyRows(4)
        let mirrored = rows.map { row in
            EvaluationRow(
                coalition: Coalition(playerCount: 9, members: row.coalition.members.map { 8 - $0 }), value: row.value)
        }
        let first = try estimate(rows: rows, playerCount: 9, estimator: estimator).values.map(\.value)
        let second = try estimate(rows: mirrored, playerCount: 9, estimator: estimator).values.map(\.value)
        #expect(largestDifference(first, second.reversed()) < 1e-7)
    }

    @Test(
        "Linearity: values of a sum are the sum of values",
        arguments: [.kernel, .kernelPaired, .kernelUnbiased, .leverage, .svarm] as [EstimatorName])
    func linearity(estimator: EstimatorName) throws {
        let first = try Self.noisyRows(1)
        let second = zip(first, try Self.noisyRows(2)).map {
            EvaluationRow(coalition: $0.coalition, value: $1.value)
        }
        let sum = zip(first, second).map { EvaluationRow(coalition: $0.coalition, value: 2 * $0.value + $1.value) }
        func values(_ rows: [EvaluationRow]) throws -> [Double] {
            try estimate(rows: rows, playerCount: 9, estimator: estimator).values.map(\.value)
        }
        let expected = zip(try values(first), try values(second)).map { 2 * $0 + $1 }
        #expect(largestDifference(try values(sum), expected) < 1e-9)
    }

    @Test("Linearity of every estimator with everything evaluated", arguments: EstimatorName.allCases)
    func fullLinearity(estimator: EstimatorName) throws {
        let first = try Oracle.everything(Oracle.random(5, seed: 31))
        let second = try Oracle.everything(Oracle.random(5, seed: 32))
        let sum = zip(first, second).map { EvaluationRow(coalition: $0.coalition, value: $0.value - 3 * $1.value) }
        func values(_ rows: [EvaluationRow]) throws -> [Double] {
            try estimate(rows: rows, playerCount: 5, estimator: estimator).values.map(\.value)
        }
        let expected = zip(try values(first), try values(second)).map { $0 - 3 * $1 }
        #expect(largestDifference(try values(sum), expected) < 1e-9)
    }

    @Test("The units of the property do not matter", arguments: sampled)
    func units(estimator: EstimatorName) throws {
        let rows = try Self.noisyRows(6)
        let scaled = rows.map { EvaluationRow(coalition: $0.coalition, value: 1000 * $0.value - 7) }
        let first = try estimate(rows: rows, playerCount: 9, estimator: estimator)
        let second = try estimate(rows: scaled, playerCount: 9, estimator: estimator)
        // Searches for the best parameters end within the root of the rounding.
        #expect(largestDifference(first.values.map { 1000 * $0.value }, second.values.map(\.value)) < 1e-4)
        #expect(largestDifference(first.values.map { 1000 * $0.stdError }, second.values.map(\.stdError)) < 1e-4)
    }

    @Test("Equal input gives equal bits, whatever the estimator", arguments: sampled)
    func determinism(estimator: EstimatorName) throws {
        let rows = try Self.noisyRows(7)
        let first = try estimate(rows: rows, playerCount: 9, estimator: estimator, seed: 3)
        let second = try estimate(rows: rows, playerCount: 9, estimator: estimator, seed: 3)
        #expect(first.values == second.values)
    }
}
