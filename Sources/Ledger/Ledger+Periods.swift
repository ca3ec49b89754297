package import Documents
package import Money
import Postgres

/// Where a period stands.
package struct PeriodStatus: Sendable {
    package let period: String
    package let isClosed: Bool
    /// When it was closed, UTC, or empty.
    package let closedAt: String
    /// One entry a currency that had revenue.
    package let pools: [PoolStatus]
    package let isSettled: Bool

    /// What stands in the way of closing, in words; empty when nothing does.
    package var blockers: [String] {
        guard !isClosed else { return [] }
        let pools = pools.filter { $0.unallocated != .zero }.map { "\($0.currency) pool not shared" }
        return pools + (isSettled || self.pools.allSatisfy { $0.allocated == .zero } ? [] : ["not settled"])
    }
}

/// A pool of a period and currency.
package struct PoolStatus: Sendable {
    package let currency: String
    package let gross: Micros
    package let fees: Micros
    package let net: Micros
    /// What the allocation in force shared.
    package let allocated: Micros
    /// What the pool's account still holds.
    package let unallocated: Micros
}

extension Ledger {
    /// Every period that was ever opened, oldest first, or one of them.
    package func periods(_ only: Period? = nil) async throws -> [PeriodStatus] {
        let pools = try await rows(
            """
            SELECT t.period_id, t.currency, t.gross_micros, t.fee_micros + t.tax_micros AS fees, t.net_micros,
                   coalesce(t.pool_micros, 0) AS allocated,
                   coalesce((SELECT -b.balance FROM ledger.trial_balance b
                             WHERE b.code = 'pool:' || t.period_id AND b.currency = t.currency), 0)::bigint AS open
            FROM ledger.pool_total t
            WHERE \(only?.description)::text IS NULL OR t.period_id = \(only?.description)
            ORDER BY t.period_id, t.currency
            """)
        let byPeriod = try Dictionary(grouping: pools) { try $0.get("period_id", as: String.self) }
        return try await rows(
            """
            SELECT p.id, c.period_id IS NOT NULL AS closed, s.id IS NOT NULL AS settled,
                   coalesce(to_char(c.closed_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '') AS closed_at
            FROM ledger.period p LEFT JOIN ledger.period_close c ON c.period_id = p.id
            LEFT JOIN ledger.settlement s ON s.period_id = p.id
            WHERE \(only?.description)::text IS NULL OR p.id = \(only?.description)
            ORDER BY p.id
            """
        ).map { row in
            let id: String = try row.get("id")
            return PeriodStatus(
                period: id, isClosed: try row.get("closed"), closedAt: try row.get("closed_at"),
                pools: try (byPeriod[id] ?? []).map { pool in
                    PoolStatus(
                        currency: try pool.get("currency"), gross: Micros(try pool.get("gross_micros")),
                        fees: Micros(try pool.get("fees")), net: Micros(try pool.get("net_micros")),
                        allocated: Micros(try pool.get("allocated")), unallocated: Micros(try pool.get("open")))
                }, isSettled: try row.get("settled"))
        }
    }

    /// Closes a period for good: no journal enters it again.
    ///
    /// - Returns: false when it was closed already.
    /// - Throws: `refused` while an earlier period is open or a pool is not shared.
    package func closePeriod(_ period: Period, posting: Posting = .plain) async throws -> Bool {
        try await post(posting, route: "period close", request: [period.description]) { connection in
            try await connection.query("SELECT ledger.close_period(\(period.description)) AS done")[0].get("done")
        }
    }
}
