package import Documents
package import Money

/// What stands on a payee's account in one currency before the period is settled, and what was agreed.
package struct PayeeAccount: Sendable {
    package struct Advance: Sendable {
        package let id: String
        package let outstanding: Micros
        package let recoupPPM: Int64
        /// Recouped only from this dataset's earnings; nil: from all.
        package let dataset: String?
    }

    /// Money set aside earlier that is due back: a reserve lot or a released hold.
    package struct Due: Sendable {
        package let ref: String
        package let amount: Micros
    }

    package struct Hold: Sendable {
        package let id: String
        /// nil: everything of the payee is held.
        package let dataset: String?
    }

    package struct Tax: Sendable {
        package let jurisdiction: String
        package let ruleID: String
        package let ratePPM: Int64
    }

    package var party: String
    package var currency: Currency
    /// The balance owed now, with this period's earnings in it; negative when a negative carry was agreed.
    package var balance: Micros
    /// Earned and adjusted in this period.
    package var earnings: Micros
    package var earningsByDataset: [String: Micros] = [:]
    package var minimum: Micros = .zero
    package var reservePPM: Int64 = 0
    package var reserveReleaseMonths: Int = 0
    package var advances: [Advance] = []
    package var reservesDue: [Due] = []
    package var holdsDue: [Due] = []
    package var holds: [Hold] = []
    package var tax: Tax?
    /// Nothing is paid while the payee is suspended; what is due stays on the account.
    package var isSuspended = false

    package init(party: String, currency: Currency, balance: Micros, earnings: Micros) {
        self.party = party
        self.currency = currency
        self.balance = balance
        self.earnings = earnings
    }
}

/// A payee's way through the waterfall: pure arithmetic, nothing posted.
package struct Waterfall: Sendable {
    /// One movement between the payable account and the account `counter`.
    package struct Step: Sendable {
        /// The journal kind that posts it.
        package let kind: String
        /// The agreement behind it: advance, reserve lot, hold, withholding rule.
        package let ref: String
        package let counter: String
        package let base: Micros
        package let ratePPM: Int64?
        package let amount: Micros
        package var releaseOn: Day?
    }

    /// What becomes of the payment.
    package enum Status: String, Sendable {
        case scheduled
        case belowMinimum = "below_minimum"
        case onHold = "on_hold"
        case suspended
        case nothingDue = "nothing_due"
    }

    package let account: PayeeAccount
    package private(set) var steps: [Step] = []
    package private(set) var status = Status.nothingDue
    /// What is paid, in whole minor units.
    package private(set) var payment = Micros.zero
    /// What stays on the account.
    package private(set) var closing: Micros
    private var earnings = Micros.zero

    /// Works an account off in the order of a policy, at the end of a period.
    ///
    /// - Throws: `input` when an amount leaves the 64-bit range.
    package init(_ account: PayeeAccount, policy: WaterfallPolicy, period: Period) throws {
        self.account = account
        closing = account.balance
        for due in account.reservesDue { try release("reserve_released", due, from: "reserve") }
        for due in account.holdsDue { try release("hold_released", due, from: "hold") }
        earnings = min(max(account.earnings, .zero), max(closing, .zero))
        for step in policy.order {
            switch step {
            case .recoup: try recoup()
            case .reserve: try reserve(in: period)
            case .hold: try hold()
            }
        }
        try pay()
    }

    /// Σ of what was set aside or taken: recouped, reserved, held, taxed.
    package var deducted: Micros {
        get throws { try Micros.total(steps.filter { !$0.kind.hasSuffix("_released") }.map(\.amount)) }
    }

    /// Σ of what came back from reserves and holds.
    package var released: Micros {
        get throws { try Micros.total(steps.filter { $0.kind.hasSuffix("_released") }.map(\.amount)) }
    }

    private mutating func release(_ kind: String, _ due: PayeeAccount.Due, from reserve: String) throws {
        guard due.amount > .zero else { return }
        closing = try closing + due.amount
        steps.append(
            Step(
                kind: kind, ref: due.ref, counter: "\(reserve):\(account.party)", base: due.amount, ratePPM: nil,
                amount: due.amount))
    }

    private mutating func deduct(
        _ kind: String, ref: String, counter: String, base: Micros, ratePPM: Int64?, amount: Micros,
        releaseOn: Day? = nil
    ) throws {
        guard amount > .zero else { return }
        closing = try closing - amount
        steps.append(
            Step(
                kind: kind, ref: ref, counter: counter, base: base, ratePPM: ratePPM, amount: amount,
                releaseOn: releaseOn))
    }

    private mutating func recoup() throws {
        for advance in account.advances {
            let base = advance.dataset.map { min(earnings, account.earningsByDataset[$0] ?? .zero) } ?? earnings
            let amount = min(advance.outstanding, max(base, .zero).part(perMillion: advance.recoupPPM))
            try deduct(
                "advance_recouped", ref: advance.id, counter: "advance:\(account.party)", base: base,
                ratePPM: advance.recoupPPM, amount: amount)
            earnings = try earnings - amount
        }
    }

    private mutating func reserve(in period: Period) throws {
        guard account.reservePPM > 0 else { return }
        var month = period
        for _ in 0..<account.reserveReleaseMonths { month = month.next ?? month }
        let amount = earnings.part(perMillion: account.reservePPM)
        try deduct(
            "reserve_withheld", ref: "term", counter: "reserve:\(account.party)", base: earnings,
            ratePPM: account.reservePPM, amount: amount, releaseOn: month.lastDay)
        earnings = try earnings - amount
    }

    private mutating func hold() throws {
        for hold in account.holds {
            let amount: Micros
            if let dataset = hold.dataset {
                amount = min(earnings, max(account.earningsByDataset[dataset] ?? .zero, .zero))
            } else {
                amount = max(closing, .zero)
                status = .onHold
            }
            try deduct(
                "hold_placed", ref: hold.id, counter: "hold:\(account.party)", base: amount, ratePPM: nil,
                amount: amount)
            earnings = max(try earnings - amount, .zero)
        }
    }

    private mutating func pay() throws {
        guard status != .onHold, closing > .zero else { return }
        guard !account.isSuspended else {
            status = .suspended
            return
        }
        let gross = closing.wholeMinorUnits(of: account.currency)
        guard closing >= account.minimum, gross > .zero else {
            status = .belowMinimum
            return
        }
        if let tax = account.tax {
            let amount = gross.part(perMillion: tax.ratePPM).wholeMinorUnits(of: account.currency)
            try deduct(
                "tax_withheld", ref: tax.ruleID, counter: "withholding:\(tax.jurisdiction)", base: gross,
                ratePPM: tax.ratePPM, amount: amount)
            payment = try gross - amount
        } else {
            payment = gross
        }
        closing = try closing - payment
        status = payment > .zero ? .scheduled : .nothingDue
    }
}
