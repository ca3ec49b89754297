extension ReferenceLedger {
    /// Works every payee off: releases, recoupment, reserve, holds, the minimum on what is left before tax, tax on what is
    /// paid, whole coins paid, the rest carried.
    mutating func settle(_ period: Int) -> Outcome {
        guard !settled.contains(period) else { return .done("0") }
        var copy = self
        guard settled.allSatisfy({ $0 < period }), copy.open(period), let opened = copy.opened,
            (opened.lowerBound..<period).allSatisfy({ $0 <= closed || settled.contains($0) }),
            isReady(period, settledThrough: period - 1)
        else { return .refused }
        var new: [Line] = []
        var paid = 0
        let parties = Set(
            balances.keys.filter {
                $0.code.hasPrefix("payable:") || $0.code.hasPrefix("reserve:") || $0.code.hasPrefix("hold:")
            })
        for account in Set(
            parties.map { Account(code: String($0.code.drop { $0 != ":" }.dropFirst()), currency: $0.currency) })
        {
            let (lines, payment) = copy.work(account.code, account.currency, period)
            new += lines
            if payment > 0 {
                paid += 1
                copy.payments.append(
                    Payment(
                        period: period, party: account.code, currency: account.currency, amount: payment,
                        tax: lines.reduce(0) { $1.kind == "tax_withheld" && $1.amount > 0 ? $0 + $1.amount : $0 }))
            }
        }
        guard copy.post(new) else { return .refused }
        copy.settled.insert(period)
        self = copy
        return .done("\(paid)")
    }

    /// One payee in one currency: the lines, and the payment among them.
    private mutating func work(_ party: String, _ currency: String, _ period: Int) -> ([Line], Int64) {
        let account = Account(code: party, currency: currency)
        let owed = movements(of: party, currency, in: period)
        var left = owed.values.reduce(0, +)
        var earned = (owed["pool_allocated"] ?? 0) + (owed["adjustments"] ?? 0)
        var lines: [Line] = []
        func move(_ kind: String, _ other: String, _ amount: Int64) {
            lines.append(
                Line(
                    period: period, kind: kind, account: Account(code: "payable:\(party)", currency: currency),
                    amount: amount))
            lines.append(
                Line(period: period, kind: kind, account: Account(code: other, currency: currency), amount: -amount))
            left -= amount
        }
        let isFinal = closedAccounts[party].map { $0 <= period } ?? false
        for index in lots.indices
        where lots[index].account == account && (isFinal || lots[index].releaseIn <= period) && lots[index].open > 0 {
            move("reserve_released", "reserve:\(party)", -lots[index].open)
            lots[index].open = 0
        }
        for index in holds.indices {
            guard let released = holds[index].releasedIn, released <= period, let held = holds[index].held[account],
                held > 0
            else { continue }
            move("hold_released", "hold:\(party)", -held)
            holds[index].held[account] = 0
        }
        earned = min(max(earned, 0), max(left, 0))
        func earnings(of dataset: String) -> Int64 {
            func sum(_ allocation: Allocation?) -> Int64 {
                (allocation?.shares ?? []).reduce(0) {
                    $1.party == party && $1.dataset == dataset ? $0 + $1.amount : $0
                }
            }
            return allocations.filter { $0.key.hasSuffix(" \(currency)") }.values.reduce(0) { total, versions in
                versions.indices.reduce(total) { total, index in
                    guard versions[index].posted == period else { return total }
                    return total + sum(versions[index]) - sum(index > 0 ? versions[index - 1] : nil)
                }
            }
        }
        for index in advances.indices where advances[index].party == party && advances[index].currency == currency {
            let advance = advances[index]
            guard advance.paidIn <= period, !advance.isCancelled else { continue }
            let base = advance.dataset.isEmpty ? earned : min(earned, earnings(of: advance.dataset))
            let amount = min(advance.outstanding, Int64(Int128(base) * Int128(advance.recoupPPM) / 1_000_000))
            guard amount > 0 else { continue }
            move("advance_recouped", "advance:\(party)", amount)
            advances[index].outstanding -= amount
            earned -= amount
        }
        let agreed = isFinal ? Terms() : terms[account] ?? Terms()
        let reserve = Int64(Int128(earned) * Int128(agreed.reservePPM) / 1_000_000)
        if reserve > 0 {
            move("reserve_withheld", "reserve:\(party)", reserve)
            lots.append(Lot(account: account, releaseIn: period + agreed.reserveMonths, open: reserve))
            earned -= reserve
        }
        var isHeld = false
        // Datasets first, by their ids; then everything of a payee.
        let ofDatasets: [Int] = holds.indices.filter { !holds[$0].dataset.isEmpty }
            .sorted { (left: Int, right: Int) -> Bool in
                if holds[left].dataset == holds[right].dataset { return left < right }
                return holds[left].dataset < holds[right].dataset
            }
        let order: [Int] = ofDatasets + holds.indices.filter { holds[$0].dataset.isEmpty }
        for index in order {
            if let released = holds[index].releasedIn, released <= period { continue }
            var amount: Int64 = 0
            if holds[index].party == party {
                isHeld = true
                amount = max(left, 0)
            } else if !holds[index].dataset.isEmpty {
                amount = min(earned, earnings(of: holds[index].dataset))
            }
            guard amount > 0 else { continue }
            move("hold_placed", "hold:\(party)", amount)
            holds[index].held[account, default: 0] += amount
            earned = max(earned - amount, 0)
        }
        var coin: Int64 = 1_000_000
        for _ in 0..<(decimals[currency] ?? 0) { coin /= 10 }
        guard !isHeld, !suspended.contains(party), left >= agreed.minimum, left >= coin else { return (lines, 0) }
        let whole = left / coin * coin
        let tax = Int64(Int128(whole) * Int128(taxPPM[party] ?? 0) / 1_000_000) / coin * coin
        if tax > 0 { move("tax_withheld", "withholding:XX", tax) }
        let payment = whole - tax
        if payment > 0 { move("payout_initiated", "payout_clearing:\(period)", payment) }
        return (lines, payment)
    }
}
