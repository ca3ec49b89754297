import ArgumentParser
import Foundation
import Monthly

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check a statement offline: no database, no network.",
        discussion: """
            Example: laurel verify statements/ada-lovelace
            Leaves with 0 when every check passes, 1 when one fails, 2 for no usable bundle, 3 for another root than the
            trusted one.
            What a bundle that passed has shown is remembered in the home, if there is one: the root key, the newest keyring and
            the states of the log. A later bundle that leaves out a revocation, or shows another past of the log, fails.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bundle: a directory or a ZIP.")
    var bundle: String

    @Option(help: ArgumentHelp("The fingerprint that the root key must have.", valueName: "fingerprint"))
    var root: String?

    @Option(help: ArgumentHelp("The payee's statement before this one.", valueName: "dir|zip"))
    var previous: String?

    @Flag(help: "The same as --format json.")
    var json = false

    func run() async throws {
        let result = try VerificationService.verify(
            URL(filePath: bundle), root: root, previous: previous.map { URL(filePath: $0) }, home: global.address.home)
        let format: OutputFormat = json ? .json : global.format
        switch format {
        case .table:
            for check in result.lines { Terminal.put(check.text) }
        case .json, .csv:
            var listing = Listing(columns: [
                .text("check", "Check"), .text("result", "Result"), .text("reason", "Reason"),
            ])
            listing.rows = result.lines.map { [.string($0.name), .string($0.result), .string($0.reason)] }
            listing.write(as: format)
        }
        if let warning = result.warning { Terminal.note("warning: \(warning)") }
        if let failure = result.failure { throw failure }
    }
}
