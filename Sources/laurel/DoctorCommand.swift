import ArgumentParser
import Errors
import Monthly

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at libraries, kernels, database, disk and keys: one line each.",
        discussion: "Example: laurel doctor --home /srv/laurel")

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let findings = await DoctorService.examine(global.address)
        var listing = Listing(columns: [
            .text("subject", "Subject"), .text("state", "State"), .text("detail", "Detail"),
        ])
        listing.rows = findings.map {
            [.string($0.subject), .string($0.isFine ? "fine" : "not fine"), .string($0.detail)]
        }
        listing.write(as: global.format)
        let bad = findings.filter { !$0.isFine }.map(\.subject)
        guard bad.isEmpty else {
            throw LaurelError.environment(
                "not everything is fine", at: bad.joined(separator: ", "), next: "do what those lines say")
        }
    }
}
