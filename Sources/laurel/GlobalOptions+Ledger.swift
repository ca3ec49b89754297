import ArgumentParser
import Documents
import Errors
import Foundation
import Ledger
import Money
import Monthly

/// Where the home is, for commands whose `--format` means something else.
struct PlaceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Keys, image store, private PostgreSQL, caches.", valueName: "dir"))
    var home: String?

    @Option(
        name: .customLong("database-url"),
        help: ArgumentHelp("A PostgreSQL to use instead of the private one in the home directory.", valueName: "url"))
    var databaseURL: String?

    /// The opened house.
    func openHouse() async throws -> House {
        try await House.open(
            House.Address(home: home, databaseURL: databaseURL, environment: ProcessInfo.processInfo.environment))
    }
}

extension PostingOptions {
    /// How the ledger is to post.
    var posting: Posting { Posting(isDryRun: dryRun, idempotencyKey: idempotencyKey) }

    /// One line on stderr when nothing was kept.
    func noteRehearsal() {
        if dryRun { Terminal.note("dry run: everything above was rolled back") }
    }
}

/// Texts of the command line as values; each names its option when it cannot be read.
enum Reading {
    static func period(_ text: String, _ option: String = "--period") throws -> Period {
        try Period(parsing: text, at: option)
    }

    static func currency(_ text: String, _ option: String = "--currency") throws -> Currency {
        try Currency.named(text, at: option)
    }

    static func day(_ text: String, _ option: String) throws -> Day {
        try Day(parsing: text, at: option)
    }

    static func amount(_ text: String, _ currency: Currency, _ option: String = "--amount") throws -> Micros {
        try Micros(parsing: text, currency: currency, at: option)
    }
}
