import Errors
import Foundation
import Plots
import Properties

/// What a study found: how well each approximation's utilities follow those of retraining, and what it costs.
struct FidelityReport {
    private let results: FidelityResults

    /// Reads the results of a study, finished or not.
    init(file: String) throws {
        results = try FidelityResults(file: file)
    }

    /// Prints the tables in Markdown; writes `fidelity.svg`, correlation by fine-tuning steps, and `fidelity.csv`, every
    /// number of every recipe and property. One table looks closer at one approximation.
    func write(to folder: String, closer: String) throws {
        guard results.comparison(closer, FidelityResults.mix) != nil else {
            throw LaurelError.refused(
                "there are too few evaluations to compare", at: "\(closer) in \(results.path)", next: "let it run on")
        }
        recipes()
        look(closer)
        let folder = URL(fileURLWithPath: folder)
        try Data(plot.utf8).write(to: folder.appending(path: "fidelity.svg"), options: .atomic)
        try Data(everything.utf8).write(to: folder.appending(path: "fidelity.csv"), options: .atomic)
    }

    private func recipes() {
        print("Processor seconds of one thread and one evaluation; Pearson's correlation with retraining:\n")
        let chosen = [Property.Kind.frechetDistance.rawValue, Property.Kind.labelEntropy.rawValue, FidelityResults.mix]
        let header =
            ["recipe", "coalitions", "seconds", "cost"] + chosen.dropLast().map { "`\($0)`" } + ["half of each"]
        let full = [
            "`\(FidelityStudy.retrained)`", "", Markdown.short(results.cost(FidelityStudy.retrained)?.all), "1",
        ]
        let rows: [[String]] = results.methods.map { method in
            let count = results.coalitions(method).count
            let cost = [Markdown.short(results.cost(method)?.all), Markdown.ratio(results.costRatio(method))]
            let found = chosen.map { Markdown.short(results.comparison(method, $0)?.pearson) }
            return ["`\(method)`", "\(count)"] + cost + found + [Markdown.short(results.meanPearson(method))]
        }
        Markdown.print(
            header + ["mean of \(results.measured.count)"],
            [full + Array(repeating: "", count: chosen.count + 1)] + rows)
    }

    private func look(_ method: String) {
        print("\n`\(method)`; error is the mean distance in standard deviations of the retrained values; intervals")
        print("are the middle 90 % over resampled coalitions:\n")
        Markdown.print(
            ["property", "Pearson [90 %]", "Spearman", "error", "size taken out", "reliability: retrained", "tuned"]
                + ["ceiling [90 %]"],
            results.properties.compactMap { property in
                guard let found = results.comparison(method, property) else { return nil }
                let noise = results.noise(method, property)
                let error = Self.isMix(property) ? "–" : String(format: "%.1f", found.error)
                return ["`\(property)`", Markdown.interval(found.pearson, found.interval)]
                    + [Markdown.short(found.spearman), error, Markdown.short(found.withoutSize)]
                    + [Markdown.short(noise?.retrainedReliability), Markdown.short(noise?.tunedReliability)]
                    + [noise.map { Markdown.interval($0.ceiling, $0.interval) } ?? "–"]
            })
    }

    private var everything: String {
        let header =
            "recipe,property,cost_ratio,coalitions,pearson,low,high,spearman,error,size_taken_out,"
            + "reliability_retrained,reliability_tuned,ceiling,ceiling_low,ceiling_high\n"
        return results.methods.reduce(into: header) { text, method in
            for property in results.properties {
                guard let found = results.comparison(method, property) else { continue }
                let noise = results.noise(method, property)
                let error = Self.isMix(property) ? nil : found.error
                let numbers: [Double?] = [
                    found.pearson, found.interval.lowerBound, found.interval.upperBound, found.spearman, error,
                    found.withoutSize, noise?.retrainedReliability, noise?.tunedReliability, noise?.ceiling,
                    noise?.interval.lowerBound, noise?.interval.upperBound,
                ]
                text += "\(method),\(property),\(String(format: "%.1f", results.costRatio(method))),\(found.count),"
                text += numbers.map { $0.map { String(format: "%.3f", $0) } ?? "" }.joined(separator: ",") + "\n"
            }
        }
    }

    private var plot: String {
        let banded = ["label_entropy", "frechet_distance"]
        let long = results.methods.compactMap { method in
            method.hasPrefix("long-") ? Double(method.dropFirst(5)).map { (method, $0) } : nil
        }.sorted { $0.1 < $1.1 }
        let series = (banded + ["published_cluster_entropy", "realism"]).map { property in
            PlotSeries(
                property,
                long.compactMap { method, steps in
                    results.comparison(method, property).map {
                        PlotSeries.Point(steps, $0.pearson, interval: banded.contains(property) ? $0.interval : nil)
                    }
                })
        }
        return Plot.lines(
            series,
            labels: PlotLabels(
                title: "Fine-tuned against retrained utilities",
                description: "Pearson correlation over coalitions by steps of fine-tuning; bands are 90 % bootstrap "
                    + "intervals.",
                x: "fine-tuning steps of the recovered pruned model", y: "Pearson correlation"))
    }

    /// The mix divides either side by its own spread, so its levels are not comparable.
    private static func isMix(_ property: String) -> Bool { property == FidelityResults.mix }
}
