package import Documents
import Errors
package import Money
import Postgres

/// What is agreed with a payee in one currency, from a day on.
package struct PayeeTerms: Sendable {
    package let validFrom: Day
    /// Less than this is carried forward.
    package let minimumPayout: Micros
    /// Part of the earnings that is kept back for `reserveReleaseMonths` months; both zero or neither.
    package let reservePPM: Int
    package let reserveReleaseMonths: Int
    /// Whether the balance may go below zero.
    package let allowsNegativeCarry: Bool
}

/// What is to be agreed otherwise from a day on; what is nil stays as it is in force on that day (at first: nothing
/// withheld, no minimum, no negative carry).
package struct TermsChange: Sendable {
    package let party: String
    package let currency: Currency
    package let validFrom: Day
    package let minimumPayout: Micros?
    package let reservePPM: Int?
    package let reserveReleaseMonths: Int?
    package let allowsNegativeCarry: Bool?

    /// - Throws: `input` for a negative minimum and for a share or months that no reserve can have.
    package init(
        party: String, currency: Currency, validFrom: Day, minimumPayout: Micros? = nil, reservePPM: Int? = nil,
        reserveReleaseMonths: Int? = nil, allowsNegativeCarry: Bool? = nil
    ) throws {
        if let minimumPayout, minimumPayout < .zero {
            throw LaurelError.input("a minimum payout is not negative", next: "write 0 or more")
        }
        guard (0...1_000_000).contains(reservePPM ?? 0), (0...120).contains(reserveReleaseMonths ?? 0) else {
            throw LaurelError.input(
                "a reserve has a share of 0 to 1000000 ppm and 0 to 120 months", next: "correct what is out of range")
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
            PayeeTerms(
                validFrom: try Day(parsing: row.get("valid_from")),
                minimumPayout: Micros(try row.get("min_payout_micros")), reservePPM: try row.get("reserve_ppm"),
                reserveReleaseMonths: try row.get("reserve_release_months"),
                allowsNegativeCarry: try row.get("allow_negative_carry"))
        }
    }

    /// Records a change of terms; later ones win from their first day on.
    ///
    /// - Returns: the terms as they are from that day on.
    /// - Throws: `input` when a reserve would have a share without months or months without a share.
    package func changeTerms(_ change: TermsChange, posting: Posting = .plain) async throws -> PayeeTerms {
        func word(_ value: (some Any)?) -> String { value.map { "\($0)" } ?? "" }
        let request = [
            change.party, change.currency.code, change.validFrom.description, word(change.minimumPayout?.formatted),
            word(change.reservePPM), word(change.reserveReleaseMonths), word(change.allowsNegativeCarry),
        ]
        let agreed = try await post(posting, route: "terms set", request: request) { connection in
            let row = try await connection.query(
                """
                SELECT min_payout_micros, reserve_ppm, reserve_release_months, allow_negative_carry
                FROM ledger.add_term(
                    \(change.party), \(change.currency.code), \(change.validFrom.description),
                    \(change.minimumPayout?.value), \(change.reservePPM), \(change.reserveReleaseMonths),
                    \(change.allowsNegativeCarry))
                """)[0]
            return AgreedTerms(
                minimum: try row.get("min_payout_micros"), ppm: try row.get("reserve_ppm"),
                months: try row.get("reserve_release_months"), negative: try row.get("allow_negative_carry"))
        }
        return PayeeTerms(
            validFrom: change.validFrom, minimumPayout: Micros(agreed.minimum), reservePPM: agreed.ppm,
            reserveReleaseMonths: agreed.months, allowsNegativeCarry: agreed.negative)
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
        try PlainText.checkEntry(reference, called: "reference", at: "--ref", atMost: 200)
        let request = [
            party, amount.formatted, currency.code, "\(recoupPPM)", dataset ?? "", "\(crossGroup)", reference,
            "\(period)",
        ]
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
    ///
    /// - Returns: the hold's number; the same hold again is that one.
    /// - Throws: `refused` when it is held already for another reason.
    package func placeHold(
        party: String?, dataset: String?, reason: String, posting: Posting = .plain
    ) async throws -> Int64 {
        guard (party == nil) != (dataset == nil) else {
            throw LaurelError.input("a hold is on a payee or on a dataset", next: "give one of both")
        }
        try PlainText.checkEntry(reason, called: "reason", at: "--reason")
        return try await post(
            posting, route: "hold place", request: [party ?? "", dataset ?? "", reason]
        ) { connection in
            try await connection.query("SELECT ledger.place_hold(\(party), \(dataset), \(reason)) AS id")[0].get("id")
        }
    }

    /// Whether a dataset is registered or has ever had a share of a pool.
    package func knowsDataset(_ id: String) async throws -> Bool {
        try await !rows(
            """
            SELECT 1 AS one WHERE EXISTS (SELECT FROM registry.dataset WHERE id = \(id))
                OR EXISTS (SELECT FROM ledger.allocation_line WHERE dataset_id = \(id))
            """
        ).isEmpty
    }

    /// Ends a hold; what was held is payable again in the settlement of `period`. False: it had ended before.
    package func releaseHold(_ id: Int64, in period: Period, posting: Posting = .plain) async throws -> Bool {
        try await post(posting, route: "hold release", request: ["\(id)", "\(period)"]) { connection in
            try await connection.query("SELECT ledger.release_hold(\(id), \(period.description)) AS done")[0].get(
                "done")
        }
    }

    /// Records the rate that a jurisdiction withholds from payees with a form, from a day to before another or to the
    /// first day of a later rule.
    package func addWithholdingRule(
        jurisdiction: String, form: String, ratePPM: Int, treaty: String, from: Day, until: Day?,
        posting: Posting = .plain
    ) async throws -> Int64 {
        try Ledger.checkCountry(jurisdiction, at: "JURISDICTION")
        try PlainText.checkEntry(form, called: "form", at: "--form", atMost: 100)
        if let until, until <= from {
            throw LaurelError.input(
                "a rule until \(until) that begins on \(from) is never valid", at: "--until",
                next: "write the day after its last, or leave it out")
        }
        if !treaty.isEmpty { try PlainText.checkEntry(treaty, called: "treaty", at: "--treaty") }
        let request = [jurisdiction, form, "\(ratePPM)", treaty, "\(from)", until?.description ?? ""]
        return try await post(posting, route: "tax rule", request: request) { connection in
            try await connection.query(
                """
                SELECT ledger.add_withholding_rule(
                    \(jurisdiction), \(form), \(ratePPM), \(treaty), \(from.description), \(until?.description)) AS id
                """)[0].get("id")
        }
    }

    /// Records a payee's tax form. Of several the latest that is valid on the day counts; who has none is taxed by the form
    /// `none` of the expired form's country or, without any, of the country that the payee is registered with.
    ///
    /// - Throws: `refused` when no rule of the country knows the form.
    package func addTaxProfile(
        party: String, country: String, form: String, signedOn: Day, expiresOn: Day?, posting: Posting = .plain
    ) async throws -> Int64 {
        try Ledger.checkCountry(country, at: "--country")
        try PlainText.checkEntry(form, called: "form", at: "--form", atMost: 100)
        if let expiresOn, expiresOn <= signedOn {
            throw LaurelError.input(
                "a form signed on \(signedOn) that expires on \(expiresOn) is never valid", at: "--expires-on",
                next: "write a later day, or leave it out")
        }
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
        try await rows(Ledger.paymentQuery(of: period)).map(Payment.init)
    }

    private static func paymentQuery(of period: Period) -> SQL {
        """
        SELECT p.id, s.period_id, p.party_id, p.currency, p.amount_micros,
               coalesce((SELECT r.result FROM ledger.payment_result r WHERE r.payment_id = p.id
                         ORDER BY r.result LIMIT 1), p.status) AS state
        FROM ledger.payment p JOIN ledger.settlement s ON s.id = p.settlement_id
        WHERE s.period_id = \(period.description) AND p.amount_micros > 0
        ORDER BY p.party_id, p.currency
        """
    }

    /// Records what the bank did with the payments of a period, or with those of one payee: `settled` (those it has not
    /// answered) or `returned`.
    ///
    /// - Parameters:
    ///   - settled: the period that was settled.
    ///   - party: only this payee.
    ///   - currency: only payments in this one; needed where a payee's payments of several were returned.
    ///   - result: `settled` or `returned`.
    ///   - reason: what the bank said.
    ///   - period: the open period to post in.
    ///   - posting: rehearsal and key; what counts as the same request is these arguments, not what is still open.
    /// - Returns: how many of them were news.
    /// - Throws: `input` when the payee or the currency named has no payment in the period, and when a payee's payments in several
    ///   currencies were returned.
    package func recordResults(
        ofPeriod settled: Period, party: String?, currency: Currency? = nil, result: String, reason: String,
        in period: Period, posting: Posting = .plain
    ) async throws -> Int {
        precondition(["settled", "returned"].contains(result), "a bank settles or returns")
        if !reason.isEmpty { try PlainText.checkEntry(reason, called: "reason", at: "--reason") }
        let request = [result, reason, "\(settled)", party ?? "", currency?.code ?? "", "\(period)"]
        return try await post(posting, route: "payments \(result)", request: request) { connection in
            let named = try await connection.query(Ledger.paymentQuery(of: settled)).map(Payment.init)
                .filter { (party == nil || $0.party == party) && (currency == nil || $0.currency == currency) }
            if named.isEmpty, party != nil || currency != nil {
                let kind = currency.map { "\($0.code) " } ?? ""
                throw LaurelError.input(
                    "\(party ?? "nobody") has \(party == nil ? "a" : "no") \(kind)payment in \(settled)",
                    next: "see laurel payment list --period \(settled)")
            }
            let payments = named.filter { result == "returned" || $0.state == "scheduled" }
            let currencies = Set(payments.map(\.currency.code)).sorted()
            if result == "returned", currencies.count > 1 {
                throw LaurelError.input(
                    "\(party ?? "the period") has payments in \(currencies.joined(separator: ", "))",
                    next: "add --currency")
            }
            return try await Ledger.record(payments.map(\.id), result, reason, in: period, on: connection)
        }
    }

    /// Records what the bank did with payments, all or none: `settled`, or `returned` to the payee's account.
    ///
    /// - Returns: how many of them were news.
    package func recordResults(
        of payments: [Int64], result: String, reason: String, in period: Period, posting: Posting = .plain
    ) async throws -> Int {
        precondition(["settled", "returned"].contains(result), "a bank settles or returns")
        if !reason.isEmpty { try PlainText.checkEntry(reason, called: "reason", at: "--reason") }
        let request = [result, reason, "\(period)"] + payments.map(String.init)
        return try await post(posting, route: "payment result", request: request) { connection in
            try await Ledger.record(payments, result, reason, in: period, on: connection)
        }
    }

    private static func record(
        _ payments: [Int64], _ result: String, _ reason: String, in period: Period, on connection: Connection
    ) async throws -> Int {
        try await connection.query(
            """
            SELECT ledger.record_payment_results(
                \(payments), \(result), \(reason), \(period.description), \(period.lastDay.description)) AS news
            """)[0].get("news")
    }

    /// A rate is above zero, with at most 12 digits before and 12 after the point.
    private static func checkRate(_ rate: String) throws {
        let parts = rate.split(separator: ".", omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy {
            (1...12).contains($0.utf8.count)
                && $0.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }
        guard isPlain, parts.count <= 2, parts[0] == "0" || !parts[0].hasPrefix("0"),
            rate.utf8.contains(where: { (UInt8(ascii: "1")...UInt8(ascii: "9")).contains($0) })
        else {
            throw LaurelError.input(
                "\(rate.debugDescription) is no rate", at: "--rate", next: "write a plain decimal number such as 0.9215"
            )
        }
    }

    /// Refuses what is no country.
    static func checkCountry(_ code: String, at place: String) throws {
        guard code.utf8.count == 2, code.utf8.allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) })
        else {
            throw LaurelError.input(
                "\(code.debugDescription) is no country", at: place, next: "write two capital letters such as US")
        }
    }

    /// Converts part of a payee's balance at an agreed rate; the key makes a repetition the same conversion.
    package func convert(
        party: String, amount: Micros, from: Currency, to: Currency, rate: String, source: String, rateOn: Day,
        key: String, period: Period, posting: Posting = .plain
    ) async throws -> Int64 {
        guard amount > .zero else {
            throw LaurelError.input("the amount is not above zero", at: "--amount", next: "write what is given up")
        }
        guard from != to else {
            throw LaurelError.input("\(from) is converted into itself", at: "--to", next: "write another currency")
        }
        try Ledger.checkRate(rate)
        try PlainText.checkEntry(key, called: "reference", at: "--ref", atMost: 200)
        try PlainText.checkEntry(source, called: "source of the rate", at: "--rate-source", atMost: 200)
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

/// Terms as they are remembered under an idempotency key.
private struct AgreedTerms: Codable {
    let minimum: Int64
    let ppm: Int
    let months: Int
    let negative: Bool
}

extension Payment {
    fileprivate init(_ row: Row) throws {
        self.init(
            id: try row.get("id"), period: try row.get("period_id"), party: try row.get("party_id"),
            currency: try .named(try row.get("currency")), amount: Micros(try row.get("amount_micros")),
            state: try row.get("state"))
    }
}
