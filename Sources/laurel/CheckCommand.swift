import ArgumentParser
import Errors
import Foundation
import Ledger
import Monthly

/// `laurel check`: the named invariants of the books; silent when all is well.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check the books; silent and 0 when fine, 1 when something fails.",
        discussion: "laurel check --strict")

    @OptionGroup var global: GlobalOptions
    @Flag(help: "Also recompute allocations, digests and signatures, the log, grants and triggers.") var strict = false
    @Flag(help: "Show each invariant with its SQL instead of checking.") var explain = false

    func run() async throws {
        let service = BookCheckService(try await global.openHouse())
        if explain { return try await show(service.invariants(strict: strict)) }
        let violations = try await service.check(strict: strict)
        guard let first = violations.first else {
            if global.format == .json { Terminal.put("[]") }
            return
        }
        var listing = Listing(columns: [
            .text("check", "check"), .text("object", "object"), .text("expected", "expected"),
            .text("actual", "actual"), .text("mend", "what to do"),
        ])
        listing.rows = violations.map {
            [.string($0.invariant), .string($0.object), .string($0.expected), .string($0.actual), .string($0.mend)]
        }
        listing.write(as: global.format)
        throw LaurelError.checkFailed(
            "\(violations.count) check\(violations.count == 1 ? "" : "s") failed",
            at: "\(first.invariant), \(first.object)",
            next: first.mend)
    }

    private func show(_ invariants: [Invariant]) {
        guard global.format == .table else {
            var listing = Listing(columns: [
                .text("check", "check"), .text("strict", "strict"), .text("promise", "promise"), .text("mend", "mend"),
                .text("sql", "sql"),
            ])
            listing.rows = invariants.map {
                [.string($0.name), .bool($0.isStrict), .string($0.promise), .string($0.mend), .string($0.sql)]
            }
            return listing.write(as: global.format)
        }
        for invariant in invariants {
            Terminal.put(
                "-- \(invariant.name): \(invariant.promise)\n-- when it fails: \(invariant.mend)\n\(invariant.sql)\n")
        }
    }
}
