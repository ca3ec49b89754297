import ArgumentParser
import Monthly
import Valuation

struct CreditEstimateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "estimate",
        abstract: "Estimate credits from a file of evaluations; needs no database and no model.",
        discussion: "Example: laurel credit estimate --evaluations evaluations.csv --estimator gp --format json")

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("Columns coalition,value[,variance][,seed].", valueName: "file.csv"))
    var evaluations: String

    @Option(help: ArgumentHelp("The players, joined by commas; else everyone named in the file.", valueName: "a,b,c"))
    var players: String?

    @Option(help: ArgumentHelp("Which value:NAME column, where there are several.", valueName: "name"))
    var property: String?

    @Option(
        help: ArgumentHelp(
            EstimatorName.allCases.map(\.rawValue).joined(separator: ", ") + ".", valueName: "name"))
    var estimator = EstimatorName.gp.rawValue

    @Option(help: ArgumentHelp("shapley, banzhaf, loo or beta:A,B.", valueName: "name"))
    var index = "shapley"

    @Option(help: ArgumentHelp("Of whatever chance the estimator uses.", valueName: "n"))
    var seed: UInt64 = 0

    func run() async throws {
        let report = try EstimateService.estimate(
            path: evaluations, property: property,
            players: players.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) },
            estimator: estimator, index: index, seed: seed)
        report.warnings.forEach { Terminal.note("warning: \($0)") }
        switch global.format {
        case .json: Record(fields: fields(of: report)).write(as: .json)
        case .table, .csv:
            listing(of: report).write(as: global.format)
            if global.format == .table { notes(on: report).forEach { Terminal.put($0) } }
        }
    }

    /// The contract's document.
    private func fields(of report: EstimateService.Report) -> [(key: String, value: OutputValue)] {
        let estimate = report.estimate
        return [
            ("estimator", .string(estimate.estimator.rawValue)), ("index", .string(estimate.index.description)),
            ("property", .string(report.property)), ("players", .integer(report.players.count)),
            ("evaluations", .integer(estimate.evaluations)), ("v_empty", number(estimate.vEmpty)),
            ("v_full", number(estimate.vFull)), ("noise_sd", number(estimate.noiseSD)),
            ("loo_r2", number(estimate.looR2)),
            (
                "values",
                .array(
                    zip(report.players, estimate.values).map { player, value in
                        .object([
                            ("player", .string(player)), ("value", number(value.value)),
                            ("std_error", number(value.stdError)), ("low", number(value.low)),
                            ("high", number(value.high)),
                        ])
                    })
            ),
            ("sum", number(estimate.sum)),
            (
                "cross_check",
                .array(
                    report.checks.map { check in
                        .object([
                            ("estimator", .string(check.estimator.rawValue)),
                            ("rank_correlation", number(check.rankCorrelation)),
                            ("relative_l2", number(check.relativeL2)),
                        ])
                    })
            ),
            ("warnings", .array(report.warnings.map { .string($0) })),
        ]
    }

    private func listing(of report: EstimateService.Report) -> Listing {
        let isTable = global.format == .table
        func shown(_ value: Double) -> OutputValue { isTable ? .string(Rounded.text(value)) : number(value) }
        var listing = Listing(columns: [
            .text("player", "Player"), .number("value", "Value"), .number("std_error", "± SE"), .number("low", "Low"),
            .number("high", "High"),
        ])
        let order =
            isTable
            ? report.players.indices.sorted { report.estimate.values[$0].value > report.estimate.values[$1].value }
            : Array(report.players.indices)
        listing.rows = order.map { index in
            let value = report.estimate.values[index]
            return [
                .string(report.players[index]), shown(value.value), shown(value.stdError), shown(value.low),
                shown(value.high),
            ]
        }
        return listing
    }

    private func notes(on report: EstimateService.Report) -> [String] {
        let estimate = report.estimate
        var lines = [
            "",
            "\(estimate.estimator), \(estimate.index), \(estimate.evaluations) evaluations: sum "
                + "\(Rounded.text(estimate.sum)), v(∅) \(Rounded.text(estimate.vEmpty)), v(N) \(Rounded.text(estimate.vFull))",
        ]
        if let noise = estimate.noiseSD { lines.append("noise of one evaluation (SD): \(Rounded.text(noise))") }
        if let skill = estimate.looR2 { lines.append("v predicted from the others (R²): \(Rounded.text(skill))") }
        for check in report.checks {
            let ranks = check.rankCorrelation.map(Rounded.text) ?? "none"
            lines.append(
                "\(check.estimator): rank correlation \(ranks), relative difference \(Rounded.text(check.relativeL2))")
        }
        return lines
    }

    private func number(_ value: Double?) -> OutputValue {
        value.map { .string("\($0)") } ?? .none
    }
}

/// Numbers for tables: four significant digits.
enum Rounded {
    static func text(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return "\(value)" }
        var scale = 1.0
        while abs(value) * scale < 1000, scale < 1e12 { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        return "\(rounded)"
    }
}
