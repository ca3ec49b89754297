package import Documents
import Money

extension StatementDocument {
    /// The document whose canonical bytes are signed.
    package var document: CanonicalValue {
        var members: [String: CanonicalValue] = [
            "$schema": .string(Self.schema), "statement_id": .string(id), "statement_version": "1",
            "issued_at": .string(issuedAt.description), "period": .string(input.period.description),
            "salt": .string(Hex.text(salt)), "currency": .string(input.currency.code),
            "issuer": [
                "name": .string(issuer.name), "key_id": .string(issuer.keyID.hex),
                "log_origin": .string(issuer.logOrigin),
            ],
            "payee": object([
                "party_id": .string(input.payee.partyID), "display_name": .string(input.payee.displayName),
                "tax_country": input.payee.taxCountry.map { .string($0) },
            ]),
            "run": run, "pool": pool, "balance": balanceValue, "payout": payout,
            "earnings": .array(input.earnings.map(earning)), "credits": .array(input.credits.map(credit)),
            "adjustments": .array(input.adjustments.map(adjustment)),
            "deductions": .array(input.deductions.map(deduction)),
            "releases": .array(
                input.releases.map {
                    ["kind": .string($0.kind), "ref": .string($0.reference), "amount": money($0.amount)]
                }),
            "reserve_lots": .array(
                input.reserveLots.map {
                    [
                        "lot_id": .string($0.id), "amount": money($0.amount),
                        "release_on": .string($0.releaseOn.description),
                    ]
                }),
            "advances": .array(
                input.advances.map {
                    [
                        "advance_id": .string($0.id), "original": money($0.original),
                        "recouped_to_date": money($0.recoupedToDate), "outstanding": money($0.outstanding),
                    ]
                }),
            "attachments": .array(
                attachments.map {
                    [
                        "name": .string($0.name), "media_type": .string($0.mediaType),
                        "sha256": .string($0.sha256.hex), "bytes": .integer($0.bytes),
                    ]
                }),
        ]
        members["supersedes"] = supersedes.map {
            ["statement_id": .string($0.statementID), "sha256": .string($0.sha256.hex)]
        }
        let contacts: [String: CanonicalValue?] = [
            "dispute_url": input.disputeURL.map { .string($0) },
            "dispute_until": input.disputeUntil.map { .string($0.description) },
        ]
        members["contacts"] = object(contacts)
        return .object(members)
    }

    private var run: CanonicalValue {
        object([
            "payout_run_id": .string(input.run.payoutRunID),
            "credit_run_id": input.run.creditRunID.map { .string($0) },
            "allocation_id": input.run.allocationID.map { .string($0) },
            "policy_sha256": .string(input.run.policySHA256.hex),
            "score_set_sha256": input.run.scoreSetSHA256.map { .string($0.hex) },
            "model_sha256": input.run.modelSHA256.map { .string($0.hex) },
        ])
    }

    private var pool: CanonicalValue {
        [
            "gross": money(input.pool.gross), "processing_fees": money(input.pool.processingFees),
            "platform_fee": money(input.pool.platformFee), "net": money(input.pool.net),
            "weight_total": .string(String(input.pool.weightTotal)),
            "contributor_count": .integer(input.pool.contributorCount),
            "dataset_count": .integer(input.pool.datasetCount),
        ]
    }

    private var balanceValue: CanonicalValue {
        [
            "opening": money(balance.opening), "earned": money(balance.earned), "adjusted": money(balance.adjusted),
            "deducted": money(balance.deducted), "released": money(balance.released), "paid": money(balance.paid),
            "closing": money(balance.closing),
        ]
    }

    private var payout: CanonicalValue {
        object([
            "status": .string(input.payout.status.rawValue), "amount_minor": .integer(input.payout.amountMinor),
            "method": .string(input.payout.method), "end_to_end_id": input.payout.endToEndID.map { .string($0) },
            "minimum_minor": .integer(input.payout.minimumMinor),
            "shortfall_minor": input.payout.shortfallMinor.map { .integer($0) },
        ])
    }

    private func earning(_ line: StatementInput.Earning) -> CanonicalValue {
        object([
            "dataset_id": line.datasetID.map { .string($0) }, "contributor_id": .string(line.contributorID),
            "title": .string(line.title), "role": .string(line.role), "share_ppm": .integer(line.sharePPM),
            "score": line.score.map { .string($0) }, "std_error": line.stdError.map { .string($0) },
            "weight": .string(String(line.weight)), "dataset_amount": money(line.datasetAmount),
            "amount": money(line.amount), "usage_period": .string(line.usagePeriod.description),
        ])
    }

    private func credit(_ credit: StatementInput.Credit) -> CanonicalValue {
        [
            "property": .string(credit.property), "value": .string(credit.value),
            "std_error": .string(credit.stdError), "low": .string(credit.low), "high": .string(credit.high),
            "lower_is_better": .bool(credit.lowerIsBetter),
        ]
    }

    private func adjustment(_ line: StatementInput.Adjustment) -> CanonicalValue {
        object([
            "adjustment_id": .string(line.id), "relates_to_period": .string(line.relatesToPeriod.description),
            "original_statement_id": line.originalStatementID.map { .string($0) },
            "dataset_id": line.datasetID.map { .string($0) }, "reason_code": .string(line.reasonCode),
            "amount": money(line.amount),
        ])
    }

    private func deduction(_ line: StatementInput.Deduction) -> CanonicalValue {
        object([
            "kind": .string(line.kind.rawValue), "ref": .string(line.reference), "base": money(line.base),
            "rate_ppm": line.ratePPM.map { .integer($0) }, "amount": money(line.amount),
        ])
    }

    private func money(_ amount: Micros) -> CanonicalValue { .string(amount.formatted) }

    /// An object without the members that are absent.
    private func object(_ members: [String: CanonicalValue?]) -> CanonicalValue {
        .object(members.compactMapValues { $0 })
    }
}
