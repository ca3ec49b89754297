import ArgumentParser
import Documents
import Monthly
import Registry

struct DatasetList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "All datasets.", discussion: "Example: laurel dataset list --format csv")

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        var listing = Listing(columns: [
            .text("id", "id"), .text("contributor", "contributor"), .text("title", "title"),
            .number("version", "version"), .number("items", "images"), .text("licences", "licences"),
            .text("withdrawn_from", "withdrawn from"),
        ])
        listing.whenEmpty = "no datasets yet: laurel dataset register, or laurel dataset import"
        listing.rows = try await RegistryService(global.openHouse()).datasets().map { dataset in
            let shown = Set(listing.columns.map(\.key))
            return dataset.fields.filter { shown.contains($0.key) }.map(\.value)
        }
        listing.write(as: global.format)
    }
}

struct DatasetShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "What is known of a dataset.",
        discussion: "Example: laurel dataset show ada-lovelace-drawings")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The dataset's id.") var id: String

    func run() async throws {
        Record(fields: try await RegistryService(global.openHouse()).dataset(id).fields).write(as: global.format)
    }
}

struct DatasetWithdraw: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw", abstract: "Leave a dataset out of new snapshots.",
        discussion: """
            Example: laurel dataset withdraw ada-lovelace-drawings --reason "licence ended"

            Snapshots, models and statements that were made before stay as they are.
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The dataset's id.") var id: String
    @Option(help: "Why.") var reason: String
    @Option(help: ArgumentHelp("The first day without it; today by default.", valueName: "date")) var from: String?

    func run() async throws {
        let (dataset, isNew) = try await RegistryService(global.openHouse()).withdraw(id, reason: reason, from: from)
        Record(fields: dataset.fields + [("state", .string(isNew ? "withdrawn" : "unchanged"))])
            .write(as: global.format)
    }
}

struct DatasetDuplicates: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "duplicates", abstract: "Pictures that another contributor registered earlier.",
        discussion: """
            Example: laurel dataset duplicates --threshold 2

            Exact duplicates have the same pixels and count for the first registrant only. Near duplicates differ in few \
            bits of a perceptual hash; whether they are copies is for a person to say.
            """)

    @OptionGroup var global: GlobalOptions
    @Option(help: ArgumentHelp("Bits of 64 in which near duplicates may differ, 0 to 16.", valueName: "bits"))
    var threshold: Int = Duplicates.defaultThreshold

    func run() async throws {
        var listing = Listing(columns: [
            .text("kind", "kind"), .number("distance", "bits"), .text("contributor", "contributor"),
            .text("dataset", "dataset"), .text("path", "path"), .text("first_contributor", "first was"),
            .text("first_dataset", "in dataset"), .text("first_path", "as"), .text("first_since", "since"),
        ])
        listing.whenEmpty = "no picture looks like another contributor's"
        listing.rows = try await RegistryService(global.openHouse()).duplicates(threshold: threshold).map {
            [
                .string($0.distance == nil ? "exact" : "near"), .integer($0.distance ?? 0),
                .string($0.later.contributor), .string($0.later.dataset), .string($0.later.path),
                .string($0.first.contributor), .string($0.first.dataset), .string($0.first.path),
                .string($0.first.since.description),
            ]
        }
        listing.write(as: global.format)
    }
}

extension Dataset {
    fileprivate var fields: [(key: String, value: OutputValue)] {
        [
            ("id", .string(id)), ("contributor", .string(contributor)), ("title", .string(title)),
            ("version", .integer(version)), ("items", .integer(items)), ("bytes", .integer(bytes)),
            ("manifest_sha256", .string(manifest.hex)), ("licences", .array(licences.map(OutputValue.string))),
            ("flagged_licences", .integer(flaggedLicences)), ("registered_at", .string(registeredAt.description)),
            ("withdrawn_from", withdrawnFrom.map { .string($0.description) } ?? .none),
            ("withdrawn_reason", withdrawnReason.map(OutputValue.string) ?? .none),
            ("split", .array(shares.map(OutputValue.string))),
            ("snapshots", .array(snapshots.map(OutputValue.string))),
        ]
    }
}
