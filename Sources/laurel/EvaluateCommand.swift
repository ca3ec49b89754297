import ArgumentParser
import Documents
import Errors
import Foundation
import Monthly
import Valuation

struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Studies of how good the methods are.",
        subcommands: [EvaluateEstimatorsCommand.self, EvaluatePropertiesCommand.self])
}

struct EvaluateEstimatorsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "estimators",
        abstract: "Error, coverage, rank correlation and time of the estimators on games with known values.",
        discussion: "Example: laurel evaluate estimators --players 12,20 --coalitions 60,120 --svg study.svg")

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("entropy, quality, saturation, joined by commas.", valueName: "names"))
    var games = GenerativeGame.Property.allCases.map(\.rawValue).joined(separator: ",")

    @Option(help: ArgumentHelp("Numbers of players.", valueName: "n,n"))
    var players = "12"

    @Option(help: ArgumentHelp("Numbers of evaluated coalitions.", valueName: "m,m"))
    var coalitions = "60,120"

    @Option(help: ArgumentHelp("Noise in standard deviations of v.", valueName: "x,x"))
    var noise = "0.5"

    @Option(help: ArgumentHelp("Estimators.", valueName: "names"))
    var estimators = "gp,kernel,kernel-paired,kernel-unbiased,leverage,leverage-ridge,svarm,permutation,msr"

    @Option(help: ArgumentHelp("How many seeds.", valueName: "n"))
    var seeds = 20

    @Option(help: ArgumentHelp("Also write the table as CSV.", valueName: "file"))
    var csv: String?

    @Option(help: ArgumentHelp("Also draw it as SVG.", valueName: "file"))
    var svg: String?

    @Option(help: ArgumentHelp("The first seed.", valueName: "n"))
    var firstSeed: UInt64 = 0

    func run() async throws {
        let grid = EstimatorStudy.Grid(
            properties: try list(games, "games") { GenerativeGame.Property(rawValue: $0) },
            players: try list(players, "players", Int.init), coalitions: try list(coalitions, "coalitions", Int.init),
            noise: try list(noise, "noise", Double.init),
            estimators: try list(estimators, "estimators") { EstimatorName(rawValue: $0) }, seeds: seeds,
            firstSeed: firstSeed)
        let cells = try EstimatorStudyService.run(grid, progress: ProgressPrinter().handler)
        listing(cells, isExact: global.format != .table).write(as: global.format)
        if let csv { try OutputFile.write(EstimatorStudyService.csv(cells), to: URL(fileURLWithPath: csv)) }
        if let svg { try OutputFile.write(EstimatorStudyService.svg(cells), to: URL(fileURLWithPath: svg)) }
    }

    private func list<Element>(
        _ text: String, _ option: String, _ parse: (String) -> Element?
    ) throws -> [Element] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let element = parse(String(part)) else {
                throw LaurelError.input(
                    "\"\(part)\" is nothing --\(option) knows", next: "see laurel evaluate estimators --help")
            }
            return element
        }
    }

    private func listing(_ cells: [EstimatorStudy.Cell], isExact: Bool) -> Listing {
        func shown(_ value: Double) -> OutputValue { .string(isExact ? "\(value)" : Rounded.text(value)) }
        var listing = Listing(columns: [
            .text("game", "Game"), .number("players", "n"), .number("coalitions", "M"), .number("noise", "Noise"),
            .text("estimator", "Estimator"), .number("error", "Error"), .number("equal_split", "Equal split"),
            .number("coverage", "Coverage"), .number("coverage_error", "± SE"), .number("half_width", "Half-width"),
            .number("rank_correlation", "Rank corr."), .number("seconds", "Seconds"),
        ])
        listing.rows = cells.map { cell in
            [
                .string(cell.property.rawValue), .integer(cell.players), .integer(cell.coalitions),
                .string("\(cell.noise)"), .string(cell.estimator.rawValue), shown(cell.error),
                shown(cell.equalSplitError), shown(cell.coverage), shown(cell.coverageError), shown(cell.halfWidth),
                shown(cell.rankCorrelation),
                shown(cell.seconds),
            ]
        }
        return listing
    }
}
