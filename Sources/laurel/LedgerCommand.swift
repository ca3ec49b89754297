import ArgumentParser
import Documents
import Errors
import Foundation
import Ledger
import Money
import Monthly

/// `laurel ledger …`: the books themselves.
struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "The books: accounts, journals, trial balance, export.",
        subcommands: [
            Accounts.self, Journals.self, TrialBalance.self, Suspense.self, Export.self, Convert.self,
        ])

    struct Accounts: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every account with its balance; debit is plus.", discussion: "laurel ledger accounts")
        @OptionGroup var global: GlobalOptions

        func run() async throws {
            try await LedgerCommand.balances(global, columns: ["account", "class", "currency", "balance", "lines"])
        }
    }

    struct TrialBalance: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "trial-balance", abstract: "Debits, credits and balance of every account.",
            discussion: "laurel ledger trial-balance --format csv")
        @OptionGroup var global: GlobalOptions

        func run() async throws {
            try await LedgerCommand.balances(
                global, columns: ["account", "class", "currency", "debits", "credits", "balance", "lines"])
        }
    }

    struct Suspense: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Pools without a payee, oldest first, and since when they wait.",
            discussion: """
                All weights of such a pool were zero. laurel allocate with others, and --restate or --into, shares it after all.
                laurel ledger suspense
                """)
        @OptionGroup var global: GlobalOptions

        func run() async throws {
            var listing = Listing(
                columns: [
                    .text("period", "period"), .text("currency", "currency"), .number("amount", "amount"),
                    .text("since", "since"),
                ], whenEmpty: "nothing is in suspense: every pool found its payees")
            listing.rows = try await global.openHouse().ledger.suspense().map { pool in
                [
                    .string(pool.period), .string(pool.currency.code), .string(pool.amount.formatted),
                    .string(pool.since),
                ]
            }
            listing.write(as: global.format)
        }
    }

    private static func balances(_ global: GlobalOptions, columns: [String]) async throws {
        let numeric: Set = ["debits", "credits", "balance", "lines"]
        var listing = Listing(
            columns: columns.map { numeric.contains($0) ? .number($0, $0) : .text($0, $0) },
            whenEmpty: "no accounts yet: the first journal opens them")
        listing.rows = try await global.openHouse().ledger.trialBalance().map { account in
            let cells: [String: OutputValue] = [
                "account": .string(account.code), "class": .string(account.accountClass),
                "currency": .string(account.currency.code), "debits": .string(account.debits),
                "credits": .string(account.credits), "balance": .string(account.balance.formatted),
                "lines": .integer(account.lineCount),
            ]
            return columns.map { cells[$0] ?? .none }
        }
        listing.write(as: global.format)
    }

    struct Journals: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Journals, line by line; debit is plus.",
            discussion: "laurel ledger journals --account payable:ada-lovelace")
        @OptionGroup var global: GlobalOptions
        @Option(help: "Only journals that touch this account.") var account: String?
        @Option(help: "Only this period.") var period: String?

        func run() async throws {
            var listing = Listing(
                columns: [
                    .number("journal", "journal"), .text("period", "period"), .text("effective_on", "effective on"),
                    .text("kind", "kind"), .text("account", "account"), .text("currency", "currency"),
                    .number("amount", "amount"), .text("relates_to_period", "relates to"), .text("source", "source"),
                ], whenEmpty: "no journals")
            let lines = try await global.openHouse().ledger.journalLines(
                period: try period.map { try Reading.period($0) }, account: account)
            listing.rows = lines.map { line in
                [
                    .string(String(line.journal)), .string(line.period), .string(line.effectiveOn), .string(line.kind),
                    .string(line.account), .string(line.currency.code), .string(line.amount.formatted),
                    .string(line.relatesTo), .string(line.source),
                ]
            }
            listing.write(as: global.format)
        }
    }

    enum ExportFormat: String, ExpressibleByArgument, CaseIterable {
        case hledger, csv
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The whole ledger for another program.",
            discussion: "laurel ledger export --format hledger > books.journal && hledger -f books.journal check")
        @OptionGroup var place: PlaceOptions
        @Option(help: "hledger's journal file or CSV.") var format: ExportFormat = .hledger

        func run() async throws {
            let ledger = try await place.openHouse().ledger
            let lines = try await ledger.journalLines()
            switch format {
            case .hledger:
                let text = HledgerJournal.text(accounts: try await ledger.trialBalance(), lines: lines)
                Terminal.put(Array(text.utf8))
            case .csv:
                Terminal.put(ReportService.journalCSV(lines, raw: false))
            }
        }
    }

    struct Convert: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Convert part of a payee's balance; four legs, the rate recorded.",
            discussion: """
                laurel ledger convert ada --amount 100.00 --from USD --to EUR --rate 0.92 --rate-source ECB \
                --rate-on 2026-10-30 --period 2026-10 --ref fx-1
                """)
        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Argument(help: "The payee.") var party: String
        @Option(help: "In the currency given up.") var amount: String
        @Option(help: "The currency given up.") var from: String
        @Option(help: "The currency received.") var to: String
        @Option(help: "Units of TO for one of FROM, as a decimal number.") var rate: String
        @Option(name: .customLong("rate-source"), help: "Who published the rate.") var rateSource: String
        @Option(name: .customLong("rate-on"), help: "The day of the rate.") var rateOn: String
        @Option(help: "The open period to post in.") var period: String
        @Option(name: .customLong("ref"), help: "A name for this conversion.") var reference: String

        func run() async throws {
            let currency = try Reading.currency(from, "--from")
            let journal = try await global.openHouse().ledger.convert(
                party: party, amount: try Reading.amount(amount, currency), from: currency,
                to: try Reading.currency(to, "--to"), rate: rate, source: rateSource,
                rateOn: try Reading.day(rateOn, "--rate-on"), key: reference, period: try Reading.period(period),
                posting: posting.posting)
            Record(fields: [("journal", posting.number(journal)), ("party", .string(party))]).write(as: global.format)
            posting.noteRehearsal()
        }
    }
}
