import ArgumentParser
import Documents
import Errors
import Ledger
import Money
import Monthly

/// `laurel advance pay`: money paid ahead, recouped from earnings.
struct AdvanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "advance", abstract: "Money paid ahead of earnings.", subcommands: [Pay.self])

    struct Pay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Pay an advance; the same reference again changes nothing.",
            discussion:
                "laurel advance pay ada --amount 500.00 --currency USD --recoup-ppm 500000 --period 2026-10 --ref A-1")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Argument(help: "The payee.") var party: String
        @Option(help: "A plain decimal number.") var amount: String
        @Option(help: "ISO 4217.") var currency: String
        @Option(name: .customLong("recoup-ppm"), help: "Part of the earnings that goes into recouping it.")
        var recoupPPM = 1_000_000
        @Option(help: "Recoup from this dataset's earnings only.") var dataset: String?
        @Flag(name: .customLong("cross-group"), help: "With --dataset: recoup from all earnings after all.")
        var crossGroup = false
        @Option(help: "The open period to post in.") var period: String
        @Option(name: .customLong("ref"), help: "A name for this advance.") var reference: String

        func run() async throws {
            let currency = try Reading.currency(currency)
            let advance = try await global.openHouse().ledger.payAdvance(
                party: party, amount: try Reading.amount(amount, currency), currency: currency, recoupPPM: recoupPPM,
                dataset: dataset, crossGroup: crossGroup, reference: reference,
                period: try Reading.period(period), posting: posting.posting)
            Record(fields: [
                ("advance", posting.number(advance.id)), ("party", .string(party)),
                ("state", .string(advance.isNew ? "paid" : "unchanged")),
            ]).write(as: global.format)
            posting.noteRehearsal()
        }
    }
}
