import ArgumentParser
import Documents
import Errors
import Foundation
import Money
import Monthly
import Statements

struct StatementCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statement", abstract: "Issue signed statements and hand them out.",
        subcommands: [Issue.self, List.self, Show.self, BundleFiles.self])

    /// One row a statement, as `issue` and `list` print it.
    static func listing(_ statements: [StatementService.Summary]) -> Listing {
        var listing = Listing(
            columns: [
                .text("id", "Statement"), .text("contributor", "Payee"), .text("period", "Period"),
                .text("currency", "Currency"), .number("version", "Version"), .text("issued_at", "Issued"),
                .text("sha256", "SHA-256"),
            ], whenEmpty: "no statements are issued")
        listing.rows = statements.map {
            [
                .string($0.id), .string($0.party), .string($0.period), .string($0.currency), .integer(Int($0.version)),
                .string($0.issuedAt), .string($0.sha256.hex),
            ]
        }
        return listing
    }

    struct Issue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Settle a period and sign a statement for everyone with a balance in it; safe to repeat.",
            discussion: """
                A dry run lists what the statements would say; a key stands for the settlement that comes before them.
                laurel statement issue --period 2026-10
                """)

        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions

        @Option(help: ArgumentHelp("The month.", valueName: "YYYY-MM"))
        var period: String

        @Option(help: ArgumentHelp("Only this currency, instead of all in which something moved.", valueName: "code"))
        var currency: String?

        func run() async throws {
            let period = try Period(parsing: period, at: "--period")
            let currency = try currency.map { try Currency.named($0, at: "--currency") }
            let service = StatementService(try await global.openHouse())
            guard !posting.dryRun else {
                Listing.of(try await service.rehearse(period: period, currency: currency)).write(as: global.format)
                return posting.noteRehearsal()
            }
            let (statements, issued) = try await service.issue(
                period: period, currency: currency, posting: posting.posting)
            StatementCommand.listing(statements).write(as: global.format)
            Terminal.note(
                issued > 0
                    ? "\(issued) statements issued: laurel statement bundle --period \(period) --out DIR"
                    : "all statements of \(period) were issued before; nothing changed")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List statements.", discussion: "Example: laurel statement list --period 2026-10")

        @OptionGroup var global: GlobalOptions

        @Option(help: ArgumentHelp("Only this month.", valueName: "YYYY-MM"))
        var period: String?

        @Option(help: ArgumentHelp("Only this payee.", valueName: "id"))
        var contributor: String?

        func run() async throws {
            let period = try period.map { try Period(parsing: $0, at: "--period") }
            let service = StatementService(try await global.openHouse())
            StatementCommand.listing(try await service.list(period: period, party: contributor)).write(
                as: global.format)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the signed bytes of a statement.",
            discussion: "Example: laurel statement show 2026-10-usd-ada-lovelace")

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The statement's id.")
        var id: String

        func run() async throws {
            let service = StatementService(try await global.openHouse())
            Terminal.put(try await service.signedBytes(of: id) + [UInt8(ascii: "\n")])
        }
    }

    struct BundleFiles: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "bundle", abstract: "Write what payees get: one directory each, verifiable offline.",
            discussion: "Example: laurel statement bundle --period 2026-10 --out statements")

        @OptionGroup var global: GlobalOptions

        @Argument(help: "One statement's id; without it --period.")
        var id: String?

        @Option(help: ArgumentHelp("All statements of this month.", valueName: "YYYY-MM"))
        var period: String?

        @Option(help: ArgumentHelp("Where the directories go.", valueName: "dir"))
        var out: String

        func validate() throws {
            guard (id == nil) != (period == nil) else {
                throw ValidationError("give either a statement's id or --period")
            }
        }

        func run() async throws {
            let target = URL(filePath: out, directoryHint: .isDirectory)
            let period = try period.map { try Period(parsing: $0, at: "--period") }
            let service = StatementService(try await global.openHouse())
            var directories: [URL] = []
            if let period { directories = try await service.write(period: period, to: target) }
            if let id { directories = [try await service.write(id, to: target)] }
            var listing = Listing(columns: [.text("bundle", "Bundle")])
            listing.rows = directories.map { [.string($0.path(percentEncoded: false))] }
            listing.write(as: global.format)
        }
    }
}
