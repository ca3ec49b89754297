import ArgumentParser
import Documents
import Errors
import Foundation
import Monthly

/// `laurel report …`: CSV with a sidecar.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "CSV for people and programs, with row count and control sums beside it.",
        discussion: """
            Reports: \(ReportService.Name.allCases.map(\.rawValue).joined(separator: ", ")).
            laurel report payouts --period 2026-10 --out payouts.csv
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Which report.") var name: ReportService.Name
    @Option(help: "YYYY-MM.") var period: String
    @Option(help: ArgumentHelp("Write here, with FILE.summary.json beside it; otherwise to stdout.", valueName: "file"))
    var out: String?
    @Flag(help: "No guard against formulas in text columns: for programs, not for spreadsheets.") var raw = false

    func run() async throws {
        let month = try Reading.period(period)
        let service = try await global.openHouse().reports
        let report = try await service.report(name, of: month, raw: raw)
        guard let out else {
            Terminal.put(report.csv)
            return
        }
        try service.write(report, to: URL(filePath: out))
        Terminal.note("wrote \(out)")
    }
}

extension ReportService.Name: ExpressibleByArgument {}
