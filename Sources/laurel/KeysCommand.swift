import ArgumentParser
import Documents
import Errors
import Foundation
import Monthly

struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "The issuer's keys: list, export, rotate, revoke.",
        subcommands: [List.self, Export.self, Rotate.self, Revoke.self])

    /// One row a key.
    static func listing(_ keys: [KeyService.Key]) -> Listing {
        var listing = Listing(columns: [
            .text("use", "Use"), .text("state", "State"), .text("not_before", "From"), .text("not_after", "Until"),
            .text("kid", "Fingerprint"),
        ])
        listing.rows = keys.map {
            [.string($0.use), .string($0.state), .string($0.notBefore), .string($0.notAfter), .string($0.fingerprint)]
        }
        return listing
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List all keys that ever were.", discussion: "Example: laurel keys list")

        @OptionGroup var global: GlobalOptions

        func run() async throws {
            let service = KeyService(try await global.openHouse())
            KeysCommand.listing(try await service.list()).write(as: global.format)
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write the signed keyring and the public keys into a directory.",
            discussion: "Example: laurel keys export --out public-keys")

        @OptionGroup var global: GlobalOptions

        @Option(help: ArgumentHelp("Where the files go.", valueName: "dir"))
        var out: String

        func run() async throws {
            let service = KeyService(try await global.openHouse())
            let files = try await service.export(to: URL(filePath: out, directoryHint: .isDirectory))
            var listing = Listing(columns: [.text("file", "File")])
            listing.rows = files.map { [.string($0)] }
            listing.write(as: global.format)
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a use a new key; what the old one signed until now stays valid, and it is deleted.",
            discussion: "Example: laurel keys rotate statement")

        @OptionGroup var global: GlobalOptions

        @Argument(help: "statement, log or approval.")
        var use: String

        func run() async throws {
            let service = KeyService(try await global.openHouse())
            KeysCommand.listing(try await service.rotate(use)).write(as: global.format)
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke a key: what it signed after a time, as the log dates it, is worth nothing.",
            discussion: "Example: laurel keys revoke 3f…9c --since 2026-10-07T12:00:00Z --reason \"laptop stolen\"")

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The key's fingerprint.")
        var kid: String

        @Option(help: ArgumentHelp("Since when somebody else may have had it.", valueName: "time"))
        var since: String

        @Option(help: "Why.")
        var reason: String

        func run() async throws {
            guard let digest = Digest(hex: kid.lowercased()) else {
                throw LaurelError.input(
                    "not a fingerprint: 64 hexadecimal digits", at: kid, next: "see laurel keys list")
            }
            let since = try Timestamp(parsing: since, at: "--since")
            let service = KeyService(try await global.openHouse())
            KeysCommand.listing(try await service.revoke(digest, since: since, reason: reason)).write(as: global.format)
        }
    }
}
