package import Documents
import Errors
package import Money
import Postgres

/// What is agreed with a payee in one currency, from a day on.
package struct PayeeTerms: Sendable {
    package let party: String
    package let currency: Currency
    package let validFrom: Day
    /// Less than this is carried forward.
    package let minimumPayout: Micros
    /// Part of the earnings that is kept back for `reserveReleaseMonths` months; both zero or neither.
    package let reservePPM: Int
    package let reserveReleaseMonths: Int
    /// Whether the balance may go below zero.
    package let allowsNegativeCarry: Bool

    package init(
        party: String, currency: Currency, validFrom: Day, minimumPayout: Micros, reservePPM: Int = 0,
        reserveReleaseMonths: Int = 0, allowsNegativeCarry: Bool = false
    ) throws {
        guard minimumPayout >= .zero else {
            throw LaurelError.input("a minimum payout is not negative", next: "write 0 or more")
        }
        guard (0...1_000_000).contains(reservePPM), (0...120).contains(reserveReleaseMonths),
            (reservePPM > 0) == (reserveReleaseMonths > 0)
        else {
            throw LaurelError.input(
                "a reserve needs a share of 0 to 1000000 ppm and 1 to 120 months", next: "give both or neither")
        }
        self.party = party
        self.currency = currency
        self.validFrom = validFrom
        self.minimumPayout = minimumPayout
        self.reservePPM = reservePPM
        self.reserveReleaseMonths = reserveReleaseMonths
        self.allowsNegativeCarry = allowsNegativeCarry
    }
}

/// A payment of a settlement and what the bank said.
package struct Payment: Sendable {
    package let id: Int64
    package let period: String
    package let party: String
    package let currency: Currency
    package let amount: Micros
    /// `scheduled`, `settled` or `returned`.
    package let state: String
}

extension Ledger {
    /// The terms in force on a day; nil when none were agreed.
    package func terms(of party: String, currency: Currency, on day: Day) async throws -> PayeeTerms? {
        try await rows(
            """
            SELECT valid_from::text AS valid_from, min_payout_micros, reserve_ppm, reserve_release_months,
                   allow_negative_carry
            FROM ledger.payee_term
            WHERE party_id = \(party) AND currency = \(currency.code) AND valid_from <= \(day.description)::date
            ORDER BY valid_from DESC, id DESC LIMIT 1
            """
        ).first.map { row in
            try PayeeTerms(
                party: party, currency: currency, validFrom: Day(parsing: row.get("valid_from")),
                minimumPayout: Micros(row.get("min_payout_micros")), reservePPM: row.get("reserve_ppm"),
                reserveReleaseMonths: row.get("reserve_release_months"),
                allowsNegativeCarry: row.get("allow_negative_carry"))
        }
    }

    /// Records terms; later ones win from their first day on.
    package func addTerms(_ terms: PayeeTerms, posting: Posting = .plain) async throws {
        let request = [
            terms.party, terms.currency.code, terms.validFrom.description, terms.minimumPayout.formatted,
            "\(terms.reservePPM)", "\(terms.reserveReleaseMonths)", "\(terms.allowsNegativeCarry)",
        ]
        _ = try await post(posting, route: "terms set", request: request) { connection -> Int64 in
            try await connection.query(
                """
                SELECT ledger.add_term(
                    \(terms.party), \(terms.currency.code), \(terms.validFrom.description),
                    \(terms.minimumPayout.value), \(terms.reservePPM), \(terms.reserveReleaseMonths),
                    \(terms.allowsNegativeCarry)) AS id
                """)[0].get("id")
        }
    }

    /// Pays a payee ahead; recouped from earnings at so many parts per million, of one dataset's earnings if named.
    ///
    /// - Returns: the advance's number and whether it is new.
    package func payAdvance(
        party: String, amount: Micros, currency: Currency, recoupPPM: Int, dataset: String?, crossGroup: Bool,
        reference: String, period: Period, posting: Posting = .plain
    ) async throws -> RecordedReceipt {
        guard amount > .zero, (1...1_000_000).contains(recoupPPM) else {
            throw LaurelError.input(
                "an advance is above zero and recouped at 1 to 1000000 ppm", next: "correct --amount or --recoup-ppm")
        }
        let request = [party, amount.formatted, currency.code, "\(recoupPPM)", dataset ?? "", reference, "\(period)"]
        return try await post(posting, route: "advance pay", request: request) { connection in
            let row = try await connection.query(
                """
                SELECT o_advance, o_created FROM ledger.pay_advance(
                    \(party), \(currency.code), \(amount.value), \(recoupPPM), \(dataset), \(crossGroup), \(reference),
                    \(period.description), \(period.lastDay.description))
                """)[0]
            return RecordedReceipt(id: try row.get("o_advance"), isNew: try row.get("o_created"))
        }
    }

    /// Holds everything of a payee, or the earnings of one dataset, from the next settlement on.
    package func placeHold(
        party: String?, dataset: String?, reason: String, posting: Posting = .plain
    ) async throws -> Int64 {
        guard (party == nil) != (dataset == nil) else {
            throw LaurelError.input("a hold is on a payee or on a dataset", next: "give one of both")
        }
        return try await post(
            posting, route: "hold place", request: [party ?? "", dataset ?? "", reason]
        ) { connection in
            try await connection.query("SELECT ledger.place_hold(\(party), \(dataset), \(reason)) AS id")[0].get("id")
        }
    }

    /// Ends a hold; what was held is payable again in the settlement of `period`. False: it had ended before.
    package func releaseHold(_ id: Int64, in period: Period, posting: Posting = .plain) async throws -> Bool {
        try await post(posting, route: "hold release", request: ["\(id)", "\(period)"]) { connection in
            try await connection.query("SELECT ledger.release_hold(\(id), \(period.description)) AS done")[0].get(
                "done")
        }
    }

    /// Records the rate that a jurisdiction withholds from payees with a form, from a day to before another.
    package func addWithholdingRule(
        jurisdiction: String, form: String, ratePPM: Int, treaty: String, from: Day, until: Day?,
        posting: Posting = .plain
    ) async throws -> Int64 {
        let request = [jurisdiction, form, "\(ratePPM)", treaty, "\(from)", until?.description ?? ""]
        return try await post(posting, route: "tax rule", request: request) { connection in
            try await connection.query(
                """
                SELECT ledger.add_withholding_rule(
                    \(jurisdiction), \(form), \(ratePPM), \(treaty), \(from.description), \(until?.description)) AS id
                """)[0].get("id")
        }
    }

    /// Records a payee's tax form; after it expires the form counts as `none`.
    package func addTaxProfile(
        party: String, country: String, form: String, signedOn: Day, expiresOn: Day?, posting: Posting = .plain
    ) async throws -> Int64 {
        let request = [party, country, form, "\(signedOn)", expiresOn?.description ?? ""]
        return try await post(posting, route: "tax profile", request: request) { connection in
            try await connection.query(
                """
                SELECT ledger.add_tax_profile(
                    \(party), \(country), \(form), \(signedOn.description), \(expiresOn?.description)) AS id
                """)[0].get("id")
        }
    }

    /// The payments of a period, by payee and currency.
    package func payments(of period: Period) async throws -> [Payment] {
        try await rows(
            """
            SELECT p.id, s.period_id, p.party_id, p.currency, p.amount_micros,
                   coalesce((SELECT r.result FROM ledger.payment_result r WHERE r.payment_id = p.id
                             ORDER BY r.result LIMIT 1), p.status) AS state
            FROM ledger.payment p JOIN ledger.settlement s ON s.id = p.settlement_id
            WHERE s.period_id = \(period.description) AND p.amount_micros > 0
            ORDER BY p.party_id, p.currency
            """
        ).map { row in
            Payment(
                id: try row.get("id"), period: try row.get("period_id"), party: try row.get("party_id"),
                currency: try .named(try row.get("currency")), amount: Micros(try row.get("amount_micros")),
                state: try row.get("state"))
        }
    }

    /// Records what the bank did with payments, all or none: `settled`, or `returned` to the payee's account.
    ///
    /// - Returns: how many of them were news.
    package func recordResults(
        of payments: [Int64], result: String, reason: String, in period: Period, posting: Posting = .plain
    ) async throws -> Int {
        precondition(["settled", "returned"].contains(result), "a bank settles or returns")
        let request = [result, reason, "\(period)"] + payments.map(String.init)
        return try await post(posting, route: "payment result", request: request) { connection in
            try await connection.query(
                """
                SELECT ledger.record_payment_results(
                    \(payments), \(result), \(reason), \(period.description), \(period.lastDay.description)) AS news
                """)[0].get("news")
        }
    }

    /// Converts part of a payee's balance at an agreed rate; the key makes a repetition the same conversion.
    package func convert(
        party: String, amount: Micros, from: Currency, to: Currency, rate: String, source: String, rateOn: Day,
        key: String, period: Period, posting: Posting = .plain
    ) async throws -> Int64 {
        let request = [party, amount.formatted, from.code, to.code, rate, source, "\(rateOn)", key, "\(period)"]
        return try await post(posting, route: "ledger convert", request: request) { connection in
            try await connection.query(
                """
                SELECT ledger.convert_balance(
                    \(party), \(from.code), \(to.code), \(amount.value), \(rate), \(source), \(rateOn.description),
                    \(period.description), \(period.lastDay.description), \(key)) AS id
                """)[0].get("id")
        }
    }
}
