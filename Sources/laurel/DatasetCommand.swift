import ArgumentParser
import Foundation
import Monthly
import Registry

struct DatasetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dataset", abstract: "Contributors' datasets: register, list, withdraw, find duplicates.",
        subcommands: [DatasetImportCommand.self])
}

struct DatasetImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Register the datasets of many contributors at once; all or nothing.",
        discussion: """
            Example: laurel dataset import manifest.csv

            Columns: path, contributor (an id, or a name that becomes one), licence, title; others are kept as metadata.
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The manifest.", completion: .file(extensions: ["csv"]))
    var manifest: String

    func run() async throws {
        let house = try await global.openHouse()
        let outcomes = try await RegistryService(house).importManifest(
            URL(filePath: manifest), progress: ProgressPrinter().handler)
        var listing = Listing(columns: [
            .text("dataset", "dataset"), .text("contributor", "contributor"), .number("version", "version"),
            .number("items", "images"), .number("flagged_licences", "licences to look at"), .text("state", "state"),
        ])
        listing.rows = outcomes.map {
            [
                .string($0.dataset), .string($0.contributor), .integer($0.version), .integer($0.items),
                .integer($0.flaggedLicences), .string($0.isNew ? "registered" : "unchanged"),
            ]
        }
        listing.write(as: global.format)
    }
}
