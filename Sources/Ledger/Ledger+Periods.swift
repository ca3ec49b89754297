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
    package let blockers: [String]
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
        let blockers = try await blockers(of: only)
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
                }, isSettled: try row.get("settled"), blockers: blockers[id] ?? [])
        }
    }

    /// Pools of a period and before it that are not shared, and whether payees are owed something that nobody has settled.
    private func blockers(of only: Period?) async throws -> [String: [String]] {
        try await rows(
            """
            WITH open AS (
                SELECT p.id FROM ledger.period p
                WHERE (\(only?.description)::text IS NULL OR p.id = \(only?.description))
                  AND NOT EXISTS (SELECT FROM ledger.period_close c WHERE c.period_id = p.id)
            )
            SELECT o.id, CASE a.code WHEN 'pool:' || o.id THEN '' ELSE split_part(a.code, ':', 2) || ' ' END
                         || a.currency || ' pool not shared' AS blocker
            FROM open o
            JOIN ledger.account a ON a.class = 'pool' AND a.code <= 'pool:' || o.id
            JOIN ledger.posting g ON g.account_id = a.id
            JOIN ledger.journal j ON j.id = g.journal_id AND j.period_id <= o.id
            GROUP BY o.id, a.code, a.currency HAVING sum(g.amount_micros) <> 0
            UNION ALL
            SELECT o.id, 'not settled' FROM open o
            WHERE NOT EXISTS (SELECT FROM ledger.settlement s WHERE s.period_id = o.id)
              AND EXISTS (SELECT FROM ledger.journal j JOIN ledger.posting g ON g.journal_id = j.id
                          JOIN ledger.account a ON a.id = g.account_id
                          WHERE j.period_id = o.id AND a.class = 'payable')
            ORDER BY 1, 2
            """
        ).reduce(into: [:]) { $0[try $1.get("id"), default: []].append(try $1.get("blocker")) }
    }

    /// Opens a period, and every month between it and those that were opened before.
    ///
    /// - Returns: the months that are new, oldest first.
    /// - Throws: `refused` behind the last settled or closed one, `input` for a year that must be a typing error.
    package func openPeriod(_ period: Period, posting: Posting = .plain) async throws -> [String] {
        try await post(posting, route: "period open", request: [period.description]) { connection in
            func known() async throws -> [String] {
                try await connection.query("SELECT id FROM ledger.period ORDER BY id").map { try $0.get("id") }
            }
            let before = Set(try await known())
            try await connection.execute("SELECT ledger.open_period(\(period.description))")
            return try await known().filter { !before.contains($0) }
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
