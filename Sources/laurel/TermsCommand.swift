import ArgumentParser
import Documents
import Errors
import Ledger
import Money
import Monthly

/// `laurel terms …`: minimum, reserve, negative carry of a payee.
struct TermsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "terms", abstract: "What is agreed with a payee.", subcommands: [Set.self, List.self, Show.self])

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change terms in one currency, from a day on; what is not named stays as it is.",
            discussion: "laurel terms set ada --currency USD --from 2026-01-01 --min-payout 25.00")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Argument(help: "The payee.") var party: String
        @Option(help: "ISO 4217.") var currency: String
        @Option(help: "YYYY-MM-DD.") var from: String
        @Option(name: .customLong("min-payout"), help: "Less than this is carried forward.") var minPayout: String?
        @Option(name: .customLong("reserve-ppm"), help: "Part of the earnings kept back, in parts per million.")
        var reservePPM: Int?
        @Option(name: .customLong("reserve-months"), help: "For how many months.") var reserveMonths: Int?
        @Flag(
            name: .customLong("allow-negative-carry"), inversion: .prefixedNo, help: "The balance may go below zero.")
        var allowNegativeCarry: Bool?

        func run() async throws {
            let currency = try Reading.currency(currency)
            let change = try TermsChange(
                party: party, currency: currency, validFrom: try Reading.day(from, "--from"),
                minimumPayout: try minPayout.map { try Reading.amount($0, currency, "--min-payout") },
                reservePPM: reservePPM, reserveReleaseMonths: reserveMonths, allowsNegativeCarry: allowNegativeCarry)
            let terms = try await global.openHouse().ledger.changeTerms(change, posting: posting.posting)
            Record(fields: [
                ("party", .string(party)), ("currency", .string(currency.code)), ("valid_from", .string(from)),
                ("min_payout", .string(terms.minimumPayout.formatted)), ("reserve_ppm", .integer(terms.reservePPM)),
                ("reserve_months", .integer(terms.reserveReleaseMonths)),
                ("allow_negative_carry", .bool(terms.allowsNegativeCarry)),
            ]).write(as: global.format)
            posting.noteRehearsal()
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Everything that was ever agreed: the latest line of a day rules from that day on.",
            discussion: "laurel terms list --party ada")
        @OptionGroup var global: GlobalOptions
        @Option(help: "Only this payee.") var party: String?

        func run() async throws {
            try await TermsCommand.write(global.openHouse().ledger.agreedTerms(of: party), as: global.format)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What is in force on a day, by currency.", discussion: "laurel terms show ada --on 2026-10-31")
        @OptionGroup var global: GlobalOptions
        @Argument(help: "The payee.") var party: String
        @Option(help: "YYYY-MM-DD.") var on: String

        func run() async throws {
            try await TermsCommand.write(
                global.openHouse().ledger.agreedTerms(of: party, on: try Reading.day(on, "--on")), as: global.format)
        }
    }

    private static func write(_ terms: [AgreedLine], as format: OutputFormat) throws {
        var listing = Listing(
            columns: [
                .text("party", "payee"), .text("currency", "currency"), .text("valid_from", "from"),
                .number("min_payout", "minimum"), .number("reserve_ppm", "reserve ppm"),
                .number("reserve_months", "months"), .text("allow_negative_carry", "negative carry"),
            ], whenEmpty: "no terms: nothing is withheld, there is no minimum, no balance goes below zero")
        listing.rows = terms.map { line in
            [
                .string(line.party), .string(line.currency), .string(line.terms.validFrom.description),
                .string(line.terms.minimumPayout.formatted), .integer(line.terms.reservePPM),
                .integer(line.terms.reserveReleaseMonths), .bool(line.terms.allowsNegativeCarry),
            ]
        }
        listing.write(as: format)
    }
}
