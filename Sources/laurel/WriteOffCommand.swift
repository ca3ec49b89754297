import ArgumentParser
import Documents
import Errors
import Ledger
import Money
import Monthly

/// `laurel write-off …`: what a payee owes is given up, by three people together.
struct WriteOffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "write-off", abstract: "Give up what a payee owes: one person proposes it, two others approve.",
        subcommands: [Propose.self, Approve.self, List.self])

    struct Propose: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Propose to give up a balance below zero, or what is left of an advance; posts nothing.",
            discussion: """
                laurel write-off propose ada --amount 500.00 --currency USD --advance A-1 --reason "contract ended" \
                --by grace --ref W-1
                """)
        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Argument(help: "The payee.") var party: String
        @Option(help: "A plain decimal number.") var amount: String
        @Option(help: "ISO 4217.") var currency: String
        @Option(help: "The advance that is given up; without it the balance below zero is.") var advance: String?
        @Option(help: "Why.") var reason: String
        @Option(help: "The short id of who proposes it.") var by: String
        @Option(name: .customLong("ref"), help: "A name for this write-off.") var reference: String

        func run() async throws {
            let currency = try Reading.currency(currency)
            // A balance below zero may have parts of the smallest coin, unlike a payment.
            let isNew = try await global.openHouse().ledger.proposeWriteOff(
                reference, party: party,
                amount: try Micros(
                    parsing: amount, currency: currency, precision: .micros, at: "--amount"), currency: currency,
                advance: advance, reason: reason, by: by, posting: posting.posting)
            Record(fields: [
                ("write_off", .string(reference)), ("party", .string(party)),
                ("state", .string(isNew ? "proposed" : "unchanged")),
            ]).write(as: global.format)
            posting.noteRehearsal()
        }
    }

    struct Approve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Agree to a write-off; with the second person it is posted.",
            discussion: "laurel write-off approve W-1 --by barbara --period 2026-10")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Argument(help: "The write-off's name.") var reference: String
        @Option(help: "The short id of who agrees: neither who proposed it nor the payee.") var by: String
        @Option(help: "The open period to post in.") var period: String

        func run() async throws {
            let approval = try await global.openHouse().ledger.approveWriteOff(
                reference, by: by, in: try Reading.period(period), posting: posting.posting)
            Record(fields: [
                ("write_off", .string(reference)), ("approvals", .integer(approval.count)),
                (
                    "state",
                    .string(!approval.isNew ? "unchanged" : approval.count == 2 ? "posted" : "one more has to approve")
                ),
            ]).write(as: global.format)
            posting.noteRehearsal()
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write-offs, who proposed and who approved them.", discussion: "laurel write-off list")
        @OptionGroup var global: GlobalOptions

        func run() async throws {
            var listing = Listing(
                columns: [
                    .text("ref", "reference"), .text("party", "payee"), .text("currency", "currency"),
                    .number("amount", "amount"), .text("advance", "advance"), .text("reason", "reason"),
                    .text("proposed_by", "proposed by"), .text("approved_by", "approved by"),
                    .text("posted_period", "posted in"),
                ], whenEmpty: "no write-offs")
            listing.rows = try await global.openHouse().ledger.writeOffs().map { writeOff in
                [
                    .string(writeOff.reference), .string(writeOff.party), .string(writeOff.currency.code),
                    .string(writeOff.amount.formatted), .string(writeOff.advance), .string(writeOff.reason),
                    .string(writeOff.proposedBy), .array(writeOff.approvedBy.map { .string($0) }),
                    .string(writeOff.postedIn),
                ]
            }
            listing.write(as: global.format)
        }
    }
}
