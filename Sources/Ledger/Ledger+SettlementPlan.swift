import Documents
import Money
import Postgres

extension Ledger {
    /// Reads every payee's account and agreements for a period and works them off; reads set-wise, one query a kind.
    func plan(_ connection: Connection, _ period: Period, _ policy: WaterfallPolicy) async throws -> [Waterfall] {
        var accounts = try await openAccounts(connection, period)
        let lastDay = period.lastDay.description
        func update(
            _ sql: SQL, _ change: (inout PayeeAccount, Row) throws -> Void
        ) async throws {
            for row in try await connection.query(sql) {
                let key = PayeeKey(party: try row.get("party_id"), currency: try row.get("currency"))
                guard accounts[key] != nil else { continue }
                try change(&accounts[key]!, row)
            }
        }
        try await update(
            """
            SELECT DISTINCT ON (party_id, currency) party_id, currency, min_payout_micros, reserve_ppm,
                   reserve_release_months
            FROM ledger.payee_term WHERE valid_from <= \(lastDay)
            ORDER BY party_id, currency, valid_from DESC, id DESC
            """
        ) { account, row in
            account.minimum = Micros(try row.get("min_payout_micros"))
            account.reservePPM = try row.get("reserve_ppm")
            account.reserveReleaseMonths = try row.get("reserve_release_months")
        }
        // A closed account is paid whatever is left, and keeps no reserve.
        try await update(
            """
            SELECT f.party_id, a.currency
            FROM ledger.final_settlement f JOIN ledger.account a ON a.code = 'payable:' || f.party_id
            WHERE f.period_id <= \(period.description)
            """
        ) { account, _ in
            account.minimum = .zero
            account.reservePPM = 0
        }
        try await update(
            """
            SELECT p.id AS party_id, a.currency
            FROM registry.party p JOIN ledger.account a ON a.code = 'payable:' || p.id WHERE p.status = 'suspended'
            """
        ) { account, _ in
            account.isSuspended = true
        }
        try await update(
            """
            SELECT party_id, currency, id::text AS id, outstanding_micros, recoup_ppm,
                   CASE WHEN cross_group THEN NULL ELSE dataset_id END AS dataset_id
            FROM ledger.advance_balance
            WHERE outstanding_micros > 0 AND paid_in <= \(period.description) ORDER BY id
            """
        ) { account, row in
            account.advances.append(
                .init(
                    id: try row.get("id"), outstanding: Micros(try row.get("outstanding_micros")),
                    recoupPPM: try row.get("recoup_ppm"), dataset: try row.get("dataset_id")))
        }
        try await update(
            """
            SELECT l.party_id, l.currency, l.id, l.open_micros FROM ledger.reserve_lot l
            WHERE l.open_micros > 0
              AND (l.release_on <= \(lastDay)
                   OR EXISTS (SELECT FROM ledger.final_settlement f
                              WHERE f.party_id = l.party_id AND f.period_id <= \(period.description)))
            ORDER BY l.release_on, l.id
            """
        ) { account, row in
            account.reservesDue.append(.init(ref: try row.get("id"), amount: Micros(try row.get("open_micros"))))
        }
        try await update(
            """
            SELECT party_id, currency, hold_id AS id, held_micros FROM ledger.hold_balance
            WHERE held_micros > 0 AND released_in <= \(period.description) ORDER BY hold_id
            """
        ) { account, row in
            account.holdsDue.append(.init(ref: try row.get("id"), amount: Micros(try row.get("held_micros"))))
        }
        try await update(
            """
            SELECT DISTINCT e.party_id, e.currency, h.id::text AS id, h.id AS number, h.dataset_id
            FROM ledger.hold h
            JOIN ledger.dataset_share e ON e.dataset_id = h.dataset_id AND e.posted_period = \(period.description)
            WHERE NOT EXISTS (SELECT 1 FROM ledger.hold_release r
                              WHERE r.hold_id = h.id AND r.period_id <= \(period.description))
            UNION ALL
            SELECT a.owner_party, a.currency, h.id::text, h.id, NULL
            FROM ledger.hold h JOIN ledger.account a ON a.code = 'payable:' || h.party_id
            WHERE NOT EXISTS (SELECT 1 FROM ledger.hold_release r
                              WHERE r.hold_id = h.id AND r.period_id <= \(period.description))
            ORDER BY dataset_id NULLS LAST, number
            """
        ) { account, row in
            account.holds.append(.init(id: try row.get("id"), dataset: try row.get("dataset_id")))
        }
        try await update(
            """
            SELECT party_id, currency, dataset_id, amount_micros
            FROM ledger.dataset_share WHERE posted_period = \(period.description)
            """
        ) { account, row in
            account.earningsByDataset[try row.get("dataset_id")] = Micros(try row.get("amount_micros"))
        }
        try await update(
            """
            SELECT p.party_id, c.currency, w.jurisdiction, w.id::text AS id, w.rate_ppm
            FROM (SELECT DISTINCT ON (f.party_id) f.party_id, f.country,
                         CASE WHEN f.is_valid THEN f.form_kind ELSE 'none' END AS form_kind
                  FROM (SELECT party_id, country, form_kind, signed_on, id,
                               expires_on IS NULL OR expires_on > \(lastDay)::date AS is_valid
                        FROM ledger.party_tax_profile WHERE signed_on <= \(lastDay)::date
                        UNION ALL
                        SELECT party_id, country::text, 'none', '-infinity', 0, false
                        FROM pii.party_detail WHERE country IS NOT NULL) f
                  ORDER BY f.party_id, f.is_valid DESC, f.signed_on DESC, f.id DESC) p
            CROSS JOIN LATERAL (
                SELECT r.id, r.jurisdiction, r.rate_ppm FROM ledger.withholding_rule r
                WHERE r.jurisdiction = p.country AND r.form_kind = p.form_kind AND r.valid @> \(lastDay)::date
                ORDER BY lower(r.valid) DESC LIMIT 1) w
            JOIN ledger.account c ON c.code = 'payable:' || p.party_id
            WHERE w.rate_ppm > 0
            """
        ) { account, row in
            account.tax = .init(
                jurisdiction: try row.get("jurisdiction"), ruleID: try row.get("id"), ratePPM: try row.get("rate_ppm"))
        }
        return try accounts.sorted { $0.key < $1.key }.map {
            try Waterfall($0.value, policy: policy, period: period)
        }
    }

    private func openAccounts(_ connection: Connection, _ period: Period) async throws -> [PayeeKey: PayeeAccount] {
        var accounts: [PayeeKey: PayeeAccount] = [:]
        let rows = try await connection.query(
            """
            SELECT s.party_id, s.currency, s.closing, s.earned + s.adjustments AS earnings
            FROM ledger.payee_statement(\(period.description)) s
            """)
        for row in rows {
            let key = PayeeKey(party: try row.get("party_id"), currency: try row.get("currency"))
            accounts[key] = PayeeAccount(
                party: key.party, currency: try .named(key.currency), balance: Micros(try row.get("closing")),
                earnings: Micros(try row.get("earnings")))
        }
        // A payee whose whole balance lies in reserves or holds has no payable balance, but gets them back.
        let waiting = try await connection.query(
            """
            SELECT DISTINCT party_id, currency FROM ledger.reserve_lot WHERE open_micros > 0
            UNION SELECT DISTINCT party_id, currency FROM ledger.hold_balance WHERE held_micros > 0
            """)
        for row in waiting {
            let key = PayeeKey(party: try row.get("party_id"), currency: try row.get("currency"))
            guard accounts[key] == nil else { continue }
            accounts[key] = PayeeAccount(
                party: key.party, currency: try .named(key.currency), balance: .zero, earnings: .zero)
        }
        return accounts
    }
}

/// A payee's account in one currency, ordered by the bytes of the id.
private struct PayeeKey: Hashable, Comparable {
    let party: String
    let currency: String

    static func < (left: PayeeKey, right: PayeeKey) -> Bool {
        if left.party.utf8.elementsEqual(right.party.utf8) { return left.currency < right.currency }
        return left.party.utf8.lexicographicallyPrecedes(right.party.utf8)
    }
}
