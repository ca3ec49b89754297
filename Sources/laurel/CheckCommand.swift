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
    @Flag(
        help: "Also recompute allocations, digests and signatures, the log, and compare the schema with its migrations."
    ) var strict = false
    @Flag(help: "Show each invariant with its SQL instead of checking.") var explain = false

    func run() async throws {
        let service = BookCheckService(try await global.openHouse())
        if explain { return try await show(service.invariants(strict: strict)) }
        let findings = try await service.check(strict: strict)
        findings.notes.forEach(Terminal.note)
        let violations = findings.violations
        guard let first = violations.first else {
            if global.format == .json { Terminal.put("[]") }
            return
        }
        list(violations)
        let failures = Dictionary(
            violations.map { ($0.invariant, $0.failures) }, uniquingKeysWith: { first, _ in first })
        let count = failures.values.reduce(0, +)
        throw LaurelError.checkFailed(
            "\(failures.count) check\(failures.count == 1 ? "" : "s") failed, for \(count) object\(count == 1 ? "" : "s")",
            at: "\(first.invariant), \(first.object)",
            next: first.mend)
    }

    /// Every row of JSON and CSV says for how many objects its check fails; a table says how many more there are.
    private func list(_ violations: [Violation]) {
        var listing = Listing(columns: [
            .text("check", "check"), .text("object", "object"), .text("expected", "expected"),
            .text("actual", "actual"), .text("mend", "what to do"),
        ])
        if global.format != .table { listing.columns.append(.number("failures", "failures")) }
        for (offset, violation) in violations.enumerated() {
            let cells = [violation.invariant, violation.object, violation.expected, violation.actual, violation.mend]
            listing.rows.append(
                cells.map { .string($0) } + (global.format == .table ? [] : [.integer(violation.failures)]))
            let isLast = offset + 1 == violations.count || violations[offset + 1].invariant != violation.invariant
            let listed = violations.count { $0.invariant == violation.invariant }
            if global.format == .table, isLast, violation.failures > listed {
                let more = "and \(violation.failures - listed) more"
                listing.rows.append([violation.invariant, more, "", "", ""].map { .string($0) })
            }
        }
        listing.write(as: global.format)
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
