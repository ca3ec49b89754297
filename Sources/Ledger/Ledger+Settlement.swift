package import Documents
import Errors
package import Money
import Postgres

/// A payee's period in one currency: the identity of the accounts, posted or as the settlement would post it.
///
/// `opening + earned + adjusted + released + converted + returned - deducted - paid = closing`
package struct PayeePeriod: Sendable {
    package let party: String
    package let currency: Currency
    package let opening: Micros
    package let earned: Micros
    package let adjusted: Micros
    package let released: Micros
    package let converted: Micros
    package let returned: Micros
    package let deducted: Micros
    package let paid: Micros
    package let closing: Micros
    /// `scheduled`, `below_minimum`, `on_hold`, `suspended`, `nothing_due`, and once the bank answered `settled` or `returned`.
    package let status: String
    /// The least amount that is paid.
    package let minimum: Micros
}

extension Ledger {
    /// What settling a period would do, payee by payee; nothing is posted.
    package func planSettlement(_ period: Period, policy: WaterfallPolicy) async throws -> [Waterfall] {
        try await forPeople {
            try await database.withConnection { try await plan($0, period, policy) }
        }
    }

    /// Settles a period: posts every payee's waterfall and moves what is to be paid into clearing. Once a period.
    ///
    /// - Parameters:
    ///   - period: the month.
    ///   - policy: in which order balances are worked off.
    ///   - posting: rehearsal and key.
    ///   - route: the command that settles, and with `request` what else it was asked; a key stands for both.
    /// - Returns: how many payments were moved into clearing; none when the period was settled before.
    package func settle(
        _ period: Period, policy: WaterfallPolicy, posting: Posting = .plain, route: String = "period settle",
        for request: String = ""
    ) async throws -> Int {
        let document = try policy.document.encoded()
        return try await post(
            posting, route: route, request: [period.description, Digest.sha256(document).hex, request]
        ) { connection in
            try await connection.execute(
                "SELECT pg_advisory_xact_lock(1, ledger.period_lock_key(\(period.description)))")
            let waterfalls = try await plan(connection, period, policy)
            let digest = try await connection.query(
                "SELECT ledger.record_policy('waterfall', \(document)) AS sha256")[0].get("sha256", as: [UInt8].self)
            let settlement = try await connection.query(
                """
                SELECT ledger.post_settlement(
                    \(period.description), \(period.lastDay.description), \(digest),
                    \(try Ledger.steps(of: waterfalls))::jsonb, \(try Ledger.payments(of: waterfalls))::jsonb) AS id
                """)[0].get("id", as: Int64?.self)
            return settlement == nil ? 0 : waterfalls.filter { $0.payment > .zero }.count
        }
    }

    private static func steps(of waterfalls: [Waterfall]) throws -> String {
        let objects = waterfalls.flatMap { waterfall in
            waterfall.steps.map { step in
                var fields = [
                    "\"party_id\":\"\(waterfall.account.party)\"",
                    "\"currency\":\"\(waterfall.account.currency)\"", "\"kind\":\"\(step.kind)\"",
                    "\"ref\":\"\(step.ref)\"", "\"base_micros\":\(step.base.value)",
                    "\"amount_micros\":\(step.amount.value)",
                ]
                if let rate = step.ratePPM { fields.append("\"rate_ppm\":\(rate)") }
                if let day = step.releaseOn { fields.append("\"release_on\":\"\(day)\"") }
                return "{" + fields.joined(separator: ",") + "}"
            }
        }
        return "[" + objects.joined(separator: ",") + "]"
    }

    private static func payments(of waterfalls: [Waterfall]) throws -> String {
        let objects = waterfalls.map { waterfall in
            """
            {"party_id":"\(waterfall.account.party)","currency":"\(waterfall.account.currency)",\
            "status":"\(waterfall.status.rawValue)","amount_micros":\(waterfall.payment.value),\
            "minimum_micros":\(waterfall.account.minimum.value)}
            """
        }
        return "[" + objects.joined(separator: ",") + "]"
    }

    /// Every payee's period: as posted when the period is settled, otherwise as settling it now would end.
    package func payeePeriods(_ period: Period, policy: WaterfallPolicy) async throws -> [PayeePeriod] {
        let statements = try await rows(
            """
            SELECT s.*, coalesce((SELECT r.result FROM ledger.payment_result r WHERE r.payment_id = p.id
                                  ORDER BY r.result LIMIT 1), p.status, 'nothing_due') AS status,
                   coalesce(p.minimum_micros, 0) AS minimum
            FROM ledger.payee_statement(\(period.description)) s
            LEFT JOIN ledger.settlement t ON t.period_id = \(period.description)
            LEFT JOIN ledger.payment p
                ON p.settlement_id = t.id AND p.party_id = s.party_id AND p.currency = s.currency
            ORDER BY s.party_id COLLATE "C", s.currency
            """)
        let settled = try await !rows(
            "SELECT 1 AS one FROM ledger.settlement WHERE period_id = \(period.description)"
        ).isEmpty
        let plans = settled ? [] : try await planSettlement(period, policy: policy)
        let planned = Dictionary(
            plans.map { ("\($0.account.party) \($0.account.currency)", $0) }, uniquingKeysWith: { first, _ in first })
        return try statements.map { row in
            func amount(_ column: String) throws -> Micros { Micros(try row.get(column)) }
            let currency = try Currency.named(try row.get("currency"))
            let party: String = try row.get("party_id")
            let plan = planned["\(party) \(currency)"]
            return PayeePeriod(
                party: party, currency: currency, opening: try amount("opening"), earned: try amount("earned"),
                adjusted: try amount("adjustments") + amount("written_off"),
                released: try Micros.total(
                    [try amount("reserve_released"), try amount("hold_released"), try plan?.released ?? .zero]),
                converted: try amount("converted"), returned: try amount("returned"),
                deducted: try Micros.total([
                    try amount("recouped"), try amount("reserve_withheld"), try amount("hold_placed"),
                    try amount("tax_withheld"), try plan?.deducted ?? .zero,
                ]), paid: try amount("paid") + (plan?.payment ?? .zero),
                closing: try plan?.closing ?? amount("closing"),
                status: try plan?.status.rawValue ?? row.get("status"),
                minimum: try plan?.account.minimum ?? amount("minimum"))
        }
    }
}
