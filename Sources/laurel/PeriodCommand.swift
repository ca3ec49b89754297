import ArgumentParser
import Documents
import Errors
import Foundation
import Ledger
import Money
import Monthly

/// `laurel period …`: where the months stand.
struct PeriodCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "period", abstract: "Months: where they stand, opening, settling and closing them.",
        subcommands: [List.self, Status.self, Open.self, Settle.self, Close.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Every period.", discussion: "laurel period list")
        @OptionGroup var global: GlobalOptions

        func run() async throws {
            var listing = Listing(
                columns: [
                    .text("period", "period"), .text("state", "state"), .text("settled", "settled"),
                    .text("closed_at", "closed at"), .text("blockers", "to do"),
                ], whenEmpty: "no periods yet: the first receipt opens one")
            listing.rows = try await global.openHouse().ledger.periods().map { period in
                [
                    .string(period.period), .string(period.isClosed ? "closed" : "open"), .bool(period.isSettled),
                    .string(period.closedAt), .array(period.blockers.map { .string($0) }),
                ]
            }
            listing.write(as: global.format)
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The pools of a period.", discussion: "laurel period status 2026-10")
        @OptionGroup var global: GlobalOptions
        @Argument(help: "YYYY-MM.") var period: String

        func run() async throws {
            let month = try Reading.period(period, "PERIOD")
            guard let status = try await global.openHouse().ledger.periods(month).first else {
                throw LaurelError.input("there is no period \(period)", next: "see laurel period list")
            }
            var listing = Listing(
                columns: [
                    .text("period", "period"), .text("state", "state"), .text("currency", "currency"),
                    .number("gross", "gross"), .number("fees", "fees and tax"), .number("net", "net"),
                    .number("allocated", "allocated"), .number("unallocated", "not shared"),
                ], whenEmpty: "period \(period) is \(status.isClosed ? "closed" : "open") and has no revenue")
            listing.rows = status.pools.map { pool in
                [
                    .string(period), .string(status.isClosed ? "closed" : "open"), .string(pool.currency),
                    .string(pool.gross.formatted), .string(pool.fees.formatted), .string(pool.net.formatted),
                    .string(pool.allocated.formatted), .string(pool.unallocated.formatted),
                ]
            }
            listing.write(as: global.format)
        }
    }

    struct Open: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Open a period, and every month between it and those before; what posts does it by itself.",
            discussion: "laurel period open 2026-10")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Argument(help: "YYYY-MM.") var period: String

        func run() async throws {
            let month = try Reading.period(period, "PERIOD")
            let opened = try await global.openHouse().ledger.openPeriod(month, posting: posting.posting)
            Record(fields: [("period", .string(period)), ("opened", .array(opened.map { .string($0) }))])
                .write(as: global.format)
            posting.noteRehearsal()
        }
    }

    struct Settle: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Post every payee's waterfall and move what is to be paid into clearing; once a period.",
            discussion: """
                Releases, then recoupments, reserves and holds in the order of the policy, the minimum, tax, payment. A dry run
                lists what becomes of every payee's balance.
                laurel period settle 2026-10 --dry-run
                """)
        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Argument(help: "YYYY-MM.") var period: String
        @Option(help: ArgumentHelp("A waterfall policy as canonical JSON.", valueName: "file")) var policy: String?

        func run() async throws {
            let month = try Reading.period(period, "PERIOD")
            var document = WaterfallPolicy.standard
            if let policy {
                guard let bytes = FileManager.default.contents(atPath: policy) else {
                    throw LaurelError.input("file cannot be read", at: policy, next: "check its path")
                }
                document = try CanonicalValue.parse([UInt8](bytes))
            }
            let ledger = try await global.openHouse().ledger
            let policy = try WaterfallPolicy(document)
            let count = try await ledger.settle(month, policy: policy, posting: posting.posting)
            guard !posting.dryRun else {
                Listing.of(try await ledger.payeePeriods(month, policy: policy)).write(as: global.format)
                return posting.noteRehearsal()
            }
            Record(fields: [
                ("period", .string(period)), ("payments", .integer(count)),
                ("policy_sha256", .string(try document.digest().hex)),
            ]).write(as: global.format)
        }
    }

    struct Close: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Freeze a period: balances are written, its journals sealed in the log, none enters it again.",
            discussion: "laurel period close 2026-10")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Argument(help: "YYYY-MM.") var period: String

        func run() async throws {
            let month = try Reading.period(period, "PERIOD")
            let done = try await global.openHouse().close(month, posting: posting.posting)
            Record(fields: [("period", .string(period)), ("state", .string(done ? "closed" : "closed already"))])
                .write(as: global.format)
            posting.noteRehearsal()
        }
    }
}
