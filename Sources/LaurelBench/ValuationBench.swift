import Errors
import Foundation
import Glibc
import Numerics
import Plots
import Valuation

/// Measures the estimators against other programs and against the clock.
enum ValuationBench {
    private static let players = 12
    private static let seeds = UInt64(0)..<20
    private static let noise = 0.5

    /// Writes every game of the comparison as a text file: noise, then v by mask, one number a line.
    static func writeTables(to folder: String) throws {
        for property in GenerativeGame.Property.allCases {
            for seed in seeds {
                let game = GenerativeGame(property, playerCount: players, seed: seed)
                let values = game.values((0..<1 << players).map { Coalition(playerCount: players, mask: $0) })
                let lines = [NoisyGame(game, level: noise).noiseSD] + values
                try Data((lines.map { "\($0)" }.joined(separator: "\n") + "\n").utf8)
                    .write(to: URL(fileURLWithPath: "\(folder)/\(property.rawValue)-\(seed).txt"))
            }
        }
    }

    /// Estimates from the evaluations that another program drew (`NAME-SEED-M.csv` in the folder), and from a design of
    /// our own of the same size; prints CSV with processor seconds.
    static func compare(against folder: String) throws {
        print("game,seed,coalitions,rows,estimator,error,seconds")
        for property in GenerativeGame.Property.allCases {
            for seed in seeds {
                let game = GenerativeGame(property, playerCount: players, seed: seed)
                let truth = try game.exactValues()
                for count in [60, 120, 240] {
                    let design = try Design.pairedStratified.coalitions(playerCount: players, count: count, seed: seed)
                    let own = NoisyGame(game, level: noise).rows(design, endRepeats: 5, seed: seed)
                    let path = URL(fileURLWithPath: "\(folder)/\(property.rawValue)-\(seed)-\(count).csv")
                    let file = try EvaluationFile(
                        parsing: [UInt8](try Data(contentsOf: path)), file: path.lastPathComponent,
                        players: (0..<players).map { "p\($0)" })
                    let shared = file.rows["value"] ?? []
                    // The ridge lives on pairs, which the other program does not draw.
                    let runs: [(String, [EvaluationRow], EstimatorName)] = [
                        ("shared", shared, .gp), ("shared", shared, .svarm), ("own", own, .gp), ("own", own, .svarm),
                        ("own", own, .leverageRidge),
                    ]
                    for (source, rows, estimator) in runs {
                        let start = processorSeconds()
                        let found = try estimate(
                            rows: rows, playerCount: players, estimator: estimator, seed: seed)
                        let seconds = processorSeconds() - start
                        print(
                            "\(property.rawValue),\(seed),\(count),\(source),\(estimator),"
                                + "\(error(found, truth)),\(seconds)")
                    }
                }
            }
        }
    }

    /// Time and memory of the default estimator by n and M; prints CSV, and draws the times into `path`.
    static func cost(plot path: String) throws {
        print("players,coalitions,seconds,peak_mib")
        var series: [PlotSeries] = []
        for n in [20, 50, 100, 258, 1000] {
            let game = NoisyGame(GenerativeGame(.entropy, playerCount: n, seed: 0), level: noise)
            var points: [PlotSeries.Point] = []
            for count in [125, 250, 500, 1000, 2000, 5000] where n > 50 || count <= 1000 {
                let design = try Design.pairedStratified.coalitions(playerCount: n, count: count, seed: 0)
                let rows = game.rows(design, endRepeats: 5, seed: 0)
                let start = processorSeconds()
                _ = try estimate(rows: rows, playerCount: n)
                let seconds = processorSeconds() - start
                var usage = rusage()
                getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
                print("\(n),\(count),\(seconds),\(usage.ru_maxrss / 1024)")
                points.append(PlotSeries.Point(log10(Double(count)), log10(seconds)))
            }
            series.append(PlotSeries("n = \(n)", points))
        }
        let labels = PlotLabels(
            title: "Time of gp by players n and coalitions M",
            description: "Both axes by powers of ten: 2 is 100 coalitions, 3 is 1,000; 0 is one second.",
            x: "log₁₀ M", y: "log₁₀ seconds")
        try Data(Plot.lines(series, labels: labels).utf8).write(to: URL(fileURLWithPath: path))
    }

    private static func error(_ estimate: Estimate, _ truth: [Double]) -> Double {
        let apart = zip(estimate.values, truth).reduce(0) { $0 + ($1.0.value - $1.1) * ($1.0.value - $1.1) }
        return (apart / truth.reduce(0) { $0 + $1 * $1 }).squareRoot()
    }
}
