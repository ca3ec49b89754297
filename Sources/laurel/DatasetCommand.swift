import ArgumentParser
import Foundation
import Monthly
import Registry

struct DatasetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dataset", abstract: "Contributors' datasets: register, list, withdraw, find duplicates.",
        subcommands: [
            DatasetRegister.self, DatasetImportCommand.self, DatasetList.self, DatasetShow.self, DatasetWithdraw.self,
            DatasetDuplicates.self,
        ])
}

struct DatasetRegister: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "register", abstract: "Register one contributor's dataset; safe to repeat.",
        discussion: """
            Example: laurel dataset register drawings/ --contributor ada-lovelace --licence CC-BY-4.0

            A folder: all PNG, PPM and PGM images in it. A manifest: columns path, licence (title optional; others are kept \
            as metadata). Registering other images under the same id makes the dataset's next version. Shares that --split \
            leaves of the million stay with the contributor.
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: ArgumentHelp("A folder of images, or a manifest.", valueName: "dir|manifest.csv"))
    var source: String
    @Option(help: ArgumentHelp("Whose it is.", valueName: "id")) var contributor: String
    @Option(help: ArgumentHelp("The dataset's id; made from the contributor's and the folder's name.", valueName: "id"))
    var id: String?
    @Option(help: "The dataset's title.") var title: String?
    @Option(help: ArgumentHelp("The terms of images whose row names none.", valueName: "spdx")) var licence: String?
    @Option(help: ArgumentHelp("Who shares the earnings; repeatable.", valueName: "party:share_ppm"))
    var split: [String] = []

    func run() async throws {
        try await RegistryService(global.openHouse()).register(
            URL(filePath: source), contributor: contributor, id: id, title: title, licence: licence, split: split,
            progress: ProgressPrinter().handler
        ).write(as: global.format)
    }
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
        try await RegistryService(global.openHouse()).importManifest(
            URL(filePath: manifest), progress: ProgressPrinter().handler
        ).write(as: global.format)
    }
}

extension RegistryService.Registration {
    fileprivate func write(as format: OutputFormat) {
        var listing = Listing(columns: [
            .text("dataset", "dataset"), .text("contributor", "contributor"), .number("version", "version"),
            .number("items", "images"), .number("flagged_licences", "licences to look at"),
            .number("exact_duplicates", "exact duplicates"), .number("near_duplicates", "near duplicates"),
            .text("state", "state"),
        ])
        listing.rows = outcomes.map { outcome in
            let duplicates = duplicates.filter { $0.later.dataset == outcome.dataset }
            return [
                .string(outcome.dataset), .string(outcome.contributor), .integer(outcome.version),
                .integer(outcome.items), .integer(outcome.flaggedLicences),
                .integer(duplicates.count { $0.distance == nil }), .integer(duplicates.count { $0.distance != nil }),
                .string(outcome.isNew ? "registered" : "unchanged"),
            ]
        }
        listing.write(as: format)
        if !duplicates.isEmpty {
            Terminal.note("\(duplicates.count) pictures look like another contributor's: laurel dataset duplicates")
        }
    }
}
