import ArgumentParser
import Documents
import Errors
import Foundation
import Ledger
import Money
import Monthly

/// `laurel allocate`: shares the pools of a period.
struct AllocateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "allocate", abstract: "Share the pool of a period by credits or by given weights.",
        discussion: """
            Without --weights the credits of the period's finished run are the weights. Once the period is settled, --into
            shares again what changed, late receipts with it: new minus old is posted into the open period.
            laurel allocate --period 2026-10 --weights weights.csv --dry-run
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var posting: PostingOptions
    @Option(help: "YYYY-MM.") var period: String
    @Option(help: ArgumentHelp("The credit run to follow.", valueName: "id")) var run: String?
    @Option(help: ArgumentHelp("Columns contributor,weight and perhaps dataset.", valueName: "file")) var weights:
        String?
    @Option(help: "Only this currency.") var currency: String?
    @Option(help: "The open period that takes the differences when PERIOD is settled.") var into: String?
    @Flag(help: "Let other weights than before replace them; the differences are posted.") var restate = false

    func validate() throws {
        if run != nil, weights != nil { throw ValidationError("give --run or --weights, not both") }
    }

    func run() async throws {
        let month = try Reading.period(period)
        let results = try await global.openHouse().allocation.allocate(
            month, by: weights.map { .file(URL(filePath: $0)) } ?? .run(run),
            currency: try currency.map { try Reading.currency($0) },
            into: try into.map { try Reading.period($0, "--into") }, restating: restate, posting: posting.posting)
        for result in results where result.toSuspense {
            Terminal.note("all weights are zero: the \(result.currency) pool went to suspense:unmatched")
        }
        (posting.dryRun ? lines(of: results) : totals(of: results)).write(as: global.format)
        posting.noteRehearsal()
    }

    private func totals(of results: [AllocationResult]) -> Listing {
        var listing = Listing(columns: [
            .text("period", "period"), .text("currency", "currency"), .number("version", "version"),
            .number("pool", "pool"), .number("weight_total", "weight total"), .number("lines", "lines"),
            .text("state", "state"), .text("policy_sha256", "policy"),
        ])
        listing.rows = results.map { result in
            [
                .string(period), .string(result.currency), .integer(result.version),
                .string(Micros(result.pool).formatted), .string(result.weightTotal), .integer(result.lineCount),
                .string(result.toSuspense ? "suspense" : result.isNew ? "allocated" : "unchanged"),
                .string(result.policyDigest),
            ]
        }
        return listing
    }

    private func lines(of results: [AllocationResult]) -> Listing {
        var listing = Listing(columns: [
            .text("contributor", "contributor"), .text("dataset", "dataset"), .number("weight", "weight"),
            .number("share_ppm", "share ppm"), .number("floor", "floor"), .number("extra", "extra"),
            .number("amount", "amount"), .text("currency", "currency"),
        ])
        listing.rows = results.flatMap(\.lines).map { line in
            [
                .string(line.contributor), .string(line.dataset), .string(String(line.weight)),
                .integer(line.sharePPM), .string(Micros(line.floor).formatted), .string(Micros(line.extra).formatted),
                .string(Micros(line.amount).formatted), .string(line.currency),
            ]
        }
        return listing
    }
}
