package import Documents
import Errors
package import Money
import Postgres

/// How credits become weights and weights become money; stored under its digest with every allocation.
package enum AllocationPolicy {
    /// The rule in force for weights that a file gives.
    package static let weightsFile: CanonicalValue = document(source: "weights given as whole numbers in a file")
    /// The rule in force for the credits of a run.
    ///
    /// - Parameter negatives: what is paid for credits that are negative or not provably positive.
    package static func creditRun(negatives: String) -> CanonicalValue {
        document(
            source:
                "weight = round(credit × 10^12) of the run's paying estimate, less by powers of ten where one would reach 10^18; \(negatives)"
        )
    }

    private static func document(source: String) -> CanonicalValue {
        [
            "$schema": "laurel/allocation-policy/v1",
            "method": "largest-remainder/1",
            "weights": .string(source),
            "ties": "ascending id, compared as bytes",
            "splits":
                "a dataset's amount is shared by the same method over the parts per million in force on the period's last day",
            "known_property":
                "not monotone: weights 16, 44, 42, 5 share a pool of 8 as 1, 3, 3, 1 and a pool of 9 as 1, 4, 4, 0",
        ]
    }
}

/// One sharing of a pool.
package struct AllocationResult: Codable, Sendable {
    package let id: Int64
    package let currency: String
    package let version: Int
    /// Micros shared.
    package let pool: Int64
    /// Σ weights; more than 64 bits are possible.
    package let weightTotal: String
    package let lineCount: Int
    /// All weights were zero, so the pool went to suspense.
    package let toSuspense: Bool
    /// False: the same weights and the same pool were shared before.
    package let isNew: Bool
    /// Digest of the policy that the shares follow, lowercase hex.
    package let policyDigest: String
    /// The shares themselves, only where they were asked for (a rehearsal).
    package let lines: [AllocationLine]
}

/// What one party gets, and how to compute it again by hand.
package struct AllocationLine: Codable, Sendable {
    package let contributor: String
    package let dataset: String
    package let party: String
    package let role: String
    package let weight: Int64
    package let sharePPM: Int
    package let floor: Int64
    package let extra: Int64
    package let amount: Int64
    package let currency: String
}

extension Ledger {
    /// The currencies whose pool of a period holds something or has been shared.
    package func currencies(of period: Period) async throws -> [Currency] {
        try await rows(
            """
            SELECT currency FROM ledger.pool_total WHERE period_id = \(period.description)
            UNION
            SELECT currency FROM ledger.trial_balance WHERE code = \("pool:\(period)") AND balance <> 0 ORDER BY currency
            """
        ).map { try Currency.named(try $0.get("currency")) }
    }

    /// Shares the pools of a period, all currencies in one transaction.
    ///
    /// - Parameters:
    ///   - period: whose pools.
    ///   - currencies: which of them.
    ///   - weights: who gets how much of each.
    ///   - policy: the rule behind the weights.
    ///   - run: the credit run behind the weights.
    ///   - into: the open period that takes the differences when `period` is settled.
    ///   - restating: whether weights other than before may replace them.
    ///   - posting: rehearsal and key.
    /// - Returns: one result a currency, in their order.
    /// - Throws: `refused` when the pool is empty, the period closed, or shared before by other weights.
    package func allocate(
        _ period: Period, currencies: [Currency], weights: Weights, policy: CanonicalValue, run: String? = nil,
        into: Period? = nil, restating: Bool = false, posting: Posting = .plain
    ) async throws -> [AllocationResult] {
        let target = into ?? period
        let document = try policy.encoded()
        let request =
            [
                period.description, into?.description ?? "", "\(restating)", weights.digest.hex, run ?? "",
                Digest.sha256(document).hex,
            ]
            + currencies.map(\.code)
        return try await post(posting, route: "allocate", request: request) { connection in
            let contributors = weights.entries.map(\.contributor)
            let datasets = weights.entries.map(\.dataset)
            let numbers = weights.entries.map(\.weight)
            let digest = try await connection.query(
                "SELECT ledger.record_policy('allocation', \(document)) AS sha256")[0].get("sha256", as: [UInt8].self)
            var results: [AllocationResult] = []
            for currency in currencies {
                if !restating && into == nil {
                    try await refuseOtherWeights(connection, period, currency, weights)
                }
                let row = try await connection.query(
                    """
                    SELECT o_allocation, o_created FROM ledger.post_allocation(
                        \(period.description), \(currency.code), \(target.description), \(target.lastDay.description),
                        \(run), \(digest), \(weights.digest.bytes), \(contributors), \(datasets), \(numbers))
                    """)[0]
                results.append(
                    try await result(
                        connection, try row.get("o_allocation"), isNew: try row.get("o_created"),
                        withLines: posting.isDryRun))
            }
            return results
        }
    }

    private func refuseOtherWeights(
        _ connection: Connection, _ period: Period, _ currency: Currency, _ weights: Weights
    ) async throws {
        let before = try await connection.query(
            """
            SELECT weights_sha256 FROM ledger.current_allocation
            WHERE period_id = \(period.description) AND currency = \(currency.code)
            """)
        guard let digest = try before.first?.get("weights_sha256", as: [UInt8].self) else { return }
        guard digest == weights.digest.bytes else {
            let isFinal = try await !connection.query(
                "SELECT 1 AS one FROM ledger.settlement WHERE period_id = \(period.description)"
            ).isEmpty
            throw LaurelError.refused(
                "\(period) \(currency) is already shared by other weights", at: "allocation of \(period)",
                next: isFinal
                    ? "add --into OPEN-PERIOD to post the differences there" : "add --restate to post the differences")
        }
    }

    private func result(
        _ connection: Connection, _ id: Int64, isNew: Bool, withLines: Bool
    ) async throws -> AllocationResult {
        let row = try await connection.query(
            """
            SELECT currency, version, pool_micros, weight_total::text AS total, line_count, to_suspense,
                   encode(policy_sha256, 'hex') AS policy
            FROM ledger.allocation WHERE id = \(id)
            """)[0]
        let lines = withLines ? try await connection.query(Ledger.lineQuery(of: id)).map(AllocationLine.init) : []
        return AllocationResult(
            id: id, currency: try row.get("currency"), version: try row.get("version"),
            pool: try row.get("pool_micros"), weightTotal: try row.get("total"), lineCount: try row.get("line_count"),
            toSuspense: try row.get("to_suspense"), isNew: isNew, policyDigest: try row.get("policy"), lines: lines)
    }

    private static func lineQuery(of allocation: Int64) -> SQL {
        """
        SELECT l.*, a.currency FROM ledger.allocation_line l JOIN ledger.allocation a ON a.id = l.allocation_id
        WHERE l.allocation_id = \(allocation) ORDER BY l.line_no
        """
    }
}

extension AllocationLine {
    fileprivate init(_ row: Row) throws {
        self.init(
            contributor: try row.get("contributor_id"), dataset: try row.get("dataset_id", as: String?.self) ?? "",
            party: try row.get("party_id"), role: try row.get("role"), weight: try row.get("weight"),
            sharePPM: try row.get("share_ppm"), floor: try row.get("floor_micros"),
            extra: try row.get("extra_micros"), amount: try row.get("amount_micros"),
            currency: try row.get("currency"))
    }
}
