import Errors
import Foundation

extension LaurelProgram {
    /// Every balance that is not zero, by account and currency, in plain decimals.
    package struct Balances: Sendable {
        /// What the trial balance says.
        package let ours: [String: String]
        /// What `hledger`, which knows nothing of Laurel, adds the exported journals up to.
        package let theirs: [String: String]
    }

    /// Exports the books to `hledger`, which checks them, and adds them up both ways.
    ///
    /// - Throws: ``LaurelError`` when `hledger` is not there or finds the journals wrong.
    package func balances() async throws -> Balances {
        let books = try file("books.journal", try await succeed("ledger", "export", "--format", "hledger").output)
        _ = try hledger(["-f", books, "check", "accounts", "commodities", "balancednoautoconversion", "ordereddates"])
        var theirs: [String: String] = [:]
        let table = try hledger(["-f", books, "balance", "--flat", "--no-total", "--layout=bare", "-O", "csv"])
        for row in table.split(separator: "\n").dropFirst() {
            let cells = row.split(separator: ",").map { $0.trimmingCharacters(in: ["\""]) }
            theirs["\(cells[0].drop { $0 != ":" }.dropFirst()) \(cells[1])"] = cells[2]
        }
        var ours: [String: String] = [:]
        for row in try await succeed("ledger", "trial-balance", "--format", "json").rows() {
            let balance = "\(row["balance"] ?? "")"
            if balance != "0.000000" { ours["\(row["account"] ?? "") \(row["currency"] ?? "")"] = balance }
        }
        return Balances(ours: ours, theirs: theirs)
    }

    private func hledger(_ arguments: [String]) throws -> String {
        let output = Pipe()
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/hledger")
        process.arguments = arguments
        process.environment = ["LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"]
        process.standardOutput = output
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw LaurelError.environment(
                "hledger ended with \(process.terminationStatus)", at: arguments.joined(separator: " "),
                next: "read what it says above")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
