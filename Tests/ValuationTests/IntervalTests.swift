import Testing
import Valuation

@Suite("Intervals and checks")
struct IntervalTests {
    @Test("The default's 95 % intervals cover the truth", arguments: GenerativeGame.Property.allCases)
    func coverage(property: GenerativeGame.Property) throws {
        var covered = 0
        var asked = 0
        for seed in UInt64(0)..<25 {
            let game = GenerativeGame(property, playerCount: 10, seed: seed, null: 1, duplicates: 1, harmful: 1)
            let truth = try game.exactValues()
            let design = try Design.pairedStratified.coalitions(playerCount: 10, count: 80, seed: seed)
            let rows = NoisyGame(game, level: 0.5).rows(design, endRepeats: 5, seed: seed)
            let estimate = try estimate(rows: rows, playerCount: 10)
            covered += zip(estimate.values, truth).count { $0.low <= $1 && $1 <= $0.high }
            asked += truth.count
        }
        let share = Double(covered) / Double(asked)
        #expect((0.92...0.98).contains(share), "\(share)")
    }

    @Test("The default beats the published estimator at a quarter of the evaluations")
    func beatsPublished() throws {
        for property in GenerativeGame.Property.allCases {
            var errors: (gp: Double, kernel: Double) = (0, 0)
            for seed in UInt64(0)..<10 {
                let game = GenerativeGame(property, playerCount: 12, seed: seed)
                let truth = try game.exactValues()
                let noisy = NoisyGame(game, level: 0.5)
                func error(_ design: Design, _ count: Int, _ name: EstimatorName) throws -> Double {
                    let coalitions = try design.coalitions(playerCount: 12, count: count, seed: seed)
                    let rows = noisy.rows(coalitions, endRepeats: 5, seed: seed)
                    let found = try estimate(rows: rows, playerCount: 12, estimator: name).values
                    return zip(found, truth).reduce(0) { $0 + ($1.0.value - $1.1) * ($1.0.value - $1.1) }.squareRoot()
                }
                errors.gp += try error(.pairedStratified, 60, .gp)
                errors.kernel += try error(.kernel, 240, .kernel)
            }
            #expect(errors.gp < errors.kernel, "\(property)")
        }
    }

    @Test("The probability of a rank is one half against oneself and adds up to one")
    func ranks() throws {
        let estimate = try estimate(rows: try AxiomTests.noisyRows(1), playerCount: 9)
        for i in 0..<9 {
            #expect(estimate.probability(i, above: i) == 0.5)
            for j in 0..<i {
                #expect(abs(estimate.probability(i, above: j) + estimate.probability(j, above: i) - 1) < 1e-12)
            }
        }
    }

    @Test("Repeats measure the noise, and prediction from the others is better than none")
    func noiseAndSkill() throws {
        let game = NoisyGame(GenerativeGame(.saturation, playerCount: 10, seed: 1), level: 0.5)
        let design = try Design.pairedStratified.coalitions(playerCount: 10, count: 100, seed: 1)
        let estimate = try estimate(rows: game.rows(design, endRepeats: 10, seed: 1), playerCount: 10)
        let noise = try #require(estimate.noiseSD)
        #expect(noise > 0.5 * game.noiseSD && noise < 2 * game.noiseSD)
        #expect(try #require(estimate.looR2) > 0.3)
    }

    @Test("Reported variances take weight from the rows that carry them")
    func variances() throws {
        let rows = try AxiomTests.noisyRows(5)
        let spoilt = rows.enumerated().map { index, row in
            index == 20
                ? EvaluationRow(coalition: row.coalition, value: row.value + 50, variance: 2500)
                : EvaluationRow(coalition: row.coalition, value: row.value, variance: 1e-4)
        }
        let clean = try estimate(rows: rows, playerCount: 9).values.map(\.value)
        let shielded = try estimate(rows: spoilt, playerCount: 9).values.map(\.value)
        let unshielded = try estimate(
            rows: spoilt.map { EvaluationRow(coalition: $0.coalition, value: $0.value) }, playerCount: 9
        ).values.map(\.value)
        #expect(largestDifference(clean, shielded) < largestDifference(clean, unshielded))
    }

    @Test("Cross-checks agree on a sound run and say so when rows of another game were mixed in")
    func crossChecks() throws {
        let rows = try AxiomTests.noisyRows(3, n: 9, count: 120)
        let sound = try crossCheck(try estimate(rows: rows, playerCount: 9), rows: rows)
        #expect(sound.map(\.estimator) == [.leverageRidge, .svarm])
        #expect(sound.allSatisfy { $0.relativeL2.isFinite })
        let published = try estimate(rows: rows, playerCount: 9, estimator: .kernel)
        #expect(try crossCheck(published, rows: rows).map(\.estimator) == [.gp, .leverageRidge, .svarm])
    }
}
