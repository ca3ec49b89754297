import Errors
import Foundation
import Numerics
import Plots
import Valuation

/// What a study found: how well each approximation's utilities follow those of retraining, and what it costs.
struct FidelityReport {
    private let table: FidelityTable
    private let images: Int
    private let methods: [String]

    /// Reads the results of a study, finished or not.
    init(file: String) throws {
        table = try FidelityTable(reading: file)
        images = table.rows.map(\.images).max() ?? 0
        var methods: [String] = []
        for row in table.rows where row.method != FidelityStudy.retrained && !methods.contains(row.method) {
            methods.append(row.method)
        }
        self.methods = methods
    }

    /// Prints the tables in Markdown and writes the plot of correlation by fine-tuning steps.
    func write(plot: String) throws {
        guard let first = methods.first, comparison(first, "vendi_score", images)?.count ?? 0 > 2 else {
            throw LaurelError.refused("there are too few evaluations to compare", at: table.path, next: "let it run on")
        }
        costs()
        correlations()
        noise()
        imageCounts()
        let series = ["frechet_distance", "coverage", "recall", "soft_cluster_entropy", "vendi_score"].map { property in
            PlotSeries(
                property,
                methods.filter { $0.hasPrefix("pruned-") }.compactMap { method in
                    guard let found = comparison(method, property, images), let steps = Self.steps(of: method) else {
                        return nil
                    }
                    return PlotSeries.Point(steps, found.pearson, interval: found.interval)
                })
        }
        let svg = Plot.lines(
            series,
            labels: PlotLabels(
                title: "Fine-tuned against retrained utilities",
                description: "Pearson correlation over coalitions by steps of fine-tuning, with 90 % bootstrap bands.",
                x: "fine-tuning steps of the pruned model", y: "Pearson correlation"))
        try Data(svg.utf8).write(to: URL(fileURLWithPath: plot), options: .atomic)
    }

    private static func steps(of method: String) -> Double? {
        method.split(separator: "-").last.flatMap { Double($0) }
    }

    private func rows(_ method: String, repeatIndex: Int, images: Int) -> [String: FidelityTable.Row] {
        Dictionary(
            table.rows.filter { $0.method == method && $0.repeatIndex == repeatIndex && $0.images == images }
                .map { ($0.coalition, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// An approximation's values beside the retrained ones', over the coalitions that have both.
    private func comparison(_ method: String, _ property: String, _ images: Int) -> FidelityComparison? {
        let retrained = rows(FidelityStudy.retrained, repeatIndex: 0, images: self.images)
        let tuned = rows(method, repeatIndex: 0, images: images)
        let coalitions = retrained.keys.filter { tuned[$0] != nil && (1...9).contains(retrained[$0]?.size ?? 0) }
            .sorted()
        let pairs = coalitions.compactMap { coalition -> FidelityComparison.Item? in
            guard let truth = retrained[coalition], let guess = tuned[coalition], let x = truth.values[property],
                let y = guess.values[property], x.isFinite, y.isFinite
            else { return nil }
            return FidelityComparison.Item(retrained: x, tuned: y, size: Double(truth.size))
        }
        return FidelityComparison(pairs)
    }

    /// Mean processor seconds of one evaluation.
    private func cost(_ method: String) -> (train: Double, all: Double) {
        let found = rows(method, repeatIndex: 0, images: images).values
        let count = Double(max(1, found.count))
        let train = found.reduce(0) { $0 + $1.train } / count
        return (train, found.reduce(0) { $0 + $1.train + $1.sample + $1.measure } / count)
    }

    private func costs() {
        let full = cost(FidelityStudy.retrained)
        print("| method | training, s | whole evaluation, s | training: retrained ÷ this | whole: retrained ÷ this |")
        print("| --- | ---: | ---: | ---: | ---: |")
        for method in [FidelityStudy.retrained] + methods {
            let own = cost(method)
            print(
                String(
                    format: "| %@ | %.2f | %.2f | %.1f | %.1f |", method, own.train, own.all, full.train / own.train,
                    full.all / own.all))
        }
    }

    private func correlations() {
        let count = methods.first.flatMap { comparison($0, "vendi_score", images)?.count } ?? 0
        print(
            "\n\(count) coalitions, \(images) images; Pearson / Spearman / mean absolute error in SD of retrained values\n"
        )
        print("| property | \(methods.joined(separator: " | ")) |")
        print("| --- |" + methods.map { _ in " --- |" }.joined())
        for property in table.properties {
            let cells = methods.map { method -> String in
                guard let found = comparison(method, property, images) else { return "–" }
                return String(format: "%.2f / %.2f / %.2f", found.pearson, found.spearman, found.error)
            }
            print("| \(property) | \(cells.joined(separator: " | ")) |")
        }
        print("\nPearson with the coalition's size taken out of both\n")
        print("| property | \(methods.joined(separator: " | ")) |")
        print("| --- |" + methods.map { _ in " --- |" }.joined())
        for property in table.properties {
            let cells = methods.map { method in
                comparison(method, property, images).map { String(format: "%.2f", $0.withoutSize) } ?? "–"
            }
            print("| \(property) | \(cells.joined(separator: " | ")) |")
        }
    }

    /// The share of the variance between coalitions that is not noise of seeds, from coalitions evaluated twice.
    private func reliability(_ method: String, _ property: String) -> Double? {
        let first = rows(method, repeatIndex: 0, images: images).filter { (1...9).contains($0.value.size) }
        let second = rows(method, repeatIndex: 1, images: images)
        let apart = second.compactMap { coalition, row -> Double? in
            guard let a = first[coalition]?.values[property], let b = row.values[property] else { return nil }
            return (a - b) * (a - b) / 2
        }
        let values = first.values.compactMap { $0.values[property] }
        guard apart.count > 1, values.count > 2 else { return nil }
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
        return variance > 0 ? max(0, 1 - apart.reduce(0, +) / Double(apart.count) / variance) : nil
    }

    private func noise() {
        print(
            "\nReliability (share of variance that is not noise of seeds), and the correlation that noise allows at most\n"
        )
        print("| property | retrained | \(methods.map { "\($0): reliability, ceiling" }.joined(separator: " | ")) |")
        print("| --- | --- |" + methods.map { _ in " --- |" }.joined())
        for property in table.properties {
            guard let truth = reliability(FidelityStudy.retrained, property) else { continue }
            let cells = methods.map { method -> String in
                guard let own = reliability(method, property) else { return "–" }
                return String(format: "%.2f, %.2f", own, (own * truth).squareRoot())
            }
            print("| \(property) | \(String(format: "%.2f", truth)) | \(cells.joined(separator: " | ")) |")
        }
    }

    private func imageCounts() {
        let counts = Set(table.rows.map(\.images)).sorted()
        guard let method = methods.max(by: { (Self.steps(of: $0) ?? 0) < (Self.steps(of: $1) ?? 0) }) else { return }
        print("\nPearson of \(method) by number of images (retrained: \(images))\n")
        print("| property | \(counts.map { "\($0)" }.joined(separator: " | ")) |")
        print("| --- |" + counts.map { _ in " --- |" }.joined())
        for property in table.properties {
            let cells = counts.map { count in
                comparison(method, property, count).map { String(format: "%.2f", $0.pearson) } ?? "–"
            }
            print("| \(property) | \(cells.joined(separator: " | ")) |")
        }
    }
}
