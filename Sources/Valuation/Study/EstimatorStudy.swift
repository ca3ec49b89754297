import Errors
import Numerics

/// How estimators fare on games whose values are known: error, coverage, width, ranks and time over seeds.
package struct EstimatorStudy: Sendable {
    /// What to vary; every combination is one cell.
    package struct Grid: Sendable {
        /// Properties whose games are played.
        package var properties: [GenerativeGame.Property]
        /// Numbers of players.
        package var players: [Int]
        /// Numbers of evaluated coalitions beside the ends.
        package var coalitions: [Int]
        /// Noise of one evaluation in standard deviations of v at half the players.
        package var noise: [Double]
        /// Estimators.
        package var estimators: [EstimatorName]
        /// How many seeds of games, designs and noise.
        package var seeds: Int
        /// The first of them; the others follow.
        package var firstSeed: UInt64

        /// A grid.
        package init(
            properties: [GenerativeGame.Property] = GenerativeGame.Property.allCases, players: [Int] = [12],
            coalitions: [Int] = [60, 120], noise: [Double] = [0.5],
            estimators: [EstimatorName] = [.gp, .kernel, .leverageRidge, .svarm], seeds: Int = 20,
            firstSeed: UInt64 = 0
        ) {
            self.properties = properties
            self.players = players
            self.coalitions = coalitions
            self.noise = noise
            self.estimators = estimators
            self.seeds = seeds
            self.firstSeed = firstSeed
        }
    }

    /// One cell's outcome; medians and means over its seeds.
    package struct Cell: Sendable {
        package let property: GenerativeGame.Property
        package let players: Int
        package let coalitions: Int
        package let noise: Double
        package let estimator: EstimatorName
        /// Median relative ℓ2 error to the true values.
        package let error: Double
        /// Median relative ℓ2 error of paying everyone equally.
        package let equalSplitError: Double
        /// Share of true values inside their 95 % interval.
        package let coverage: Double
        /// Its standard error, from how seeds differ: players of one game share its luck.
        package let coverageError: Double
        /// Mean half-width of the intervals, relative to the root mean square of the true values.
        package let halfWidth: Double
        /// Median rank correlation with the true values.
        package let rankCorrelation: Double
        /// Median processor seconds of one estimate.
        package let seconds: Double
    }

    /// Evaluations of each end.
    package static let endRepeats = 5

    /// Runs one combination of game, size and noise for all estimators of the grid.
    ///
    /// The published estimator gets its own design, chains go to `permutation`, everyone else the default design.
    ///
    /// - Throws: ``LaurelError`` when an estimator cannot answer at this size, `CancellationError` when cancelled.
    package static func cells(
        of property: GenerativeGame.Property, players n: Int, coalitions count: Int, noise: Double, grid: Grid
    ) throws -> [Cell] {
        var samples = [[Sample]](repeating: [], count: grid.estimators.count)
        for seed in grid.firstSeed..<grid.firstSeed + UInt64(grid.seeds) {
            let game = GenerativeGame(property, playerCount: n, seed: seed)
            let truth = n <= 14 ? try game.exactValues() : game.referenceValues(orders: max(4, 4000 / n))
            let noisy = NoisyGame(game, level: noise)
            for (position, name) in grid.estimators.enumerated() {
                try Task.checkCancellation()
                let design: Design =
                    switch name {
                    case .kernel, .kernelUnbiased: .kernel
                    case .permutation: .permutations
                    case .exact: .everything
                    case .gp, .kernelPaired, .leverage, .leverageRidge, .svarm, .msr: .pairedStratified
                    }
                let coalitions = try design.coalitions(
                    playerCount: n, count: name == .exact ? .max : count, seed: seed)
                let rows = noisy.rows(coalitions, endRepeats: endRepeats, seed: seed)
                samples[position].append(try Sample(rows, truth, name, seed: seed))
            }
        }
        return zip(grid.estimators, samples).map { name, samples in
            Cell(
                property: property, players: n, coalitions: count, noise: noise, estimator: name,
                error: median(samples.map(\.error)), equalSplitError: median(samples.map(\.equalSplitError)),
                coverage: mean(samples.map(\.coverage)), coverageError: standardError(samples.map(\.coverage)),
                halfWidth: mean(samples.map(\.halfWidth)),
                rankCorrelation: median(samples.map(\.rankCorrelation)), seconds: median(samples.map(\.seconds)))
        }
    }

    /// One estimate held against the truth.
    private struct Sample {
        var error: Double
        var equalSplitError: Double
        var coverage: Double
        var halfWidth: Double
        var rankCorrelation: Double
        var seconds: Double

        init(_ rows: [EvaluationRow], _ truth: [Double], _ name: EstimatorName, seed: UInt64) throws(LaurelError) {
            let start = processorSeconds()
            let found = try estimate(rows: rows, playerCount: truth.count, estimator: name, seed: seed)
            seconds = processorSeconds() - start
            let n = Double(truth.count)
            let length = truth.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let share = truth.reduce(0, +) / n
            func distance(_ values: [Double]) -> Double {
                zip(values, truth).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot() / length
            }
            error = distance(found.values.map(\.value))
            equalSplitError = distance(truth.map { _ in share })
            coverage = Double(zip(found.values, truth).count { $0.low <= $1 && $1 <= $0.high }) / n
            halfWidth = found.values.reduce(0) { $0 + ($1.high - $1.low) / 2 } / n / (length / n.squareRoot())
            rankCorrelation = Ranks.correlation(found.values.map(\.value), truth) ?? 0
        }
    }

    private static func mean(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    }

    private static func standardError(_ values: [Double]) -> Double {
        guard values.count > 1 else { return 0 }
        let centre = mean(values)
        let squares = values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
        return (squares / Double(values.count - 1) / Double(values.count)).squareRoot()
    }

    private static func median(_ values: [Double]) -> Double {
        guard !values.isEmpty else { return 0 }
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
