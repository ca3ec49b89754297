import ArgumentParser
import Foundation
import Monthly

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make the home: private database, schema, signing keys; safe to repeat.",
        discussion: "Example: laurel init --issuer \"Ada's Pictures Ltd\" --currency USD")

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("The name that signs statements.", valueName: "name"))
    var issuer: String?

    @Option(help: ArgumentHelp("The currency that is meant when a command names none.", valueName: "code"))
    var currency: String?

    func run() async throws {
        let made = try await SetUpService.initialise(global.address, issuer: issuer, currency: currency)
        Record(fields: [
            ("home", .string(made.home)), ("issuer", .string(made.issuer)), ("currency", .string(made.currency)),
            ("schema", .string(made.schema)),
        ]).write(as: global.format)
    }
}

struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stop the private PostgreSQL server.", discussion: "Example: laurel stop")

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let stopped = try await SetUpService.stop(global.address)
        Record(fields: [("database", .string(stopped ? "stopped" : "was not running"))]).write(as: global.format)
    }
}
