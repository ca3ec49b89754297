import Credit
import Documents
import Errors
import Foundation
import Ledger
import Money
import Postgres
import Statements

/// Gathers what statements say of a period and currency from the ledger's views and the credit run's results.
///
/// Everything is read in one transaction, so that it is one state of the books.
struct StatementInputs {
    let connection: Connection
    let period: Period
    let currency: Currency

    /// One input a payee, and the allocation that the run follows: none where the month shared nothing in this currency.
    ///
    /// - Throws: `LaurelError` of kind `refused` when revenue came in since the pool was shared, or nobody has a balance.
    func gather() async throws -> (inputs: [StatementInput], allocationID: Int64?) {
        let shared = try await connection.query(
            """
            SELECT gross_micros, fee_micros + tax_micros AS taken, net_micros, pool_micros, allocation_id,
                   run_id, weight_total::text AS weight_total, policy_sha256, weights_sha256,
                   contributor_count, dataset_count
            FROM ledger.stated_pool
            WHERE period_id = \(period.description) AND currency = \(currency.code)
            """
        ).first
        let allocation = try shared?.get("allocation_id", as: Int64.self)
        let creditRun = try shared?.get("run_id", as: String?.self)
        let pool = try shared.map { try self.pool($0) } ?? .empty
        let scores = try await CreditRows.read(connection, run: creditRun)
        let run = StatementInput.Run(
            payoutRunID: "payout-\(period)-\(currency.code.lowercased())", creditRunID: creditRun,
            allocationID: allocation.map { String($0) },
            policySHA256: try await policy(shared),
            scoreSetSHA256: try shared.map { try Self.digest($0, "weights_sha256") }, modelSHA256: nil)
        let movements = try await PayeeMovements.read(connection, period: period, currency: currency)
        let details = try await details()
        let earnings =
            if let allocation { try await earnings(of: allocation, scores, details) } else {
                [:] as [String: [StatementInput.Earning]]
            }
        let payees = try await connection.query(
            """
            SELECT * FROM ledger.payee_statement(\(period.description))
            WHERE currency = \(currency.code) ORDER BY party_id COLLATE "C"
            """)
        let inputs = try payees.map { payee in
            let party: String = try payee.get("party_id")
            var input = StatementInput(
                period: period,
                payee: .init(
                    partyID: party, displayName: details[party]?.name ?? party, taxCountry: details[party]?.country),
                currency: currency,
                run: run, pool: pool, earnings: earnings[party] ?? [], credits: scores.credits[party] ?? [],
                opening: Micros(try payee.get("opening")),
                payout: try movements.payout(
                    of: party, currency: currency, closing: Micros(try payee.get("closing")),
                    method: details[party]?.method ?? "manual"))
            try movements.fill(&input, from: payee)
            try check(input, against: payee)
            return input
        }
        guard !inputs.isEmpty else {
            throw LaurelError.refused("nobody has a balance in \(currency)", at: period.description)
        }
        return (inputs, allocation)
    }

    /// The rules that the money followed: the allocation's, otherwise the settlement's.
    private func policy(_ shared: Row?) async throws -> Digest {
        if let shared { return try Self.digest(shared, "policy_sha256") }
        let settled = try await connection.query(
            "SELECT policy_sha256 FROM ledger.settlement WHERE period_id = \(period.description)"
        ).first
        return try settled.map { try Self.digest($0, "policy_sha256") } ?? WaterfallPolicy.standard.digest()
    }

    private func pool(_ row: Row) throws -> StatementInput.Pool {
        let (net, pool) = (try row.get("net_micros", as: Int64.self), try row.get("pool_micros", as: Int64.self))
        guard net == pool else {
            throw LaurelError.refused(
                "revenue changed after the pool was shared: \(Micros(net).formatted), shared \(Micros(pool).formatted)",
                at: "\(period) \(currency)", next: "laurel allocate --period \(period) --restate")
        }
        guard let total = UInt128(try row.get("weight_total", as: String.self)) else {
            throw LaurelError.environment("the allocation's total weight is no number", at: "\(period) \(currency)")
        }
        return StatementInput.Pool(
            gross: Micros(try row.get("gross_micros")), processingFees: Micros(try row.get("taken")),
            platformFee: .zero, net: Micros(net), weightTotal: total,
            contributorCount: try row.get("contributor_count"), datasetCount: try row.get("dataset_count"))
    }

    private func earnings(
        of allocation: Int64, _ scores: CreditRows, _ details: [String: PayeeDetail]
    ) async throws -> [String: [StatementInput.Earning]] {
        let rows = try await connection.query(
            """
            SELECT party_id::text AS party_id, contributor_id::text AS contributor_id, dataset_id::text AS dataset_id,
                   role, weight, share_ppm, dataset_floor_micros + dataset_extra_micros AS dataset_amount_micros, amount_micros
            FROM ledger.allocation_line WHERE allocation_id = \(allocation)
            """)
        let titles = try await titles()
        var earnings: [String: [StatementInput.Earning]] = [:]
        for row in rows {
            let contributor: String = try row.get("contributor_id")
            let dataset: String? = try row.get("dataset_id")
            let score = scores.scores[dataset ?? contributor] ?? scores.scores[contributor]
            let weight: Int64 = try row.get("weight")
            earnings[try row.get("party_id"), default: []].append(
                StatementInput.Earning(
                    datasetID: dataset, contributorID: contributor,
                    title: dataset.map { titles[$0] ?? $0 }
                        ?? "All registered work of \(details[contributor]?.name ?? contributor)",
                    role: try row.get("role"),
                    sharePPM: try row.get("share_ppm"), score: score?.value, stdError: score?.stdError,
                    weight: UInt128(weight), datasetAmount: Micros(try row.get("dataset_amount_micros")),
                    amount: Micros(try row.get("amount_micros")), usagePeriod: period))
        }
        return earnings
    }

    /// What the statement's parts add up to must be what the books say, and a statement must be able to say it; otherwise
    /// nothing is signed.
    private func check(_ input: StatementInput, against payee: Row) throws {
        let document = try StatementDocument(
            id: Issuance.statementID(input), issuedAt: Timestamp(secondsSinceEpoch: 0),
            salt: [UInt8](repeating: 0, count: 16),
            issuer: .init(name: "", keyID: .sha256(""), logOrigin: ""), input: input)
        let earned = Micros(try payee.get("earned"))
        let closing = Micros(try payee.get("closing"))
        guard document.balance.earned == earned, document.balance.closing == closing else {
            throw LaurelError(
                .checkFailed,
                "the lines of \(input.payee.partyID) close with \(document.balance.closing.formatted), "
                    + "the ledger with \(closing.formatted)", at: "\(period) \(currency)", next: "laurel check --strict"
            )
        }
        do {
            _ = try document.document.encoded()
        } catch {
            throw LaurelError.input(
                "a statement cannot say this: \(error.problem)",
                at: [document.id, error.place ?? ""].joined(separator: ": "),
                next: "mend that name or title, then run the same command again")
        }
    }

    /// Names, countries and payment methods; what is not of the canonical profile's form C is brought into it.
    private func details() async throws -> [String: PayeeDetail] {
        let rows = try await connection.query(
            "SELECT party_id::text AS party_id, name, country, method FROM pii.party_detail")
        return Dictionary(
            uniqueKeysWithValues: try rows.map { row in
                let name: String = try row.get("name")
                return (
                    try row.get("party_id", as: String.self),
                    PayeeDetail(
                        name: name.precomposedStringWithCanonicalMapping,
                        country: try row.get("country", as: String?.self),
                        method: try row.get("method"))
                )
            })
    }

    private func titles() async throws -> [String: String] {
        let rows = try await connection.query("SELECT id::text AS id, title FROM registry.dataset")
        return Dictionary(
            uniqueKeysWithValues: try rows.map { row in
                let title: String = try row.get("title")
                return (try row.get("id", as: String.self), title.precomposedStringWithCanonicalMapping)
            })
    }

    static func digest(_ row: Row, _ column: String) throws -> Digest {
        guard let digest = Digest(bytes: try row.get(column, as: [UInt8].self)) else {
            throw LaurelError.environment("\(column) is no SHA-256")
        }
        return digest
    }
}

/// What a statement says of a payee besides the id; the ledger itself knows none of it.
private struct PayeeDetail {
    let name: String
    let country: String?
    let method: String
}

/// What a credit run found, as decimal texts.
struct CreditRows {
    /// The score that money followed, by player.
    var scores: [String: (value: String, stdError: String)] = [:]
    /// The credit for each property, by player.
    var credits: [String: [StatementInput.Credit]] = [:]

    static func read(_ connection: Connection, run: String?) async throws -> CreditRows {
        var rows = CreditRows()
        guard let run else { return rows }
        for row in try await connection.query(
            "SELECT player, value, std_error FROM credit.score WHERE run_id = \(run)")
        {
            rows.scores[try row.get("player")] = (try decimal(row, "value"), try decimal(row, "std_error"))
        }
        let directions = try await directions(connection, run)
        for row in try await connection.query(
            """
            SELECT r.player, r.property, r.value, r.std_error, r.low, r.high
            FROM credit.result r
            JOIN credit.estimate paying ON paying.run_id = r.run_id AND paying.pays
                AND paying.estimator = r.estimator AND paying.index_name = r.index_name
            WHERE r.run_id = \(run) AND r.property <> 'combined'
            ORDER BY r.property
            """)
        {
            let property: String = try row.get("property")
            rows.credits[try row.get("player"), default: []].append(
                StatementInput.Credit(
                    property: property, value: try decimal(row, "value"), stdError: try decimal(row, "std_error"),
                    low: try decimal(row, "low"), high: try decimal(row, "high"),
                    lowerIsBetter: directions[property] ?? false))
        }
        return rows
    }

    /// Whether less is better, by property, as the run's plan says: the credit is computed by the same word.
    private static func directions(_ connection: Connection, _ run: String) async throws -> [String: Bool] {
        guard
            let row = try await connection.query("SELECT body FROM credit.plan WHERE run_id = \(run)").first
        else { throw LaurelError.environment("the credit run has no plan", at: run, next: "laurel check --strict") }
        let plan = try CreditPlan(parsing: try row.get("body", as: [UInt8].self))
        return Dictionary(plan.properties.map { ($0.name, $0.lowerIsBetter) }) { first, _ in first }
    }

    /// Twelve decimals, the precision at which scores become weights; trailing zeros are left out.
    private static func decimal(_ row: Row, _ column: String) throws -> String {
        let number: Double = try row.get(column)
        guard number.isFinite, abs(number) < 1e15 else {
            throw LaurelError.environment("\(column) of a credit is no number")
        }
        var text = Substring(String(format: "%.12f", number))
        while text.hasSuffix("0") { text = text.dropLast() }
        if text.hasSuffix(".") { text = text.dropLast() }
        return text == "-0" ? "0" : String(text)
    }
}
