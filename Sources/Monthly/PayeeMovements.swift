import Documents
import Errors
import Money
import Postgres
import Statements

/// What a period's settlement took off, gave back and pays, by payee; and corrections of earlier months.
struct PayeeMovements {
    private var deductions: [String: [StatementInput.Deduction]] = [:]
    private var releases: [String: [StatementInput.Release]] = [:]
    private var adjustments: [String: [StatementInput.Adjustment]] = [:]
    private var lots: [String: [StatementInput.ReserveLot]] = [:]
    private var advances: [String: [StatementInput.Advance]] = [:]
    private var payments: [String: (id: Int64, status: String, amount: Int64, minimum: Int64)] = [:]

    static func read(
        _ connection: Connection, period: Period, currency: Currency
    ) async throws -> PayeeMovements {
        var movements = PayeeMovements()
        try await movements.readSteps(connection, period, currency)
        try await movements.readAdjustments(connection, period, currency)
        try await movements.readStanding(connection, currency)
        for row in try await connection.query(
            """
            SELECT p.id, p.party_id::text AS party_id, p.status, p.amount_micros, p.minimum_micros
            FROM ledger.payment p JOIN ledger.settlement s ON s.id = p.settlement_id
            WHERE s.period_id = \(period.description) AND p.currency = \(currency.code)
            """)
        {
            movements.payments[try row.get("party_id")] = (
                try row.get("id"), try row.get("status"), try row.get("amount_micros"), try row.get("minimum_micros")
            )
        }
        return movements
    }

    /// Adds a payee's movements to an input; what the ledger moved in other ways becomes an adjustment with its name.
    func fill(_ input: inout StatementInput, from row: Row) throws {
        let party = input.payee.partyID
        input.deductions = deductions[party] ?? []
        input.releases = releases[party] ?? []
        input.adjustments = adjustments[party] ?? []
        input.reserveLots = lots[party] ?? []
        input.advances = advances[party] ?? []
        let returned: Int64 = try row.get("returned")
        if returned > 0 {
            input.releases.append(.init(kind: "returned payment", reference: "bank", amount: Micros(returned)))
        }
        let restated = try Micros.total(input.adjustments.map(\.amount))
        let others = [
            ("correction", try Micros(row.get("adjustments")) - restated),
            ("currency conversion", Micros(try row.get("converted"))),
            ("write-off", Micros(try row.get("written_off"))),
        ]
        for (reason, amount) in others where amount != .zero {
            input.adjustments.append(
                .init(
                    id: "\(reason.replacing(" ", with: "-"))-\(input.period)", relatesToPeriod: input.period,
                    originalStatementID: nil, datasetID: nil, reasonCode: reason, amount: amount))
        }
    }

    /// The payment of a payee, or why there is none.
    func payout(of party: String, currency: Currency, closing: Micros, method: String) throws -> StatementInput.Payout {
        let unit = currency.microsPerMinorUnit
        guard let payment = payments[party], let status = StatementInput.PayoutStatus(rawValue: payment.status) else {
            return .init(
                status: .nothingDue, amountMinor: 0, method: method, endToEndID: nil, minimumMinor: 0,
                shortfallMinor: nil)
        }
        // Less than the smallest coin is never paid. What is missing is rounded up: that much more is enough.
        let minimum = max(payment.minimum, unit)
        let missing = max(0, minimum - closing.value)
        return .init(
            status: status, amountMinor: payment.amount / unit, method: method,
            endToEndID: status == .scheduled ? "payment-\(payment.id)" : nil, minimumMinor: minimum / unit,
            shortfallMinor: status == .belowMinimum ? (missing + unit - 1) / unit : nil)
    }

    private mutating func readSteps(_ connection: Connection, _ period: Period, _ currency: Currency) async throws {
        let kinds: [String: StatementInput.DeductionKind] = [
            "advance_recouped": .recoupment, "reserve_withheld": .reserve, "hold_placed": .hold, "tax_withheld": .tax,
        ]
        for row in try await connection.query(
            """
            SELECT t.party_id::text AS party_id, t.kind, t.ref, t.base_micros, t.rate_ppm, t.amount_micros
            FROM ledger.settlement_step t JOIN ledger.settlement s ON s.id = t.settlement_id
            WHERE s.period_id = \(period.description) AND t.currency = \(currency.code) ORDER BY t.step_no
            """)
        {
            let (party, kind): (String, String) = (try row.get("party_id"), try row.get("kind"))
            let (ref, amount): (String, Int64) = (try row.get("ref"), try row.get("amount_micros"))
            if let deduction = kinds[kind] {
                deductions[party, default: []].append(
                    .init(
                        kind: deduction, reference: ref, base: Micros(try row.get("base_micros")),
                        ratePPM: try row.get("rate_ppm", as: Int64?.self), amount: Micros(amount)))
            } else {
                let word = kind == "reserve_released" ? "reserve" : "hold"
                releases[party, default: []].append(.init(kind: word, reference: ref, amount: Micros(amount)))
            }
        }
    }

    private mutating func readAdjustments(
        _ connection: Connection, _ period: Period, _ currency: Currency
    ) async throws {
        for row in try await connection.query(
            """
            SELECT party_id::text AS party_id, relates_to_period, dataset_id::text AS dataset_id, allocation_id,
                   amount_micros, row_number() OVER (PARTITION BY allocation_id ORDER BY party_id, dataset_id) AS n
            FROM ledger.adjustment
            WHERE posted_period = \(period.description) AND currency = \(currency.code)
            ORDER BY allocation_id, n
            """)
        {
            let (allocation, number): (Int64, Int64) = (try row.get("allocation_id"), try row.get("n"))
            adjustments[try row.get("party_id"), default: []].append(
                .init(
                    id: "adjustment-\(allocation)-\(number)",
                    relatesToPeriod: try Period(parsing: try row.get("relates_to_period", as: String.self)),
                    originalStatementID: nil, datasetID: try row.get("dataset_id", as: String?.self),
                    reasonCode: "restatement", amount: Micros(try row.get("amount_micros"))))
        }
    }

    private mutating func readStanding(_ connection: Connection, _ currency: Currency) async throws {
        for row in try await connection.query(
            """
            SELECT id, party_id::text AS party_id, open_micros, release_on::text AS release_on
            FROM ledger.reserve_lot WHERE currency = \(currency.code) AND open_micros > 0 ORDER BY release_on, id
            """)
        {
            lots[try row.get("party_id"), default: []].append(
                .init(
                    id: try row.get("id"), amount: Micros(try row.get("open_micros")),
                    releaseOn: try Day(parsing: try row.get("release_on", as: String.self))))
        }
        for row in try await connection.query(
            """
            SELECT party_id::text AS party_id, reference, amount_micros, recouped_micros, outstanding_micros
            FROM ledger.advance_balance WHERE currency = \(currency.code) AND outstanding_micros > 0 ORDER BY id
            """)
        {
            advances[try row.get("party_id"), default: []].append(
                .init(
                    id: try row.get("reference"), original: Micros(try row.get("amount_micros")),
                    recoupedToDate: Micros(try row.get("recouped_micros")),
                    outstanding: Micros(try row.get("outstanding_micros"))))
        }
    }
}
