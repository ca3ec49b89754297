package import Documents
import Errors
package import Money
import Postgres

/// A proposal to give up what a payee owes, and who agreed.
package struct WriteOff: Sendable {
    package let reference: String
    package let party: String
    package let currency: Currency
    package let amount: Micros
    /// The advance that is given up, or empty: the balance below zero.
    package let advance: String
    package let reason: String
    package let proposedBy: String
    package let approvedBy: [String]
    /// The period in whose books it stands, or empty.
    package let postedIn: String
}

extension Ledger {
    /// Proposes to give up a payee's balance below zero, or what is left of an advance. Nothing is posted before two others
    /// agree.
    ///
    /// - Returns: false when it was proposed before, word for word.
    /// - Throws: `refused` when the payee owes less, or proposes it.
    package func proposeWriteOff(
        _ reference: String, party: String, amount: Micros, currency: Currency, advance: String?, reason: String,
        by person: String, posting: Posting = .plain
    ) async throws -> Bool {
        guard amount > .zero else {
            throw LaurelError.input("the amount is not above zero", at: "--amount", next: "write what is given up")
        }
        try PlainText.checkEntry(reference, called: "reference", at: "--ref", atMost: 200)
        try PlainText.checkEntry(reason, called: "reason", at: "--reason")
        let request = [reference, party, amount.formatted, currency.code, advance ?? "", reason, person]
        return try await post(posting, route: "write-off propose", request: request) { connection in
            try await connection.query(
                """
                SELECT o_created FROM ledger.propose_write_off(
                    \(reference), \(party), \(currency.code), \(advance), \(amount.value), \(reason), \(person))
                """)[0].get("o_created")
        }
    }

    /// Agrees to a write-off; with the second person it is posted into `period`.
    ///
    /// - Returns: how many people have agreed, and whether this one was news.
    /// - Throws: `refused` for the payee, for whoever proposed it, for a third person, and when less is owed by now.
    package func approveWriteOff(
        _ reference: String, by person: String, in period: Period, posting: Posting = .plain
    ) async throws -> Approval {
        try await post(
            posting, route: "write-off approve", request: [reference, person, "\(period)"]
        ) { connection in
            let row = try await connection.query(
                """
                SELECT o_approvals, o_created FROM ledger.approve_write_off(
                    \(reference), \(person), \(period.description), \(period.lastDay.description))
                """)[0]
            return Approval(count: try row.get("o_approvals"), isNew: try row.get("o_created"))
        }
    }

    /// What became of an approval.
    package struct Approval: Codable, Sendable {
        /// People who have agreed; with two it is posted.
        package let count: Int
        /// False: this person had agreed before.
        package let isNew: Bool
    }

    /// Every write-off that was ever proposed, oldest first.
    package func writeOffs() async throws -> [WriteOff] {
        try await rows(
            """
            SELECT w.reference, w.party_id, w.currency, w.amount_micros, coalesce(a.reference, '') AS advance, w.reason,
                   w.proposed_by,
                   ARRAY(SELECT p.approved_by::text FROM ledger.write_off_approval p
                         WHERE p.write_off_id = w.id ORDER BY p.number) AS approved_by,
                   coalesce((SELECT j.period_id FROM ledger.write_off_approval p JOIN ledger.journal j ON j.id = p.journal_id
                             WHERE p.write_off_id = w.id), '') AS posted_in
            FROM ledger.write_off w LEFT JOIN ledger.advance a ON a.id = w.advance_id ORDER BY w.id
            """
        ).map { row in
            WriteOff(
                reference: try row.get("reference"), party: try row.get("party_id"),
                currency: try .named(try row.get("currency")), amount: Micros(try row.get("amount_micros")),
                advance: try row.get("advance"), reason: try row.get("reason"),
                proposedBy: try row.get("proposed_by"), approvedBy: try row.get("approved_by"),
                postedIn: try row.get("posted_in"))
        }
    }
}
