package import Documents
package import Money
import Postgres

/// An account with its balance; debit is plus.
package struct AccountBalance: Sendable {
    package let code: String
    package let accountClass: String
    package let currency: Currency
    /// What it ever took in and gave out, as decimals: in all its years more than an amount can hold.
    package let debits: String
    package let credits: String
    package let balance: Micros
    package let lineCount: Int
}

/// One line of a journal, with what its header says.
package struct JournalLine: Sendable {
    package let journal: Int64
    package let line: Int
    package let kind: String
    package let period: String
    package let effectiveOn: String
    package let relatesTo: String
    package let account: String
    package let currency: Currency
    /// Debit is plus.
    package let amount: Micros
    package let source: String
    package let memo: String
}

extension Ledger {
    /// Every account that was ever opened, also at zero, by code and currency; or, as of the end of a period, every account
    /// that had moved by then.
    package func trialBalance(through period: Period? = nil) async throws -> [AccountBalance] {
        let balances: SQL =
            if let period {
                """
                SELECT a.code, a.class, a.currency,
                       ledger.decimal_text(coalesce(sum(p.amount_micros) FILTER (WHERE p.amount_micros > 0), 0)) AS debits,
                       ledger.decimal_text(-coalesce(sum(p.amount_micros) FILTER (WHERE p.amount_micros < 0), 0)) AS credits,
                       sum(p.amount_micros)::bigint AS balance, count(*) AS lines
                FROM ledger.account a
                JOIN ledger.posting p ON p.account_id = a.id
                JOIN ledger.journal j ON j.id = p.journal_id
                WHERE j.period_id <= \(period.description)
                GROUP BY a.id, a.code, a.class, a.currency ORDER BY a.code COLLATE "C", a.currency
                """
            } else {
                """
                SELECT code, class, currency, ledger.decimal_text(debits) AS debits, ledger.decimal_text(credits) AS credits,
                       balance::bigint AS balance, lines
                FROM ledger.trial_balance ORDER BY code COLLATE "C", currency
                """
            }
        return try await rows(
            balances
        ).map { row in
            AccountBalance(
                code: try row.get("code"), accountClass: try row.get("class"),
                currency: try .named(try row.get("currency")), debits: try row.get("debits"),
                credits: try row.get("credits"), balance: Micros(try row.get("balance")),
                lineCount: try row.get("lines"))
        }
    }

    /// The lines of journals in the order of posting: all, of one period, of the journals that touch one account.
    package func journalLines(period: Period? = nil, account: String? = nil) async throws -> [JournalLine] {
        try await rows(
            """
            SELECT j.id, p.line_no, j.kind, j.period_id, j.effective_on::text AS day,
                   coalesce(j.relates_to_period, '') AS relates_to, a.code, p.currency, p.amount_micros,
                   j.source_kind || ' ' || j.source_id AS source, j.memo
            FROM ledger.journal j JOIN ledger.posting p ON p.journal_id = j.id
            JOIN ledger.account a ON a.id = p.account_id
            WHERE (\(period?.description)::text IS NULL OR j.period_id = \(period?.description))
              AND (\(account)::text IS NULL OR j.id IN (
                    SELECT q.journal_id FROM ledger.posting q JOIN ledger.account b ON b.id = q.account_id
                    WHERE b.code = \(account)))
            ORDER BY j.id, p.line_no
            """
        ).map { row in
            JournalLine(
                journal: try row.get("id"), line: try row.get("line_no"), kind: try row.get("kind"),
                period: try row.get("period_id"), effectiveOn: try row.get("day"),
                relatesTo: try row.get("relates_to"), account: try row.get("code"),
                currency: try .named(try row.get("currency")), amount: Micros(try row.get("amount_micros")),
                source: try row.get("source"), memo: try row.get("memo"))
        }
    }

    /// The receipts for the use of a period, or all, in the order of entry.
    package func receipts(of period: Period? = nil) async throws -> [(receipt: Receipt, id: Int64, isVoid: Bool)] {
        try await rows(
            """
            SELECT r.id, r.source, r.external_ref, r.period_id, r.posted_period, r.currency, r.gross_micros, r.fee_micros, r.tax_micros,
                   r.received_on::text AS received_on, v.receipt_id IS NOT NULL AS void
            FROM ledger.revenue_receipt r LEFT JOIN ledger.revenue_void v ON v.receipt_id = r.id
            WHERE \(period?.description)::text IS NULL OR r.period_id = \(period?.description) ORDER BY r.id
            """
        ).map { row in
            let receipt = try Receipt(
                source: try row.get("source"), reference: try row.get("external_ref"),
                period: try Period(parsing: try row.get("period_id")), currency: try .named(try row.get("currency")),
                gross: Micros(try row.get("gross_micros")), fee: Micros(try row.get("fee_micros")),
                tax: Micros(try row.get("tax_micros")), receivedOn: try Day(parsing: try row.get("received_on")),
                into: try Period(parsing: try row.get("posted_period")))
            return (receipt, try row.get("id"), try row.get("void"))
        }
    }

    /// Pools that went to suspense since all weights were zero, and wait there for others, oldest first: together what
    /// `suspense:unmatched` holds.
    package func suspense() async throws -> [SuspendedPool] {
        try await rows(
            """
            SELECT period_id, currency, pool_micros, to_char(allocated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS since
            FROM ledger.current_allocation WHERE to_suspense AND pool_micros > 0 ORDER BY period_id, currency
            """
        ).map { row in
            SuspendedPool(
                period: try row.get("period_id"), currency: try .named(try row.get("currency")),
                amount: Micros(try row.get("pool_micros")), since: try row.get("since"))
        }
    }

    /// The names of parties, by id; an erased party has none.
    package func names() async throws -> [String: String] {
        let rows = try await rows("SELECT party_id, name FROM pii.party_detail WHERE name IS NOT NULL")
        return try Dictionary(
            rows.map { (try $0.get("party_id", as: String.self), try $0.get("name", as: String.self)) },
            uniquingKeysWith: { first, _ in first })
    }
}

/// A pool that nobody was found for.
package struct SuspendedPool: Sendable {
    /// Of whose use the money came.
    package let period: String
    package let currency: Currency
    package let amount: Micros
    /// The day when it was last shared, UTC.
    package let since: String
}

extension Ledger {
    /// The latest statement issued to each payee for a period, by `PARTY CURRENCY`.
    package func statementIDs(of period: Period) async throws -> [String: String] {
        let rows = try await rows(
            """
            SELECT DISTINCT ON (party_id, currency) party_id, currency, id FROM statements.statement
            WHERE period_id = \(period.description) ORDER BY party_id, currency, version DESC
            """)
        return try Dictionary(
            rows.map { row in
                let party: String = try row.get("party_id")
                let currency: String = try row.get("currency")
                return ("\(party) \(currency)", try row.get("id", as: String.self))
            }, uniquingKeysWith: { first, _ in first })
    }
}
