import ArgumentParser
import Documents
import Errors
import Ledger
import Money
import Monthly

/// `laurel advance …`: money paid ahead, recouped from earnings.
struct AdvanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "advance", abstract: "Money paid ahead of earnings.",
        subcommands: [Pay.self, Cancel.self, List.self])

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

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take an advance back whole: its money is in the bank again. None of it may be recouped yet.",
            discussion: "laurel advance cancel A-1 --period 2026-10 --reason \"paid to the wrong payee\"")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Argument(help: "The advance's name.") var reference: String
        @Option(help: "The open period to post in.") var period: String
        @Option(help: "Why.") var reason: String

        func run() async throws {
            let done = try await global.openHouse().ledger.cancelAdvance(
                reference, in: try Reading.period(period), reason: reason, posting: posting.posting)
            Record(fields: [
                ("advance", .string(reference)), ("state", .string(done ? "cancelled" : "cancelled already")),
            ]).write(as: global.format)
            posting.noteRehearsal()
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Advances, and what became of them.", discussion: "laurel advance list --party ada")
        @OptionGroup var global: GlobalOptions
        @Option(help: "Only this payee.") var party: String?

        func run() async throws {
            var listing = Listing(
                columns: [
                    .text("ref", "reference"), .text("party", "payee"), .text("currency", "currency"),
                    .text("period", "paid in"), .number("amount", "amount"), .number("recoup_ppm", "recoup ppm"),
                    .text("dataset", "dataset"), .number("recouped", "recouped"),
                    .number("written_off", "written off"), .number("outstanding", "outstanding"),
                    .text("state", "state"),
                ], whenEmpty: "no advances")
            listing.rows = try await global.openHouse().ledger.advances(of: party).map { advance in
                [
                    .string(advance.reference), .string(advance.party), .string(advance.currency.code),
                    .string(advance.paidIn), .string(advance.amount.formatted), .integer(advance.recoupPPM),
                    .string(advance.dataset), .string(advance.recouped.formatted),
                    .string(advance.writtenOff.formatted), .string(advance.outstanding.formatted),
                    .string(advance.isCancelled ? "cancelled" : advance.outstanding > .zero ? "open" : "done"),
                ]
            }
            listing.write(as: global.format)
        }
    }
}
