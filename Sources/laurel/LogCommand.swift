import ArgumentParser
import Documents
import Foundation
import Monthly

struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "The transparency log: checkpoints and proofs.",
        subcommands: [CheckpointOfLog.self, Prove.self, Seal.self, Consistency.self])

    struct CheckpointOfLog: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "checkpoint", abstract: "Print the signed state of the whole log.",
            discussion: "Example: laurel log checkpoint > checkpoint")

        @OptionGroup var global: GlobalOptions

        func run() async throws {
            Terminal.put(Array(try await StatementService(try await global.openHouse()).checkpoint().utf8))
        }
    }

    struct Prove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the proof that a statement, a closed period or a document is in the log.",
            discussion: "Example: laurel log prove 2026-10-usd-ada-lovelace")

        @OptionGroup var global: GlobalOptions

        @Argument(help: "A statement's id, a closed period, or a document's SHA-256.")
        var entry: String

        func run() async throws {
            Terminal.put(Array(try await StatementService(try await global.openHouse()).prove(entry).utf8))
        }
    }

    struct Seal: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print what binds a closed period to the log: its SHA-256 is the log's entry.",
            discussion: """
                contents names each table with rows of the period, how many they are, and the SHA-256 of their SHA-256s in
                ascending order, each of the row as text, with times in UTC: SELECT r::text FROM ledger.journal r.
                Example: laurel log seal 2026-10 | sha256sum
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "YYYY-MM.")
        var period: String

        func run() async throws {
            let month = try Reading.period(period, "PERIOD")
            Terminal.put(try await StatementService(try await global.openHouse()).seal(of: month))
        }
    }

    struct Consistency: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the proof that an older state of the log is the beginning of a newer one.",
            discussion: "Example: laurel log consistency 12 34")

        @OptionGroup var global: GlobalOptions

        @Argument(help: "Entries in the older state.")
        var old: Int

        @Argument(help: "Entries in the newer state.")
        var new: Int

        func run() async throws {
            let proof = try await StatementService(try await global.openHouse()).consistency(from: old, to: new)
            Record(fields: [
                ("old_size", .integer(old)), ("old_root", .string(proof.old.hex)), ("new_size", .integer(new)),
                ("new_root", .string(proof.new.hex)), ("proof", .array(proof.proof.map { .string($0.hex) })),
            ]).write(as: global.format)
        }
    }
}
