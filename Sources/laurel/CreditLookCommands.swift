import ArgumentParser
import Credit
import Documents
import Errors
import Foundation
import Monthly

struct CreditStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "How far a run is.", discussion: "Example: laurel credit status run-2026-10-1")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The run.")
    var run: String

    func run() async throws {
        let report = try await CreditService.show(try await global.openHouse(), run)
        let counts = report.counts
        Record(
            fields: CreditOutput.summary(report.run) + [
                ("evaluations_done", .integer(counts.done)), ("evaluations_waiting", .integer(counts.waiting)),
                ("evaluations_leased", .integer(counts.leased)), ("evaluations_failed", .integer(counts.failed)),
                ("seconds", .string(CreditOutput.rounded(report.seconds, 1))),
                ("last_error", counts.lastError.map(OutputValue.string) ?? .none),
            ]
        ).write(as: global.format)
    }
}

struct CreditListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "All credit runs.", discussion: "Example: laurel credit list --format json")

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        var listing = Listing(columns: [
            .text("id", "Run"), .text("period", "Period"), .text("state", "State"), .number("players", "Players"),
            .text("created_at", "Planned at"), .text("plan_sha256", "Plan SHA-256"),
        ])
        listing.whenEmpty = "no credit runs yet: laurel credit run --period YYYY-MM"
        listing.rows = try await CreditService.list(try await global.openHouse()).map { run in
            [
                .string(run.plan.run), .string(run.plan.period.description), .string(run.state.rawValue),
                .integer(run.plan.players.count), .string(run.createdAt.description), .string(run.digest.hex),
            ]
        }
        listing.write(as: global.format)
    }
}

struct CreditShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "The credits of a run with their intervals, and how far to trust them.",
        discussion: "Example: laurel credit show run-2026-10-1 --format json")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The run.")
    var run: String

    @Option(help: ArgumentHelp("Also draw the credits with their intervals, as SVG.", valueName: "file"))
    var plot: String?

    func run() async throws {
        let report = try await CreditService.show(try await global.openHouse(), run)
        if let plot { try report.writePlot(to: URL(filePath: plot)) }
        CreditOutput.write(report, as: global.format)
    }
}

struct CreditCompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "The credits of two runs side by side.",
        discussion: "Example: laurel credit compare run-2026-09-1 run-2026-10-1")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "One run.")
    var first: String

    @Argument(help: "The other run.")
    var second: String

    func run() async throws {
        var listing = Listing(columns: [
            .text("player", "Player"), .number("first", first), .number("second", second),
            .number("difference", "Difference"), .text("beyond_error", "Beyond both errors"),
        ])
        listing.rows = try await CreditService.compare(try await global.openHouse(), first, second).map { row in
            guard let one = row.first, let other = row.second else {
                return [
                    .string(row.player), .string(row.first.map { "\($0.value)" } ?? ""),
                    .string(row.second.map { "\($0.value)" } ?? ""), .string(""), .none,
                ]
            }
            let difference = other.value - one.value
            let error = (one.standardError * one.standardError + other.standardError * other.standardError).squareRoot()
            return [
                .string(row.player), .string("\(one.value)"), .string("\(other.value)"), .string("\(difference)"),
                .bool(abs(difference) > 1.96 * error),
            ]
        }
        listing.write(as: global.format)
    }
}

struct CreditEvaluationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluations", abstract: "Every stored evaluation, in the form that credit estimate reads.",
        discussion: "Example: laurel credit evaluations run-2026-10-1 --out evaluations.csv")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The run.")
    var run: String

    @Option(help: ArgumentHelp("The file to write.", valueName: "file.csv"))
    var out: String

    func run() async throws {
        let house = try await global.openHouse()
        let bytes = try await CreditService.evaluations(house, run)
        try OutputFile.write(bytes, to: URL(filePath: out))
        let plan = try await CreditService.show(house, run).run.plan
        let negated = plan.properties.filter(\.lowerIsBetter).map(\.name)
        if !negated.isEmpty {
            Terminal.note("less is better for \(negated.joined(separator: ", ")): negated in the file, more is better")
        }
    }
}
