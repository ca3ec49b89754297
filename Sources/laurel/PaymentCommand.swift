import ArgumentParser
import Documents
import Errors
import Ledger
import Money
import Monthly

/// `laurel payment …`: what the bank did with the payments of a settled period.
struct PaymentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "payment", abstract: "The payments of a settled period and the bank's answers.",
        subcommands: [List.self, Settle.self, Return.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The payments of a period.", discussion: "laurel payment list --period 2026-10")
        @OptionGroup var global: GlobalOptions
        @Option(help: "YYYY-MM.") var period: String

        func run() async throws {
            var listing = Listing(
                columns: [
                    .text("payment", "payment"), .text("party", "payee"), .text("currency", "currency"),
                    .number("amount", "amount"), .text("state", "state"),
                ], whenEmpty: "no payments: laurel period settle \(period)")
            listing.rows = try await global.openHouse().ledger.payments(of: try Reading.period(period)).map {
                [
                    .string(String($0.id)), .string($0.party), .string($0.currency.code),
                    .string($0.amount.formatted(in: $0.currency)), .string($0.state),
                ]
            }
            listing.write(as: global.format)
        }
    }

    struct Settle: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The bank paid: all payments of the period that it has not answered, or those of one payee.",
            discussion: "laurel payment settle --period 2026-10")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Option(help: "The period that was settled.") var period: String
        @Option(help: "Only this payee.") var party: String?
        @Option(help: "Only payments in this currency.") var currency: String?
        @Option(help: "The open period to post in; PERIOD if not given.") var into: String?

        func run() async throws {
            let count = try await PaymentCommand.answer(
                "settled", global, posting, period: period, party: party, currency: currency, into: into, reason: "")
            Record(fields: [("period", .string(period)), ("settled", .integer(count))]).write(as: global.format)
            posting.noteRehearsal()
        }
    }

    struct Return: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The bank returned a payee's payments: they stand on the payee's account again.",
            discussion: "laurel payment return ada --period 2026-10 --reason \"account closed\" --into 2026-11")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Argument(help: "The payee.") var party: String
        @Option(help: "The period that was settled.") var period: String
        @Option(help: "What the bank said.") var reason: String
        @Option(help: "The currency of the payment, where the payee has several.") var currency: String?
        @Option(help: "The open period to post in; PERIOD if not given.") var into: String?

        func run() async throws {
            let count = try await PaymentCommand.answer(
                "returned", global, posting, period: period, party: party, currency: currency, into: into,
                reason: reason)
            Record(fields: [("party", .string(party)), ("returned", .integer(count))]).write(as: global.format)
            posting.noteRehearsal()
        }
    }

    private static func answer(
        _ result: String, _ global: GlobalOptions, _ posting: PostingOptions, period: String, party: String?,
        currency: String?, into: String?, reason: String
    ) async throws -> Int {
        let month = try Reading.period(period)
        return try await global.openHouse().ledger.recordResults(
            ofPeriod: month, party: party, currency: try currency.map { try Reading.currency($0) }, result: result,
            reason: reason,
            in: try into.map { try Reading.period($0, "--into") } ?? month, posting: posting.posting)
    }
}
