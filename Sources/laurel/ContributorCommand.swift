import ArgumentParser
import Foundation
import Ledger
import Monthly
import Registry

struct ContributorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contributor", abstract: "People and organisations that register data or get paid.",
        subcommands: [
            ContributorAdd.self, ContributorImport.self, ContributorList.self, ContributorShow.self,
            ContributorUpdate.self, ContributorSuspend.self, ContributorResume.self, ContributorClose.self,
        ])
}

/// What can be told about a contributor.
struct ContributorOptions: ParsableArguments {
    @Option(help: "The name on statements.") var name: String?
    @Option(help: ArgumentHelp("An identifier elsewhere; repeatable.", valueName: "scheme:value"))
    var identifier: [String] = []
    @Option(help: ArgumentHelp("Two letters.", valueName: "cc")) var country: String?
    @Option(
        name: .customLong("min-payout"),
        help: ArgumentHelp(
            "Less than this is carried to the next month. The first one counts for every month, a change from this month on.",
            valueName: "amount"))
    var minPayout: String?
    @Option(help: ArgumentHelp("sepa, ach, paypal, wise or manual.", valueName: "method")) var method: String?
    @Option(help: ArgumentHelp("Where to pay to, as the method writes it.", valueName: "text")) var account: String?

    func details(kind: String? = nil) -> PartyDetails {
        PartyDetails(
            name: name, kind: kind, country: country, method: method, account: account, identifiers: identifier)
    }
}

struct ContributorAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Register a contributor; safe to repeat.",
        discussion: "Example: laurel contributor add ada-lovelace --name \"Ada Lovelace\" --min-payout 25.00")

    enum Kind: String, ExpressibleByArgument, CaseIterable { case person, organisation }

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ContributorOptions
    @Argument(help: "A short readable id.") var id: String
    @Option(help: "What the contributor is.") var kind: Kind = .person

    func run() async throws {
        let service = ContributorService(try await global.openHouse())
        let (party, isNew) = try await service.add(
            id, options.details(kind: kind.rawValue), minimumPayout: options.minPayout)
        Record(fields: party.fields + [("state", .string(isNew ? "registered" : "unchanged"))]).write(as: global.format)
    }
}

struct ContributorImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Register the contributors of a CSV file; all or none.",
        discussion: """
            Example: laurel contributor import people.csv

            Columns: id, name; optional: kind, country, identifier, min_payout, currency, method, account.
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The file.") var file: String

    func run() async throws {
        let (total, added) = try await ContributorService(global.openHouse()).importFile(URL(filePath: file))
        Record(fields: [("contributors", .integer(total)), ("registered", .integer(added))]).write(as: global.format)
    }
}

struct ContributorList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "All contributors.", discussion: "Example: laurel contributor list --format csv")

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        var listing = Listing(columns: [
            .text("id", "id"), .text("name", "name"), .text("kind", "kind"), .text("country", "country"),
            .text("method", "method"), .text("status", "status"), .text("status_reason", "reason"),
            .text("identifiers", "identifiers"), .number("datasets", "datasets"), .number("items", "images"),
            .text("closed_from", "closed from"),
        ])
        listing.whenEmpty = "no contributors yet: laurel contributor add, or laurel dataset import"
        let service = ContributorService(try await global.openHouse())
        let closed = try await service.closedAccounts()
        listing.rows = try await service.list().map { $0.fields(closedFrom: closed[$0.id]).map(\.value) }
        listing.write(as: global.format)
    }
}

struct ContributorShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "What is known of a contributor.",
        discussion: "Example: laurel contributor show ada-lovelace")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The contributor's id.") var id: String

    func run() async throws {
        let service = ContributorService(try await global.openHouse())
        let party = try await service.show(id)
        Record(fields: party.fields(closedFrom: try await service.closedAccounts()[id])).write(as: global.format)
    }
}

struct ContributorUpdate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Change what is known of a contributor; the rest stays.",
        discussion: "Example: laurel contributor update ada-lovelace --method sepa --account DE02120300000000202051")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ContributorOptions
    @Argument(help: "The contributor's id.") var id: String

    func run() async throws {
        let service = ContributorService(try await global.openHouse())
        let party = try await service.update(id, options.details(), minimumPayout: options.minPayout)
        Record(fields: party.fields).write(as: global.format)
    }
}

struct ContributorSuspend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspend",
        abstract: "Leave a contributor's datasets out of new snapshots, and carry its money instead of paying it.",
        discussion: "Example: laurel contributor suspend ada-lovelace --reason \"identity in doubt\"")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The contributor's id.") var id: String
    @Option(help: "Why.") var reason: String

    func run() async throws {
        let party = try await ContributorService(global.openHouse()).suspend(id, reason: reason)
        Record(fields: party.fields).write(as: global.format)
    }
}

struct ContributorResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Lift a suspension; what was carried is paid with the next settlement.",
        discussion: "Example: laurel contributor resume ada-lovelace")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The contributor's id.") var id: String

    func run() async throws {
        Record(fields: try await ContributorService(global.openHouse()).resume(id).fields).write(as: global.format)
    }
}

struct ContributorClose: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close", abstract: "Close a payee's account: what is left is paid, whatever the minimum.",
        discussion: """
            From the settlement of PERIOD on there is no minimum, reserves come back and none is kept. What is held stays held
            until its question is answered; advances are recouped from earnings as before.
            Example: laurel contributor close ada-lovelace --period 2026-10 --reason "contract ended"
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var posting: PostingOptions
    @Argument(help: "The contributor's id.") var id: String
    @Option(help: "The open period whose settlement is the first to pay what is left.") var period: String
    @Option(help: "Why.") var reason: String

    func run() async throws {
        let isNew = try await global.openHouse().ledger.closeAccount(
            of: id, from: try Reading.period(period), reason: reason, posting: posting.posting)
        Record(fields: [
            ("contributor", .string(id)), ("period", .string(period)),
            ("state", .string(isNew ? "closed" : "closed already")),
        ]).write(as: global.format)
        posting.noteRehearsal()
    }
}

extension Party {
    /// With the first period whose settlement pays out the closed account.
    fileprivate func fields(closedFrom period: String?) -> [(key: String, value: OutputValue)] {
        fields + [("closed_from", period.map(OutputValue.string) ?? .none)]
    }

    fileprivate var fields: [(key: String, value: OutputValue)] {
        [
            ("id", .string(id)), ("name", .string(name)), ("kind", .string(kind)),
            ("country", country.map(OutputValue.string) ?? .none), ("method", .string(method)),
            ("status", .string(status)), ("status_reason", statusReason.map(OutputValue.string) ?? .none),
            ("identifiers", .array(identifiers.map(OutputValue.string))), ("datasets", .integer(datasets)),
            ("items", .integer(items)),
        ]
    }
}
