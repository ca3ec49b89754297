import Errors
import Foundation
import Plots

/// What a study found: how well each approximation's utilities follow those of retraining, and what it costs.
struct FidelityReport {
    private let table: FidelityTable
    private let images: Int
    /// Approximations, by name and steps.
    private let methods: [String]

    /// Reads the results of a study, finished or not.
    init(file: String) throws {
        table = try FidelityTable(reading: file)
        images = table.rows.map(\.images).max() ?? 0
        methods = Set(table.rows.map(\.method)).subtracting([FidelityStudy.retrained])
            .sorted { (Self.family(of: $0), Self.steps(of: $0) ?? 0) < (Self.family(of: $1), Self.steps(of: $1) ?? 0) }
    }

    /// Prints the tables in Markdown and writes the plot of correlation by fine-tuning steps; the last table looks closer
    /// at one approximation.
    func write(plot: String, closer: String) throws {
        guard methods.contains(closer), let count = comparison(closer, "vendi_score", images)?.count else {
            throw LaurelError.refused(
                "there are too few evaluations to compare", at: "\(closer) in \(table.path)", next: "let it run on")
        }
        costs()
        print("\n\(count) coalitions, \(images) images; Pearson / Spearman / mean absolute error in standard")
        print("deviations of the retrained values:\n")
        print("| property | \(methods.map { "`\($0)`" }.joined(separator: " | ")) |")
        print("| --- |" + methods.map { _ in " --- |" }.joined())
        for property in table.properties {
            let cells = methods.map { method in
                comparison(method, property, images).map {
                    String(format: "%.2f / %.2f / %.1f", $0.pearson, $0.spearman, $0.error)
                } ?? "–"
            }
            print("| `\(property)` | \(cells.joined(separator: " | ")) |")
        }
        look(closer)
        try draw(plot)
    }

    private func look(_ method: String) {
        let fewer = Set(table.rows.map(\.images)).subtracting([images]).sorted()
        let columns =
            ["Pearson [90 %]", "size taken out"] + fewer.map { "\($0) images" } + [
                "reliability: retrained", "fine-tuned", "ceiling [90 %]",
            ]
        print("\n`\(method)`; intervals are the middle 90 % over resampled coalitions:\n")
        print("| property | \(columns.joined(separator: " | ")) |")
        print("| --- |" + columns.map { _ in " --- |" }.joined())
        for property in table.properties {
            guard let found = comparison(method, property, images) else { continue }
            func interval(_ value: Double, _ range: ClosedRange<Double>) -> String {
                String(format: "%.2f [%.2f, %.2f]", value, range.lowerBound, range.upperBound)
            }
            let noise = noise(method, property)
            let cells =
                [interval(found.pearson, found.interval), String(format: "%.2f", found.withoutSize)]
                + fewer.map { count in
                    comparison(method, property, count).map { String(format: "%.2f", $0.pearson) } ?? "–"
                } + [
                    noise.map { String(format: "%.2f", $0.retrainedReliability) } ?? "–",
                    noise.map { String(format: "%.2f", $0.tunedReliability) } ?? "–",
                    noise.map { interval($0.ceiling, $0.interval) } ?? "–",
                ]
            print("| `\(property)` | \(cells.joined(separator: " | ")) |")
        }
    }

    private func draw(_ file: String) throws {
        let banded = ["label_entropy", "frechet_distance"]
        let shown = banded + ["published_cluster_entropy", "realism"]
        let series = shown.map { property in
            PlotSeries(
                property,
                methods.filter { Self.family(of: $0) == "long" }.compactMap { method in
                    guard let found = comparison(method, property, images), let steps = Self.steps(of: method) else {
                        return nil
                    }
                    return PlotSeries.Point(
                        steps, found.pearson, interval: banded.contains(property) ? found.interval : nil)
                })
        }
        let svg = Plot.lines(
            series,
            labels: PlotLabels(
                title: "Fine-tuned against retrained utilities",
                description: "Pearson correlation over coalitions by steps of fine-tuning; bands are 90 % bootstrap "
                    + "intervals.",
                x: "fine-tuning steps of the recovered pruned model", y: "Pearson correlation"))
        try Data(svg.utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
    }

    private static func family(of method: String) -> String { String(method.prefix { $0 != "-" }) }

    private static func steps(of method: String) -> Double? {
        method.split(separator: "-").last.flatMap { Double($0) }
    }

    private func rows(_ method: String, repeatIndex: Int, images: Int) -> [String: FidelityTable.Row] {
        Dictionary(
            table.rows.filter {
                $0.method == method && $0.repeatIndex == repeatIndex && $0.images == images && (1...9).contains($0.size)
            }.map { ($0.coalition, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// An approximation's values beside the retrained ones', over the coalitions that have both.
    private func comparison(_ method: String, _ property: String, _ images: Int) -> FidelityComparison? {
        let retrained = rows(FidelityStudy.retrained, repeatIndex: 0, images: self.images)
        let tuned = rows(method, repeatIndex: 0, images: images)
        return FidelityComparison(
            retrained.keys.sorted().compactMap { coalition in
                guard let truth = retrained[coalition], let x = truth.values[property],
                    let y = tuned[coalition]?.values[property], x.isFinite, y.isFinite
                else { return nil }
                return FidelityComparison.Item(retrained: x, tuned: y, size: Double(truth.size))
            })
    }

    private func noise(_ method: String, _ property: String) -> FidelityNoise? {
        let values = [FidelityStudy.retrained, method].map { method in
            (0...1).map { index in
                rows(method, repeatIndex: index, images: images).compactMapValues { $0.values[property] }
            }
        }
        let both = values[0][0].keys.filter { values[1][0][$0] != nil }.sorted()
        let twice = both.compactMap { coalition -> FidelityNoise.Twice? in
            guard let a = values[0][0][coalition], let b = values[0][1][coalition], let c = values[1][0][coalition],
                let d = values[1][1][coalition]
            else { return nil }
            return FidelityNoise.Twice(retrained: (a, b), tuned: (c, d))
        }
        return FidelityNoise(
            twice: twice, retrained: both.compactMap { values[0][0][$0] }, tuned: both.compactMap { values[1][0][$0] })
    }

    private func costs() {
        /// Mean processor seconds of one evaluation.
        func cost(_ method: String) -> (train: Double, sample: Double, all: Double) {
            let found = rows(method, repeatIndex: 0, images: images).values
            let count = Double(max(1, found.count))
            let (train, sample) = (
                found.reduce(0) { $0 + $1.train } / count, found.reduce(0) { $0 + $1.sample } / count
            )
            return (train, sample, train + sample + found.reduce(0) { $0 + $1.measure } / count)
        }
        let full = cost(FidelityStudy.retrained)
        print("| processor seconds | training | sampling | with measuring | training: retrained ÷ this | all of it |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |")
        for method in [FidelityStudy.retrained] + methods {
            let own = cost(method)
            print(
                String(
                    format: "| `%@` | %.2f | %.2f | %.2f | %.1f | %.1f |", method, own.train, own.sample, own.all,
                    full.train / own.train, full.all / own.all))
        }
    }
}
