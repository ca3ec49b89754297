package import Documents
import Errors
package import Foundation
package import Ledger
import Money
import Postgres

/// A report as it leaves the house: the CSV and the JSON that lies beside it.
package struct Report: Sendable {
    /// RFC 4180, first row the header.
    package let csv: [UInt8]
    /// Row count, control sums by currency, digest.
    package let summary: CSVSummary
}

/// Writes the reports of a period. The columns are described in `Reports/README.md`, a sample of each lies beside it.
package struct ReportService: Sendable {
    /// The reports that there are.
    package enum Name: String, CaseIterable, Sendable {
        case payouts, credits, allocation, ledger, contributors
        case trialBalance = "trial-balance"
    }

    private let ledger: Ledger

    package init(ledger: Ledger) {
        self.ledger = ledger
    }

    /// Writes one report of a period.
    ///
    /// - Parameters:
    ///   - name: which.
    ///   - period: of which month.
    ///   - raw: without the guard against formulas in text columns, for machines.
    ///   - policy: the waterfall that a period not yet settled is rehearsed by.
    /// - Returns: the CSV and its sidecar.
    /// - Throws: `input` when nobody ever opened the period.
    package func report(
        _ name: Name, of period: Period, raw: Bool, policy: CanonicalValue = WaterfallPolicy.standard
    ) async throws -> Report {
        guard try await !ledger.periods(period).isEmpty else {
            throw LaurelError.input("there is no period \(period)", next: "see laurel period list")
        }
        switch name {
        case .payouts: return try await payouts(period, raw, WaterfallPolicy(policy))
        case .credits: return try await credits(period, raw)
        case .allocation: return try await allocation(period, raw)
        case .ledger: return try await journals(period, raw)
        case .contributors: return try await contributors(period, raw)
        case .trialBalance: return try await trialBalance(period, raw)
        }
    }

    /// Writes a report and, beside a file, its sidecar `FILE.summary.json`, which names that file.
    package func write(_ report: Report, to url: URL) throws {
        try OutputFile.write(report.csv, to: url)
        guard OutputFile.isFile(url) else { return }
        var summary = report.summary
        summary.file = url.lastPathComponent
        try OutputFile.write(
            summary.document.encoded(), to: url.deletingPathExtension().appendingPathExtension("summary.json"))
    }

    private typealias Columns = [(name: String, kind: CSVWriter.Kind)]

    private func report(
        _ name: Name, _ columns: Columns, _ rows: [[String]], _ raw: Bool, sums: [String], by group: String?
    ) throws -> Report {
        var writer = CSVWriter(columns: columns, raw: raw)
        rows.forEach { writer.append($0) }
        let summary = try CSVSummary(of: writer.bytes, file: "\(name.rawValue).csv", sums: sums, by: group)
        return Report(csv: writer.bytes, summary: summary)
    }

    private func payouts(_ period: Period, _ raw: Bool, _ policy: WaterfallPolicy) async throws -> Report {
        let names = try await ledger.names()
        let statements = try await ledger.statementIDs(of: period)
        let rows = try await ledger.payeePeriods(period, policy: policy).map { payee in
            [
                payee.party, names[payee.party] ?? "", payee.currency.code, payee.opening.formatted,
                payee.earned.formatted, payee.adjusted.formatted, payee.released.formatted, payee.converted.formatted,
                payee.returned.formatted, payee.deducted.formatted, payee.paid.formatted, payee.closing.formatted,
                statements["\(payee.party) \(payee.currency)"] ?? "", payee.status,
            ]
        }
        let amounts = [
            "opening", "earned", "adjusted", "released", "converted", "returned", "deducted", "paid", "carried",
        ]
        let columns: Columns =
            [("contributor", .text), ("name", .text), ("currency", .text)] + amounts.map { ($0, .number) } + [
                ("statement_id", .text), ("status", .text),
            ]
        return try report(.payouts, columns, rows, raw, sums: amounts, by: "currency")
    }

    private func allocation(_ period: Period, _ raw: Bool) async throws -> Report {
        let rows = try await ledger.database.query(
            """
            SELECT contributor_id, coalesce(dataset_id, '') AS dataset_id, weight::text AS weight, share_ppm::text AS share_ppm,
                   floor_micros, extra_micros::bigint AS extra_micros, amount_micros, currency, party_id, role,
                   dataset_amount_micros, pool_micros, weight_total::text AS weight_total
            FROM ledger.earning WHERE period_id = \(period.description)
            ORDER BY currency, contributor_id, dataset_id NULLS FIRST, party_id, role COLLATE "C"
            """
        ).map { row in
            func text(_ columns: String...) throws -> [String] { try columns.map { try row.get($0) } }
            func money(_ columns: String...) throws -> [String] {
                try columns.map { Micros(try row.get($0)).formatted }
            }
            return try text("contributor_id", "dataset_id", "weight", "share_ppm")
                + money("floor_micros", "extra_micros", "amount_micros") + text("currency", "party_id", "role")
                + money("dataset_amount_micros", "pool_micros") + text("weight_total")
        }
        return try report(
            .allocation,
            [
                ("contributor", .text), ("dataset", .text), ("weight", .number), ("share_ppm", .number),
                ("floor", .number), ("extra", .number), ("amount", .number), ("currency", .text), ("party", .text),
                ("role", .text), ("dataset_amount", .number), ("pool", .number), ("weight_total", .number),
            ], rows, raw, sums: ["floor", "extra", "amount"], by: "currency")
    }

    private func journals(_ period: Period, _ raw: Bool) async throws -> Report {
        let csv = Self.journalCSV(try await ledger.journalLines(period: period), raw: raw)
        let summary = try CSVSummary(of: csv, file: "ledger.csv", sums: ["amount"], by: "currency")
        return Report(csv: csv, summary: summary)
    }

    /// Journal lines as the report `ledger` writes them.
    package static func journalCSV(_ lines: [JournalLine], raw: Bool) -> [UInt8] {
        let columns: Columns = [
            ("journal", .number), ("line", .number), ("kind", .text), ("period", .text), ("effective_on", .text),
            ("relates_to_period", .text), ("account", .text), ("currency", .text), ("amount", .number),
            ("source", .text), ("memo", .text),
        ]
        var writer = CSVWriter(columns: columns, raw: raw)
        for line in lines {
            writer.append([
                String(line.journal), String(line.line), line.kind, line.period, line.effectiveOn, line.relatesTo,
                line.account, line.currency.code, line.amount.formatted, line.source, line.memo,
            ])
        }
        return writer.bytes
    }

    private func trialBalance(_ period: Period, _ raw: Bool) async throws -> Report {
        let rows = try await ledger.trialBalance(through: period).map { account in
            [
                account.code, account.accountClass, account.currency.code, account.debits,
                account.credits, account.balance.formatted, String(account.lineCount),
            ]
        }
        return try report(
            .trialBalance,
            [
                ("account", .text), ("class", .text), ("currency", .text), ("debits", .number), ("credits", .number),
                ("balance", .number), ("lines", .number),
            ], rows, raw, sums: ["debits", "credits", "balance"], by: "currency")
    }

    private func contributors(_ period: Period, _ raw: Bool) async throws -> Report {
        let names = try await ledger.names()
        let rows = try await ledger.database.query(
            """
            SELECT p.id, p.kind, p.status, coalesce(e.currency, '') AS currency, coalesce(e.datasets, 0) AS datasets,
                   coalesce(e.earned, 0)::bigint AS earned, coalesce(e.to_date, 0)::bigint AS to_date
            FROM registry.party p
            LEFT JOIN (SELECT party_id, currency, sum(amount_micros) AS to_date,
                              sum(amount_micros) FILTER (WHERE period_id = \(period.description)) AS earned,
                              count(DISTINCT dataset_id) FILTER (WHERE period_id = \(period.description)) AS datasets
                       FROM ledger.earning WHERE period_id <= \(period.description) GROUP BY party_id, currency) e
                ON e.party_id = p.id
            ORDER BY p.id, e.currency
            """
        ).map { row in
            let id: String = try row.get("id")
            return [
                id, names[id] ?? "", try row.get("kind"), try row.get("status"), try row.get("currency"),
                try row.get("datasets"), Micros(try row.get("earned")).formatted,
                Micros(try row.get("to_date")).formatted,
            ]
        }
        return try report(
            .contributors,
            [
                ("contributor", .text), ("name", .text), ("kind", .text), ("status", .text), ("currency", .text),
                ("datasets", .number), ("earned", .number), ("earned_to_date", .number),
            ], rows, raw, sums: ["earned", "earned_to_date"], by: "currency")
    }

    private func credits(_ period: Period, _ raw: Bool) async throws -> Report {
        let rows = try await ledger.database.query(
            """
            SELECT r.run_id, r.property, r.estimator, r.index_name, r.player, r.value::text AS value,
                   r.std_error::text AS std_error, r.low::text AS low, r.high::text AS high, e.pays
            FROM credit.result r
            JOIN credit.estimate e USING (run_id, property, estimator, index_name)
            JOIN credit.plan p USING (run_id)
            WHERE p.period = \(period.description) AND p.state = 'estimated'
            ORDER BY r.run_id, e.pays DESC, r.property, r.estimator, r.index_name, r.player
            """
        ).map { row in
            try ["run_id", "property", "estimator", "index_name", "player", "value", "std_error", "low", "high"]
                .map { try row.get($0, as: String.self) } + [try row.get("pays", as: Bool.self) ? "yes" : "no"]
        }
        return try report(
            .credits,
            [
                ("run", .text), ("property", .text), ("estimator", .text), ("index", .text), ("contributor", .text),
                ("value", .number), ("std_error", .number), ("low", .number), ("high", .number), ("pays", .text),
            ], rows, raw, sums: [], by: nil)
    }
}
