import ArgumentParser
import Foundation
import Monthly

/// The form of a result on stdout.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json, csv
}

/// Where the home is; alone for commands whose `--format` means something else.
struct PlaceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Keys, image store, private PostgreSQL, caches.", valueName: "dir"))
    var home: String?

    @Option(
        name: .customLong("database-url"),
        help: ArgumentHelp("A PostgreSQL to use instead of the private one in the home directory.", valueName: "url"))
    var databaseURL: String?

    /// Where this command's home and database are.
    var address: House.Address {
        House.Address(home: home, databaseURL: databaseURL, environment: ProcessInfo.processInfo.environment)
    }

    /// The opened house.
    func openHouse() async throws -> House { try await House.open(address) }
}

/// What every command understands.
struct GlobalOptions: ParsableArguments {
    @OptionGroup var place: PlaceOptions

    @Option(help: "The form of the result on stdout.")
    var format: OutputFormat = .table

    /// Where this command's home and database are.
    var address: House.Address { place.address }

    /// The opened house.
    func openHouse() async throws -> House { try await place.openHouse() }
}

/// What every command that posts or pays understands.
struct PostingOptions: ParsableArguments {
    @Flag(name: .customLong("dry-run"), help: "Run in a transaction, print the result, roll back.")
    var dryRun = false

    @Option(
        name: .customLong("idempotency-key"),
        help: ArgumentHelp(
            "Two commands under one key are one; without it a key is derived from the command's meaning.",
            valueName: "key"))
    var idempotencyKey: String?
}
