package import Documents
import Errors
package import Money
import Postgres

/// What a source reported for a period.
package struct Receipt: Sendable {
    package let source: String
    package let reference: String
    /// The period of use, whose pool it goes into.
    package let period: Period
    /// The period whose books it enters: ``period``, or a later one where it came late.
    package let postedPeriod: Period
    package let currency: Currency
    /// Before fees and tax.
    package let gross: Micros
    package let fee: Micros
    package let tax: Micros
    /// A day of ``postedPeriod``.
    package let receivedOn: Day

    /// Checks what can be seen without the books; `place` turns a column's name into where it stood, for errors.
    package init(
        source: String, reference: String, period: Period, currency: Currency, gross: Micros, fee: Micros = .zero,
        tax: Micros = .zero, receivedOn: Day? = nil, into: Period? = nil,
        at place: (_ column: String) -> String? = { _ in nil }
    ) throws {
        let allowed = source.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "._-".utf8.contains(byte)
        }
        guard allowed, let first = source.utf8.first, !"._-".utf8.contains(first) else {
            throw LaurelError.input(
                "\"\(source)\" is no source", at: place("source"),
                next: "use letters, digits, dots and dashes, such as shop-eu")
        }
        try PlainText.checkEntry(reference, called: "reference", at: place("ref"), atMost: 200)
        let postedPeriod = into ?? period
        if let day = receivedOn, day.period != postedPeriod {
            throw LaurelError.input(
                "\(day) does not lie in period \(postedPeriod)", at: place("received_on"),
                next: "use a date of that month")
        }
        guard gross > .zero else {
            throw LaurelError.input("the amount is not above zero", at: place("amount"), next: "write the gross amount")
        }
        for (column, amount) in [("fee", fee), ("tax", tax)] where amount < .zero {
            throw LaurelError.input("the \(column) is below zero", at: place(column), next: "write zero or more")
        }
        self.source = source
        self.reference = reference
        self.period = period
        self.postedPeriod = postedPeriod
        self.currency = currency
        self.gross = gross
        self.fee = fee
        self.tax = tax
        self.receivedOn = receivedOn ?? postedPeriod.lastDay
    }
}

/// What became of a receipt.
package struct RecordedReceipt: Codable, Sendable {
    package let id: Int64
    /// False: it was there already, word for word.
    package let isNew: Bool
}

extension Ledger {
    /// Records receipts, all or none; one that is there already is left as it is.
    ///
    /// - Parameters:
    ///   - receipts: with the place in a file (`file:line`) of each, for errors.
    ///   - fileDigest: of the file they were read from.
    ///   - posting: rehearsal and key.
    /// - Returns: one result a receipt, in order.
    /// - Throws: `refused` when a reference names another receipt, saying what differs.
    package func addRevenue(
        _ receipts: [(receipt: Receipt, place: String?)], fileDigest: Digest? = nil, posting: Posting = .plain
    ) async throws -> [RecordedReceipt] {
        let request = receipts.flatMap { entry in
            [
                entry.receipt.source, entry.receipt.reference, entry.receipt.period.description,
                entry.receipt.currency.code, entry.receipt.gross.formatted, entry.receipt.fee.formatted,
                entry.receipt.tax.formatted, entry.receipt.receivedOn.description,
                entry.receipt.postedPeriod.description,
            ]
        }
        return try await post(posting, route: "revenue add", request: request) { connection in
            var results: [RecordedReceipt] = []
            for (receipt, place) in receipts {
                do {
                    let row = try await connection.query(
                        """
                        SELECT receipt_id, created FROM ledger.add_receipt(
                            \(receipt.source), \(receipt.reference), \(receipt.period.description),
                            \(receipt.currency.code), \(receipt.gross.value), \(receipt.fee.value),
                            \(receipt.tax.value), \(receipt.receivedOn.description), \(fileDigest?.bytes),
                            \(receipt.postedPeriod.description))
                        """)[0]
                    results.append(
                        RecordedReceipt(id: try row.get("receipt_id"), isNew: try row.get("created")))
                } catch let error as PostgresError where place != nil && !error.isTransient {
                    let refusal = error.asMoneyError()
                    throw LaurelError(refusal.kind, refusal.problem, at: place, next: refusal.remedy)
                }
            }
            return results
        }
    }

    /// The source paid a receipt: its money stands in the bank, in the period where the receipt was posted or in a
    /// later one.
    ///
    /// - Returns: false when that was known.
    package func collectRevenue(
        reference: String, source: String?, on day: Day?, posting: Posting = .plain
    ) async throws -> Bool {
        let request = [reference, source ?? "", day?.description ?? ""]
        return try await post(posting, route: "revenue collect", request: request) { connection in
            let receipt = try await receipt(reference, of: source, connection)
            let when = try day ?? Period(parsing: receipt.get("posted_period")).lastDay
            return try await connection.query(
                """
                SELECT ledger.collect_receipt(
                    \(receipt.get("id", as: Int64.self)), \(when.period.description), \(when.description)) AS done
                """)[0].get("done")
        }
    }

    /// Takes a receipt back by reversing its journal, in the period where it was posted or, when that is settled, in a later
    /// one.
    ///
    /// - Returns: false when it was void already.
    package func voidRevenue(
        reference: String, source: String?, into period: Period?, reason: String, posting: Posting = .plain
    ) async throws -> Bool {
        try PlainText.checkEntry(reason, called: "reason", at: "--reason")
        let request = [reference, source ?? "", period?.description ?? "", reason]
        return try await post(posting, route: "revenue void", request: request) { connection in
            let receipt = try await receipt(reference, of: source, connection)
            let own: String = try receipt.get("posted_period")
            let target = period?.description ?? own
            let day = target == own ? try receipt.get("received_on") : period?.lastDay.description ?? ""
            return try await connection.query(
                "SELECT ledger.void_receipt(\(receipt.get("id", as: Int64.self)), \(target), \(day), \(reason)) AS done"
            )[0]
            .get("done")
        }
    }

    /// The latest receipt under a reference; its source is needed where several sources use the reference.
    private func receipt(_ reference: String, of source: String?, _ connection: Connection) async throws -> Row {
        let found = try await connection.query(
            """
            SELECT DISTINCT ON (source) id, source, posted_period, received_on::text AS received_on
            FROM ledger.revenue_receipt
            WHERE external_ref = \(reference) AND (\(source)::text IS NULL OR source = \(source))
            ORDER BY source, version DESC
            """)
        guard let receipt = found.first else {
            throw LaurelError.input("there is no receipt \"\(reference)\"", next: "see laurel revenue list")
        }
        guard found.count == 1 else {
            let sources = try found.map { try $0.get("source", as: String.self) }
            throw LaurelError.input(
                "receipt \"\(reference)\" exists in \(sources.joined(separator: ", "))", next: "add --source")
        }
        return receipt
    }
}
