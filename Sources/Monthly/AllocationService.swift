package import Documents
import Errors
package import Foundation
package import Ledger
package import Money
import Postgres

/// Shares the pools of a period, by a file of weights or by the credits of a run.
package struct AllocationService: Sendable {
    private let ledger: Ledger

    package init(ledger: Ledger) {
        self.ledger = ledger
    }

    /// Where the weights come from.
    package enum Source: Sendable {
        /// A file with the columns `contributor,weight` and perhaps `dataset`.
        case file(URL)
        /// The credits of a run; nil: of the run in force in the period.
        case run(String?)
    }

    /// Shares every pool of a period, or that of one currency.
    ///
    /// - Parameters:
    ///   - period: whose pools.
    ///   - source: where the weights come from.
    ///   - currency: only this one; nil: all that have revenue.
    ///   - into: the open period that takes the differences when `period` is closed.
    ///   - restating: whether other weights than before may replace them.
    ///   - posting: rehearsal and key.
    /// - Returns: one result a currency.
    /// - Throws: `input` for unusable weights, `refused` when there is nothing to share or it was shared otherwise.
    package func allocate(
        _ period: Period, by source: Source, currency: Currency?, into: Period?, restating: Bool, posting: Posting
    ) async throws -> [AllocationResult] {
        let currencies: [Currency]
        if let currency { currencies = [currency] } else { currencies = try await ledger.currencies(of: period) }
        guard !currencies.isEmpty else {
            throw LaurelError.refused(
                "period \(period) has no revenue", next: "laurel revenue add --period \(period) --amount AMOUNT …")
        }
        let weights: Weights
        var run: String?
        switch source {
        case .file(let url):
            let bytes: [UInt8]
            do {
                bytes = [UInt8](try Data(contentsOf: url))
            } catch {
                throw LaurelError.input("file cannot be read", at: url.path, next: "check its path and permissions")
            }
            weights = try Weights(parsing: bytes, file: url.lastPathComponent)
        case .run(let wanted):
            (run, weights) = try await credits(of: period, run: wanted)
        }
        return try await ledger.allocate(
            period, currencies: currencies, weights: weights,
            policy: run == nil ? AllocationPolicy.weightsFile : AllocationPolicy.creditRun, run: run, into: into,
            restating: restating, posting: posting)
    }

    /// The credits of the finished run as weights: `max(0, round(credit × 10^12))`, the policy's rule `clip`.
    ///
    /// A player is a contributor, or a dataset of one.
    private func credits(of period: Period, run wanted: String?) async throws -> (String, Weights) {
        let rows = try await ledger.database.query(
            """
            SELECT s.run_id, s.player, greatest(0, round(s.value::numeric * 1000000000000))::text AS weight,
                   d.contributor AS owner
            FROM credit.score s
            LEFT JOIN registry.dataset d
                ON d.id = s.player AND NOT EXISTS (SELECT 1 FROM registry.party p WHERE p.id = s.player)
            WHERE s.period = \(period.description) AND s.state = 'estimated'
              AND (\(wanted)::text IS NULL OR s.run_id = \(wanted))
            ORDER BY s.player
            """)
        guard let first = rows.first else {
            throw LaurelError.refused(
                wanted.map { "run \($0) has no credits" } ?? "period \(period) has no finished credit run",
                next: "laurel credit run --period \(period), or give --weights FILE.csv")
        }
        let entries = try rows.map { row in
            let player: String = try row.get("player")
            let text: String = try row.get("weight")
            guard let weight = Int64(text) else {
                throw LaurelError.input("the credit of \(player) is too large to be a weight", at: text)
            }
            let owner = try row.get("owner", as: String?.self)
            return Weights.Entry(contributor: owner ?? player, dataset: owner == nil ? "" : player, weight: weight)
        }
        return (try first.get("run_id"), try Weights(entries))
    }
}
