import ArgumentParser
import Documents
import Errors
import Ledger
import Money
import Monthly

/// `laurel terms set`: minimum, reserve, negative carry of a payee.
struct TermsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "terms", abstract: "What is agreed with a payee.", subcommands: [Set.self])

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
}
