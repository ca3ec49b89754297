package import Documents
import Errors
package import Money
import Postgres

extension Ledger {
    /// Takes an advance back whole: what was paid stands in the bank again.
    ///
    /// - Returns: false when it was cancelled already.
    /// - Throws: `input` when there is no such advance, `refused` when some of it is recouped or given up.
    package func cancelAdvance(
        _ reference: String, in period: Period, reason: String, posting: Posting = .plain
    ) async throws -> Bool {
        try PlainText.checkEntry(reason, called: "reason", at: "--reason")
        return try await post(
            posting, route: "advance cancel", request: [reference, "\(period)", reason]
        ) { connection in
            try await connection.query(
                """
                SELECT ledger.cancel_advance(
                    \(reference), \(period.description), \(period.lastDay.description), \(reason)) AS done
                """)[0].get("done")
        }
    }

    /// Closes a payee's account: from the settlement of `period` on everything left is paid, whatever the minimum, with the
    /// reserves.
    ///
    /// - Returns: false when it was closed already, from that period on.
    /// - Throws: `refused` when the period is settled, or the account was closed from another one on.
    package func closeAccount(
        of party: String, from period: Period, reason: String, posting: Posting = .plain
    ) async throws -> Bool {
        try PlainText.checkEntry(reason, called: "reason", at: "--reason")
        return try await post(
            posting, route: "contributor close", request: [party, "\(period)", reason]
        ) { connection in
            try await connection.query(
                "SELECT ledger.settle_finally(\(party), \(period.description), \(reason)) AS done")[0].get("done")
        }
    }

    /// Payees whose account is closed, with the period whose settlement was or is the first to pay what is left.
    package func closedAccounts() async throws -> [String: String] {
        try await rows("SELECT party_id, period_id FROM ledger.final_settlement").reduce(into: [:]) {
            $0[try $1.get("party_id")] = try $1.get("period_id", as: String.self)
        }
    }

    /// Pays withheld tax on to the authority.
    ///
    /// - Returns: false when this remittance was recorded before.
    /// - Throws: `refused` when less is owed, or the reference names another remittance.
    package func remitTax(
        to jurisdiction: String, amount: Micros, currency: Currency, reference: String, period: Period,
        posting: Posting = .plain
    ) async throws -> Bool {
        try Ledger.checkCountry(jurisdiction, at: "JURISDICTION")
        guard amount > .zero else {
            throw LaurelError.input("the amount is not above zero", at: "--amount", next: "see laurel tax owed")
        }
        try PlainText.checkEntry(reference, called: "reference", at: "--ref", atMost: 200)
        let request = [jurisdiction, amount.formatted, currency.code, reference, "\(period)"]
        return try await post(posting, route: "tax remit", request: request) { connection in
            try await connection.query(
                """
                SELECT o_created FROM ledger.remit_tax(
                    \(jurisdiction), \(currency.code), \(amount.value), \(reference), \(period.description),
                    \(period.lastDay.description))
                """)[0].get("o_created")
        }
    }
}
