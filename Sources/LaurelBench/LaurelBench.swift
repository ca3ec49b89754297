import Errors
import Foundation

/// Benchmarks that need the house's own code; `ops/bench NAME` calls them.
@main
enum LaurelBench {
    static func main() {
        do {
            try run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            FileHandle.standardError.write(Data("LaurelBench: \(error)\n".utf8))
            exit((error as? LaurelError)?.kind.exitStatus ?? LaurelError.Kind.environment.exitStatus)
        }
    }

    private static func run(_ arguments: [String]) throws {
        switch arguments.first {
        case "valuation-tables" where arguments.count == 2: try ValuationBench.writeTables(to: arguments[1])
        case "valuation-compare" where arguments.count == 2: try ValuationBench.compare(against: arguments[1])
        case "engine" where arguments.count == 2: try EngineBench.run(arguments[1])
        case "valuation-cost" where arguments.count == 2: try ValuationBench.cost(plot: arguments[1])
        case "fidelity" where arguments.count == 3:
            var study = try FidelityStudy(settings: arguments[1], folder: arguments[2])
            try study.run()
        case "fidelity-measure" where arguments.count == 3:
            try FidelityStudy(settings: arguments[1], folder: arguments[2]).measureAgain()
        case "fidelity-report" where arguments.count == 4:
            try FidelityReport(file: arguments[1]).write(to: arguments[2], closer: arguments[3])
        case "fidelity-confirmation" where arguments.count == 4:
            try FidelityConfirmation(first: arguments[1], second: arguments[2], against: arguments[3]).write()
        default:
            throw LaurelError.input(
                "no such benchmark",
                next: "engine PART, valuation-tables DIR, valuation-compare DIR, valuation-cost PLOT.svg, "
                    + "fidelity SETTINGS DIR, fidelity-measure SETTINGS DIR, fidelity-report CSV DIR NAME or "
                    + "fidelity-confirmation CSV FRESH.csv NAME")
        }
    }
}
