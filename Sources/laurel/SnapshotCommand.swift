import ArgumentParser
import Documents
import Monthly
import Registry

struct SnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", abstract: "Frozen lists of dataset versions that models are trained on.",
        subcommands: [SnapshotCreateCommand.self, SnapshotListCommand.self, SnapshotShowCommand.self])
}

struct SnapshotCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Freeze the newest versions of all datasets that may be trained on.",
        discussion: "Example: laurel snapshot create --id snapshot-2026-10")

    @OptionGroup var global: GlobalOptions
    @Option(help: ArgumentHelp("The snapshot's id; made from the day by default.", valueName: "id"))
    var id: String?
    @Option(name: .customLong("as-of"), help: ArgumentHelp("The day that counts; today by default.", valueName: "date"))
    var asOf: String?

    func run() async throws {
        let house = try await global.openHouse()
        let (snapshot, isNew) = try await RegistryService(house).createSnapshot(id: id, asOf: asOf)
        Record(fields: snapshot.fields + [("state", .string(isNew ? "created" : "unchanged"))]).write(as: global.format)
    }
}

struct SnapshotListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "All snapshots, oldest first.", discussion: "Example: laurel snapshot list")

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        var listing = Listing(columns: [
            .text("id", "id"), .text("as_of", "as of"), .number("datasets", "datasets"),
            .number("contributors", "contributors"), .number("items", "images"), .text("digest", "digest"),
        ])
        listing.whenEmpty = "no snapshots yet: laurel snapshot create"
        listing.rows = try await RegistryService(global.openHouse()).snapshots().map { $0.fields.map(\.value) }
        listing.write(as: global.format)
    }
}

struct SnapshotShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "The datasets of a snapshot.",
        discussion: "Example: laurel snapshot show snapshot-2026-10")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The snapshot's id.")
    var id: String

    func run() async throws {
        let snapshot = try await RegistryService(global.openHouse()).snapshot(id)
        var listing = Listing(columns: [
            .text("dataset", "dataset"), .number("version", "version"), .text("contributor", "contributor"),
            .number("items", "images"),
        ])
        listing.rows = snapshot.members.map {
            [.string($0.dataset), .integer($0.version), .string($0.contributor), .integer($0.items)]
        }
        listing.write(as: global.format)
    }
}

extension Snapshot {
    fileprivate var fields: [(key: String, value: OutputValue)] {
        [
            ("id", .string(id)), ("as_of", .string(asOf.description)), ("datasets", .integer(members.count)),
            ("contributors", .integer(contributors.count)),
            ("items", .integer(members.reduce(0) { $0 + $1.items })), ("digest", .string(digest.hex)),
        ]
    }
}
