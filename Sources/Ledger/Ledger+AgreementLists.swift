package import Documents
package import Money
import Postgres

/// An advance and what became of it.
package struct AdvanceBalance: Sendable {
    package let reference: String
    package let party: String
    package let currency: Currency
    /// The period whose books it was paid from.
    package let paidIn: String
    package let amount: Micros
    package let recoupPPM: Int
    /// Recouped from this dataset's earnings only; empty: from all.
    package let dataset: String
    package let recouped: Micros
    package let writtenOff: Micros
    package let outstanding: Micros
    package let isCancelled: Bool
}

/// A hold with what it holds of one payee in one currency.
package struct HoldBalance: Sendable {
    package let id: Int64
    /// The payee or the dataset.
    package let on: String
    package let reason: String
    /// The day it was placed, UTC.
    package let since: String
    /// The period whose settlement gives the money back, or empty.
    package let releasedIn: String
    /// Empty while nothing is held under it.
    package let party: String
    package let currency: String
    package let held: Micros
}

/// Terms with whom they were agreed.
package struct AgreedLine: Sendable {
    package let party: String
    package let currency: String
    package let terms: PayeeTerms
}

/// A withholding rule; days as `YYYY-MM-DD`, `until` excluded and perhaps empty.
package struct WithholdingRule: Sendable {
    package let id: Int64
    package let jurisdiction: String
    package let form: String
    package let ratePPM: Int
    package let treaty: String
    package let from: String
    package let until: String
}

/// A tax form that a payee signed; days as `YYYY-MM-DD`, the last perhaps empty.
package struct TaxProfile: Sendable {
    package let id: Int64
    package let party: String
    package let country: String
    package let form: String
    package let signedOn: String
    package let expiresOn: String
}

/// What was withheld for an authority in one currency.
package struct TaxOwed: Sendable {
    package let jurisdiction: String
    package let currency: Currency
    package let remitted: Micros
    /// Negative where payments were returned after their tax was remitted.
    package let owed: Micros
}

extension Ledger {
    /// Advances in the order of payment, all or those of a payee.
    package func advances(of party: String? = nil) async throws -> [AdvanceBalance] {
        try await rows(
            """
            SELECT party_id, currency, reference, paid_in, amount_micros, recoup_ppm, coalesce(dataset_id, '') AS dataset,
                   recouped_micros, written_off_micros, outstanding_micros, is_cancelled
            FROM ledger.advance_balance WHERE \(party)::text IS NULL OR party_id = \(party) ORDER BY id
            """
        ).map { row in
            AdvanceBalance(
                reference: try row.get("reference"), party: try row.get("party_id"),
                currency: try .named(try row.get("currency")), paidIn: try row.get("paid_in"),
                amount: Micros(try row.get("amount_micros")), recoupPPM: try row.get("recoup_ppm"),
                dataset: try row.get("dataset"), recouped: Micros(try row.get("recouped_micros")),
                writtenOff: Micros(try row.get("written_off_micros")),
                outstanding: Micros(try row.get("outstanding_micros")), isCancelled: try row.get("is_cancelled"))
        }
    }

    /// Holds by number, then by payee and currency.
    package func holds() async throws -> [HoldBalance] {
        try await rows(
            """
            SELECT h.id, coalesce(h.party_id, h.dataset_id)::text AS held_on, h.reason,
                   to_char(h.opened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS since,
                   coalesce(r.period_id, '') AS released_in, coalesce(b.party_id, '')::text AS party_id,
                   coalesce(b.currency, '') AS currency, coalesce(b.held_micros, 0)::bigint AS held_micros
            FROM ledger.hold h LEFT JOIN ledger.hold_release r ON r.hold_id = h.id
            LEFT JOIN ledger.hold_balance b ON b.hold_id = h.id::text
            ORDER BY h.id, b.party_id, b.currency
            """
        ).map { row in
            HoldBalance(
                id: try row.get("id"), on: try row.get("held_on"), reason: try row.get("reason"),
                since: try row.get("since"), releasedIn: try row.get("released_in"), party: try row.get("party_id"),
                currency: try row.get("currency"), held: Micros(try row.get("held_micros")))
        }
    }

    /// Terms as they were agreed, all or a payee's, by payee, currency and first day; on a day: those in force, one a currency.
    package func agreedTerms(of party: String? = nil, on day: Day? = nil) async throws -> [AgreedLine] {
        try await rows(
            """
            SELECT t.party_id, t.currency, t.valid_from::text AS valid_from, t.min_payout_micros, t.reserve_ppm,
                   t.reserve_release_months, t.allow_negative_carry
            FROM ledger.payee_term t
            WHERE (\(party)::text IS NULL OR t.party_id = \(party))
              AND (\(day?.description)::date IS NULL
                   OR t.id = (SELECT u.id FROM ledger.payee_term u
                              WHERE u.party_id = t.party_id AND u.currency = t.currency
                                AND u.valid_from <= \(day?.description)::date
                              ORDER BY u.valid_from DESC, u.id DESC LIMIT 1))
            ORDER BY t.party_id, t.currency, t.valid_from, t.id
            """
        ).map { row in
            AgreedLine(
                party: try row.get("party_id"), currency: try row.get("currency"),
                terms: PayeeTerms(
                    validFrom: try Day(parsing: row.get("valid_from")),
                    minimumPayout: Micros(try row.get("min_payout_micros")), reservePPM: try row.get("reserve_ppm"),
                    reserveReleaseMonths: try row.get("reserve_release_months"),
                    allowsNegativeCarry: try row.get("allow_negative_carry")))
        }
    }

    /// Withholding rules by jurisdiction, form and first day.
    package func withholdingRules() async throws -> [WithholdingRule] {
        try await rows(
            """
            SELECT id, jurisdiction, form_kind, rate_ppm, treaty_ref, lower(valid)::text AS valid_from,
                   coalesce(upper(valid)::text, '') AS valid_until
            FROM ledger.withholding_rule ORDER BY jurisdiction, form_kind, lower(valid), id
            """
        ).map { row in
            WithholdingRule(
                id: try row.get("id"), jurisdiction: try row.get("jurisdiction"), form: try row.get("form_kind"),
                ratePPM: try row.get("rate_ppm"), treaty: try row.get("treaty_ref"), from: try row.get("valid_from"),
                until: try row.get("valid_until"))
        }
    }

    /// Tax forms by payee, day of signature and entry, all or those of a payee.
    package func taxProfiles(of party: String? = nil) async throws -> [TaxProfile] {
        try await rows(
            """
            SELECT id, party_id, country, form_kind, signed_on::text AS signed_on,
                   coalesce(expires_on::text, '') AS expires_on
            FROM ledger.party_tax_profile WHERE \(party)::text IS NULL OR party_id = \(party)
            ORDER BY party_id, signed_on, id
            """
        ).map { row in
            TaxProfile(
                id: try row.get("id"), party: try row.get("party_id"), country: try row.get("country"),
                form: try row.get("form_kind"), signedOn: try row.get("signed_on"),
                expiresOn: try row.get("expires_on"))
        }
    }

    /// What is owed to each authority, by jurisdiction and currency. (`withholding:source` is what sources kept of revenue.)
    package func taxOwed() async throws -> [TaxOwed] {
        try await rows(
            """
            SELECT split_part(b.code, ':', 2) AS jurisdiction, b.currency, (-b.balance)::bigint AS owed,
                   coalesce((SELECT sum(t.amount_micros) FROM ledger.tax_remittance t
                             WHERE 'withholding:' || t.jurisdiction = b.code AND t.currency = b.currency), 0)::bigint
                       AS remitted
            FROM ledger.trial_balance b WHERE b.class = 'withholding' AND b.code ~ '^withholding:[A-Z]{2}$'
            ORDER BY b.code, b.currency
            """
        ).map { row in
            TaxOwed(
                jurisdiction: try row.get("jurisdiction"), currency: try .named(try row.get("currency")),
                remitted: Micros(try row.get("remitted")), owed: Micros(try row.get("owed")))
        }
    }
}
