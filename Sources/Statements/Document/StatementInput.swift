package import Documents
package import Money

/// Everything a statement says that the books know: what the caller fills from the ledger and the credit run.
///
/// Who signs, when, under which id and salt is added by ``StatementDocument``; the balance is computed, not given.
package struct StatementInput: Hashable, Sendable {
    /// Who gets paid.
    package struct Payee: Hashable, Sendable {
        package let partyID: String
        package let displayName: String
        /// ISO 3166 alpha-2, where tax depends on it.
        package let taxCountry: String?

        package init(partyID: String, displayName: String, taxCountry: String? = nil) {
            self.partyID = partyID
            self.displayName = displayName
            self.taxCountry = taxCountry
        }
    }

    /// Which calculation the money followed.
    package struct Run: Hashable, Sendable {
        /// Names the batch of payments; its digest separates the leaves of different sum trees.
        package let payoutRunID: String
        /// Absent when the weights came from a file.
        package let creditRunID: String?
        /// Absent in a month that shared nothing in this currency and only moved what was there.
        package let allocationID: String?
        /// The rules of the allocation, by digest; without one those of the settlement.
        package let policySHA256: Digest
        /// The scores or weights that the allocation used, by digest.
        package let scoreSetSHA256: Digest?
        package let modelSHA256: Digest?

        package init(
            payoutRunID: String, creditRunID: String?, allocationID: String?, policySHA256: Digest,
            scoreSetSHA256: Digest?, modelSHA256: Digest?
        ) {
            self.payoutRunID = payoutRunID
            self.creditRunID = creditRunID
            self.allocationID = allocationID
            self.policySHA256 = policySHA256
            self.scoreSetSHA256 = scoreSetSHA256
            self.modelSHA256 = modelSHA256
        }
    }

    /// The money that was shared, and between how many.
    package struct Pool: Hashable, Sendable {
        package let gross: Micros
        package let processingFees: Micros
        package let platformFee: Micros
        /// What was shared: gross − processing fees − platform fee.
        package let net: Micros
        /// The denominator of every share.
        package let weightTotal: UInt128
        package let contributorCount: Int64
        package let datasetCount: Int64

        /// Nothing was shared.
        package static let empty = Pool(
            gross: .zero, processingFees: .zero, platformFee: .zero, net: .zero, weightTotal: 0, contributorCount: 0,
            datasetCount: 0)

        package init(
            gross: Micros, processingFees: Micros, platformFee: Micros, net: Micros, weightTotal: UInt128,
            contributorCount: Int64, datasetCount: Int64
        ) {
            self.gross = gross
            self.processingFees = processingFees
            self.platformFee = platformFee
            self.net = net
            self.weightTotal = weightTotal
            self.contributorCount = contributorCount
            self.datasetCount = datasetCount
        }
    }

    /// One line of the allocation that reached this payee.
    package struct Earning: Hashable, Sendable {
        /// Absent when the weights named contributors, not datasets.
        package let datasetID: String?
        /// Whose contribution was weighed: the payee, or another whose dataset has a split.
        package let contributorID: String
        package let title: String
        package let role: String
        /// The payee's share of the line, in parts per million.
        package let sharePPM: Int64
        /// The credit score behind the weight, as a decimal number.
        package let score: String?
        package let stdError: String?
        package let weight: UInt128
        /// Whether the line's share of the pool got one of the units left over by rounding down.
        package let datasetAmount: Micros
        /// The payee's part of ``datasetAmount``.
        package let amount: Micros
        /// The month in which the model was used.
        package let usagePeriod: Period

        package init(
            datasetID: String?, contributorID: String, title: String, role: String, sharePPM: Int64, score: String?,
            stdError: String?, weight: UInt128, datasetAmount: Micros, amount: Micros, usagePeriod: Period
        ) {
            self.datasetID = datasetID
            self.contributorID = contributorID
            self.title = title
            self.role = role
            self.sharePPM = sharePPM
            self.score = score
            self.stdError = stdError
            self.weight = weight
            self.datasetAmount = datasetAmount
            self.amount = amount
            self.usagePeriod = usagePeriod
        }
    }

    /// The payee's credit for one property of the model, with its 95 % interval; decimals as text.
    package struct Credit: Hashable, Sendable {
        package let property: String
        package let value: String
        package let stdError: String
        package let low: String
        package let high: String
        /// Whether a smaller value of the property is better; the credit is then of the improvement.
        package let lowerIsBetter: Bool

        package init(
            property: String, value: String, stdError: String, low: String, high: String, lowerIsBetter: Bool
        ) {
            self.property = property
            self.value = value
            self.stdError = stdError
            self.low = low
            self.high = high
            self.lowerIsBetter = lowerIsBetter
        }
    }

    /// A correction of an earlier month.
    package struct Adjustment: Hashable, Sendable {
        package let id: String
        package let relatesToPeriod: Period
        package let originalStatementID: String?
        package let datasetID: String?
        package let reasonCode: String
        /// Signed.
        package let amount: Micros

        package init(
            id: String, relatesToPeriod: Period, originalStatementID: String?, datasetID: String?, reasonCode: String,
            amount: Micros
        ) {
            self.id = id
            self.relatesToPeriod = relatesToPeriod
            self.originalStatementID = originalStatementID
            self.datasetID = datasetID
            self.reasonCode = reasonCode
            self.amount = amount
        }
    }

    /// Why something was taken off.
    package enum DeductionKind: String, Hashable, Sendable {
        case recoupment, reserve, hold, tax
    }

    /// Something taken off, or given back.
    package struct Deduction: Hashable, Sendable {
        package let kind: DeductionKind
        /// The advance, lot, hold or rule it follows.
        package let reference: String
        package let base: Micros
        package let ratePPM: Int64?
        /// Positive.
        package let amount: Micros

        package init(kind: DeductionKind, reference: String, base: Micros, ratePPM: Int64?, amount: Micros) {
            self.kind = kind
            self.reference = reference
            self.base = base
            self.ratePPM = ratePPM
            self.amount = amount
        }
    }

    /// What comes back: a reserve whose time has come, a hold that was lifted, a payment that bounced.
    package struct Release: Hashable, Sendable {
        package let kind: String
        package let reference: String
        /// Positive.
        package let amount: Micros

        package init(kind: String, reference: String, amount: Micros) {
            self.kind = kind
            self.reference = reference
            self.amount = amount
        }
    }

    /// What becomes of the money.
    package enum PayoutStatus: String, Hashable, Sendable {
        case scheduled
        case belowMinimum = "below_minimum"
        case onHold = "on_hold"
        case suspended
        case noDetails = "no_details"
        case nothingDue = "nothing_due"
    }

    /// The payment that goes with this statement, or why there is none.
    package struct Payout: Hashable, Sendable {
        package let status: PayoutStatus
        /// In the currency's smallest unit; 0 unless scheduled.
        package let amountMinor: Int64
        package let method: String
        package let endToEndID: String?
        package let minimumMinor: Int64
        /// What is missing up to the minimum; only when below it.
        package let shortfallMinor: Int64?

        package init(
            status: PayoutStatus, amountMinor: Int64, method: String, endToEndID: String?, minimumMinor: Int64,
            shortfallMinor: Int64?
        ) {
            self.status = status
            self.amountMinor = amountMinor
            self.method = method
            self.endToEndID = endToEndID
            self.minimumMinor = minimumMinor
            self.shortfallMinor = shortfallMinor
        }
    }

    /// Money kept back until a day.
    package struct ReserveLot: Hashable, Sendable {
        package let id: String
        package let amount: Micros
        package let releaseOn: Day

        package init(id: String, amount: Micros, releaseOn: Day) {
            self.id = id
            self.amount = amount
            self.releaseOn = releaseOn
        }
    }

    /// Money paid ahead and how much of it is earned back.
    package struct Advance: Hashable, Sendable {
        package let id: String
        package let original: Micros
        package let recoupedToDate: Micros
        package let outstanding: Micros

        package init(id: String, original: Micros, recoupedToDate: Micros, outstanding: Micros) {
            self.id = id
            self.original = original
            self.recoupedToDate = recoupedToDate
            self.outstanding = outstanding
        }
    }

    package var period: Period
    package var payee: Payee
    package var currency: Currency
    package var run: Run
    package var pool: Pool
    package var earnings: [Earning]
    package var credits: [Credit]
    package var adjustments: [Adjustment] = []
    package var deductions: [Deduction] = []
    package var releases: [Release] = []
    /// What was owed before this period.
    package var opening: Micros
    package var payout: Payout
    package var reserveLots: [ReserveLot] = []
    package var advances: [Advance] = []
    /// Where a person answers.
    package var disputeURL: String?
    package var disputeUntil: Day?

    package init(
        period: Period, payee: Payee, currency: Currency, run: Run, pool: Pool, earnings: [Earning],
        credits: [Credit], opening: Micros, payout: Payout
    ) {
        self.period = period
        self.payee = payee
        self.currency = currency
        self.run = run
        self.pool = pool
        self.earnings = earnings
        self.credits = credits
        self.opening = opening
        self.payout = payout
    }
}
