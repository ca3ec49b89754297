import ArgumentParser
import Documents
import Errors
import Ledger
import Money
import Monthly

/// `laurel hold …`: money set aside while a question is open.
struct HoldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Set a payee's or a dataset's money aside.",
        subcommands: [Place.self, Release.self, List.self])

    struct Place: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hold everything of a payee, or the earnings of one dataset.",
            discussion: "laurel hold place --dataset ada-sketches --reason \"ownership disputed\"")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Option(help: "The payee.") var party: String?
        @Option(help: "The dataset.") var dataset: String?
        @Option(help: "Why.") var reason: String

        func run() async throws {
            let ledger = try await global.openHouse().ledger
            let id = try await ledger.placeHold(
                party: party, dataset: dataset, reason: reason, posting: posting.posting)
            if let dataset, try await !ledger.knowsDataset(dataset) {
                Terminal.note(
                    "no dataset \(dataset) is registered or has ever earned anything: check the spelling, or register it"
                )
            }
            Record(fields: [("hold", posting.number(id)), ("on", .string(party ?? dataset ?? ""))])
                .write(as: global.format)
            posting.noteRehearsal()
        }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a hold; the money is payable again in the settlement of the period.",
            discussion: "laurel hold release 1 --period 2026-11")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Argument(help: "The hold's number.") var hold: Int64
        @Option(help: "YYYY-MM.") var period: String

        func run() async throws {
            let done = try await global.openHouse().ledger.releaseHold(
                hold, in: try Reading.period(period), posting: posting.posting)
            Record(fields: [
                ("hold", .string(String(hold))), ("state", .string(done ? "released" : "released already")),
            ]).write(as: global.format)
            posting.noteRehearsal()
        }
    }
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Holds, with what is held under each: one line a payee and currency.",
            discussion: "laurel hold list")
        @OptionGroup var global: GlobalOptions

        func run() async throws {
            var listing = Listing(
                columns: [
                    .number("hold", "hold"), .text("on", "on"), .text("reason", "reason"), .text("since", "since"),
                    .text("released_in", "released in"), .text("party", "payee"), .text("currency", "currency"),
                    .number("held", "held"),
                ], whenEmpty: "no holds")
            listing.rows = try await global.openHouse().ledger.holds().map { hold in
                [
                    .string(String(hold.id)), .string(hold.on), .string(hold.reason), .string(hold.since),
                    .string(hold.releasedIn), .string(hold.party), .string(hold.currency),
                    .string(hold.held.formatted),
                ]
            }
            listing.write(as: global.format)
        }
    }
}
