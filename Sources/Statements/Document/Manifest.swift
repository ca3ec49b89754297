package import Documents
import Errors
package import Money

/// What binds all statements of a period and currency: how many, how much, and the root of their sum tree.
package struct Manifest: Hashable, Sendable {
    package let payoutRunID: String
    package let period: Period
    package let currency: Currency
    package let createdAt: Timestamp
    package let createdBy: String
    package let statementCount: Int64
    package let leafCount: Int64
    /// What was shared.
    package let poolNet: Micros
    /// What all statements earned: the sum at the root of the tree.
    package let totalEarned: Micros
    /// What is owed after the period, paid or not: Σ (paid + closing).
    package let totalPayable: Micros
    /// In the currency's smallest unit.
    package let totalPaidMinor: Int64
    package let sumRoot: Digest
    /// Of the statements' digests in ascending order, each in hexadecimal on its line.
    package let statementsSHA256: Digest
    package let scoreSetSHA256: Digest?
    package let policySHA256: Digest
    /// The manifest before this one of the same currency.
    package let previousManifestSHA256: Digest?

    package static let schema = "laurel/payout-manifest/v1"

    package init(
        payoutRunID: String, period: Period, currency: Currency, createdAt: Timestamp, createdBy: String,
        statementCount: Int64, leafCount: Int64, poolNet: Micros, totalEarned: Micros, totalPayable: Micros,
        totalPaidMinor: Int64, sumRoot: Digest, statementsSHA256: Digest, scoreSetSHA256: Digest?,
        policySHA256: Digest, previousManifestSHA256: Digest?
    ) {
        self.payoutRunID = payoutRunID
        self.period = period
        self.currency = currency
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.statementCount = statementCount
        self.leafCount = leafCount
        self.poolNet = poolNet
        self.totalEarned = totalEarned
        self.totalPayable = totalPayable
        self.totalPaidMinor = totalPaidMinor
        self.sumRoot = sumRoot
        self.statementsSHA256 = statementsSHA256
        self.scoreSetSHA256 = scoreSetSHA256
        self.policySHA256 = policySHA256
        self.previousManifestSHA256 = previousManifestSHA256
    }

    /// The document whose canonical bytes are signed.
    package var document: CanonicalValue {
        var members: [String: CanonicalValue] = [
            "$schema": .string(Self.schema), "payout_run_id": .string(payoutRunID),
            "period": .string(period.description), "currency": .string(currency.code),
            "created_at": .string(createdAt.description), "created_by": .string(createdBy),
            "statement_count": .integer(statementCount), "leaf_count": .integer(leafCount),
            "pool_net": .string(poolNet.formatted), "total_earned": .string(totalEarned.formatted),
            "total_payable": .string(totalPayable.formatted), "total_paid_minor": .integer(totalPaidMinor),
            "sum_root": .string(sumRoot.hex), "statements_sha256": .string(statementsSHA256.hex),
            "policy_sha256": .string(policySHA256.hex),
        ]
        members["score_set_sha256"] = scoreSetSHA256.map { .string($0.hex) }
        members["previous_manifest_sha256"] = previousManifestSHA256.map { .string($0.hex) }
        return .object(members)
    }

    /// Reads the document.
    ///
    /// - Throws: ``LaurelError`` of kind `input` with the path of the member.
    package init(_ document: CanonicalValue) throws {
        var fields = try FieldReader(document, path: "")
        try fields.schema(Self.schema)
        self.init(
            payoutRunID: try fields.text("payout_run_id"), period: try fields.period("period"),
            currency: try Currency.named(try fields.text("currency"), at: "currency"),
            createdAt: try fields.time("created_at"), createdBy: try fields.text("created_by"),
            statementCount: try fields.count("statement_count"), leafCount: try fields.count("leaf_count"),
            poolNet: try fields.amount("pool_net"), totalEarned: try fields.amount("total_earned"),
            totalPayable: try fields.money("total_payable"), totalPaidMinor: try fields.count("total_paid_minor"),
            sumRoot: try fields.digest("sum_root"), statementsSHA256: try fields.digest("statements_sha256"),
            scoreSetSHA256: try fields.optionalDigest("score_set_sha256"),
            policySHA256: try fields.digest("policy_sha256"),
            previousManifestSHA256: try fields.optionalDigest("previous_manifest_sha256"))
        try fields.finish()
    }

    /// The digest over all statements' digests.
    package static func statementsDigest(_ digests: [Digest]) -> Digest {
        .sha256(digests.sorted().map { $0.hex + "\n" }.joined())
    }
}
