import Errors

/// What a second study, of fresh coalitions, says of recipes that looked good in the first.
struct FidelityConfirmation {
    private let first: FidelityResults
    private let second: FidelityResults
    /// The recipe that the others are measured against.
    private let today: String

    /// Reads the results of both.
    init(first: String, second: String, against today: String) throws {
        (self.first, self.second) = (try FidelityResults(file: first), try FidelityResults(file: second))
        self.today = today
        for results in [self.first, self.second] where results.comparison(today, FidelityResults.mix) == nil {
            throw LaurelError.refused(
                "there are too few evaluations to compare", at: "\(today) in \(results.path)", next: "let it run on")
        }
    }

    /// Prints, in Markdown, every recipe of the second study against today's, then every property.
    func write() {
        print("Cost, measured in the fresh study, and correlation in the mean over the properties; differences are")
        print("those to `\(today)` on the same coalitions, with the middle 90 % over resampled ones:\n")
        let rows: [[String]] = second.methods.map { method in
            let cost = Markdown.ratio(second.costRatio(method))
            let means = both { $0.meanPearson(method) }
            return ["`\(method)`", cost, means] + differences(method, second.measured)
                + differences(method, [FidelityResults.mix])
        }
        Markdown.print(
            ["recipe", "cost", "mean: first → fresh", "difference: first", "fresh", "of the mix: first", "fresh"], rows)
        print(
            "\nPearson's correlation on the first coalitions → on the fresh ones; then that of `\(today)` on those of two"
        )
        print("artists and more, and the ceiling that noise allows it on the fresh ones:\n")
        let properties: [[String]] = second.properties.map { property in
            let noise = second.noise(today, property)
            let several = both { results in
                let coalitions = results.coalitions(today).filter { $0.contains("|") }
                return results.comparison(today, property, among: coalitions)?.pearson
            }
            return ["`\(property)`"]
                + second.methods.map { method in both { $0.comparison(method, property)?.pearson } } + [several]
                + [noise.map { Markdown.interval($0.ceiling, $0.interval) } ?? "–"]
        }
        let header = ["property"] + second.methods.map { "`\($0)`" } + ["two artists and more", "ceiling"]
        Markdown.print(header, properties)
    }

    private func both(_ value: (FidelityResults) -> Double?) -> String {
        [first, second].map { Markdown.short(value($0)) }.joined(separator: " → ")
    }

    private func differences(_ method: String, _ properties: [String]) -> [String] {
        [first, second].map { results in
            guard method != today,
                let duel = FidelityDuel(results, method, against: today, properties: properties)
            else { return "–" }
            return Markdown.interval(duel.difference, duel.interval)
        }
    }
}
