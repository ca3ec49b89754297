import ArgumentParser
import Documents
import Errors
import Ledger
import Monthly

/// `laurel hold …`: money set aside while a question is open.
struct HoldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Set a payee's or a dataset's money aside.",
        subcommands: [Place.self, Release.self])

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
}
