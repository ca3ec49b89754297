import Foundation

/// A ledger in memory, written from the accounting rules alone: no SQL and nothing of the ledger's own arithmetic.
///
/// It keeps every line ever posted and computes everything else from them, slowly and plainly. A command either changes
/// the books and says so, or leaves them as they are.
struct ReferenceLedger {
    /// What a command comes to.
    enum Outcome: Equatable { case done(String), refused, unusable }

    /// An account in one currency.
    struct Account: Hashable {
        let code: String
        let currency: String
    }

    /// One line; `period` counts months from 1.
    struct Line {
        let period: Int
        let kind: String
        let account: Account
        /// Micros; debit is plus.
        let amount: Int64
    }

    struct Receipt: Hashable {
        var reference: String
        var period: Int
        var currency: String
        var gross: Int64
        var fee: Int64
        var tax: Int64
        /// Where it is posted, when that is not ``period``.
        var into: Int? = nil
        var posted: Int { into ?? period }
    }

    struct Share {
        let party: String
        let dataset: String
        let amount: Int64
    }

    struct Allocation {
        let weights: [Weight]
        let pool: Int64
        let shares: [Share]
        /// Where it was posted.
        let posted: Int
    }

    struct Weight: Hashable {
        let contributor: String
        let dataset: String
        let weight: Int64
        var id: String { dataset.isEmpty ? contributor : dataset }
    }

    struct Terms {
        var minimum: Int64 = 0
        var reservePPM: Int64 = 0
        var reserveMonths = 0
        var isNegativeCarryAgreed = false
    }

    struct Advance {
        let party: String
        let currency: String
        let amount: Int64
        let recoupPPM: Int64
        let dataset: String
        let reference: String
        var outstanding: Int64
        var paidIn = 0
        var isCancelled = false
    }

    struct WriteOff: Equatable {
        let party: String
        let currency: String
        /// Empty: the balance below zero is given up.
        let advance: String
        let amount: Int64
        let proposer: String
        var approvers: [String] = []
    }

    struct Remittance: Equatable {
        let currency: String
        let amount: Int64
        let period: Int
    }

    struct Hold {
        let id: Int
        let party: String
        let dataset: String
        var releasedIn: Int?
        var held: [Account: Int64] = [:]
    }

    struct Lot {
        let account: Account
        let releaseIn: Int
        var open: Int64
    }

    struct Payment {
        let period: Int
        let party: String
        let currency: String
        let amount: Int64
        let tax: Int64
        var isSettled = false
        var isReturned = false
    }

    /// How many decimals a bank moves.
    let decimals: [String: Int]
    /// Who shares a dataset, in parts per million.
    let splits: [String: [(party: String, ppm: Int64)]]
    /// Part of each payment of a payee that is withheld for `XX`.
    let taxPPM: [String: Int64]

    var lines: [Line] = []
    /// Months without a gap, as they were opened.
    var opened: ClosedRange<Int>?
    var closed = 0
    var settled: Set<Int> = []
    var receipts: [String: [(receipt: Receipt, isVoid: Bool)]] = [:]
    var allocations: [String: [Allocation]] = [:]
    var terms: [Account: Terms] = [:]
    var advances: [Advance] = []
    var holds: [Hold] = []
    var lots: [Lot] = []
    var payments: [Payment] = []
    var conversions: Set<String> = []
    var writeOffs: [String: WriteOff] = [:]
    var remittances: [String: Remittance] = [:]
    /// Payees whose account is closed, and from which month on.
    var closedAccounts: [String: Int] = [:]
    var suspended: Set<String> = []

    init(decimals: [String: Int], splits: [String: [(party: String, ppm: Int64)]], taxPPM: [String: Int64]) {
        self.decimals = decimals
        self.splits = splits
        self.taxPPM = taxPPM
    }

    // MARK: - Looking

    func balance(_ code: String, _ currency: String, through period: Int = .max) -> Int64 {
        lines.reduce(0) {
            $1.account.code == code && $1.account.currency == currency && $1.period <= period ? $0 + $1.amount : $0
        }
    }

    /// Every account that was ever posted to.
    var balances: [Account: Int64] {
        lines.reduce(into: [:]) { $0[$1.account, default: 0] += $1.amount }
    }

    /// A payee's period by kind of journal, credit as plus.
    func movements(of party: String, _ currency: String, in period: Int) -> [String: Int64] {
        var sums: [String: Int64] = [:]
        for line in lines where line.account == Account(code: "payable:\(party)", currency: currency) {
            guard line.period <= period else { continue }
            let kind =
                line.period < period
                ? "opening"
                : ["prior_period_adjusted", "reversal"].contains(line.kind) ? "adjustments" : line.kind
            sums[kind, default: 0] -= line.amount
        }
        return sums
    }

    // MARK: - Posting

    /// Opens a month and those between it and the others; false behind the last settled or closed one.
    mutating func open(_ period: Int) -> Bool {
        if let opened, opened.contains(period) { return true }
        guard period > max(closed, settled.max() ?? 0) else { return false }
        opened = min(period, opened?.lowerBound ?? period)...max(period, opened?.upperBound ?? period)
        return true
    }

    /// What belongs to a month is posted there until it is settled, and later after that.
    private func isLate(_ period: Int, into target: Int) -> Bool {
        target == period || settled.contains(period) || period <= closed
    }

    /// Posts all of it or nothing: every set of lines sums to zero, and no guarded account that a line draws on ends on its
    /// forbidden side.
    mutating func post(_ new: [Line]) -> Bool {
        let all = lines + new.filter { $0.amount != 0 }
        var copy = self
        guard new.allSatisfy({ $0.amount == 0 || ($0.period > closed && copy.open($0.period)) }) else { return false }
        let isFinal = new.contains { line in
            line.amount != 0 && settled.contains(line.period)
                && ["payable", "pool"].contains(line.account.code.prefix { $0 != ":" })
        }
        guard !isFinal else { return false }
        for account in Set(new.map(\.account)) {
            let prefix = account.code.prefix { $0 != ":" }
            let sum = all.reduce(Int64(0)) { $1.account == account ? $0 + $1.amount : $0 }
            // What moves an account away from its forbidden side is welcome.
            let isDebited = new.contains { $0.account == account && $0.amount > 0 }
            let isCredited = new.contains { $0.account == account && $0.amount < 0 }
            if ["payable", "reserve", "hold", "payout_clearing"].contains(prefix), isDebited, sum > 0 {
                let owner = Account(code: String(account.code.dropFirst(8)), currency: account.currency)
                guard prefix == "payable", terms[owner]?.isNegativeCarryAgreed == true else { return false }
            }
            if prefix == "advance", isCredited, sum < 0 { return false }
        }
        lines = all
        opened = copy.opened
        return true
    }

    func pair(
        _ period: Int, _ kind: String, _ currency: String, _ debit: String, _ credit: String, _ amount: Int64
    ) -> [Line] {
        [
            Line(period: period, kind: kind, account: Account(code: debit, currency: currency), amount: amount),
            Line(period: period, kind: kind, account: Account(code: credit, currency: currency), amount: -amount),
        ]
    }

    // MARK: - Commands

    mutating func add(_ receipt: Receipt) -> Outcome {
        guard receipt.gross - receipt.fee - receipt.tax > 0 else { return .unusable }
        let versions = receipts[receipt.reference] ?? []
        if let last = versions.last, !last.isVoid { return last.receipt == receipt ? .done("unchanged") : .refused }
        if receipt.posted < receipt.period { return .unusable }
        guard isLate(receipt.period, into: receipt.posted) else { return .refused }
        var copy = self
        guard copy.open(receipt.period) else { return .refused }
        let net = receipt.gross - receipt.fee - receipt.tax
        let amounts = [
            ("receivable:shop", receipt.gross), ("fee:processing", -receipt.fee), ("withholding:source", -receipt.tax),
            ("pool:\(receipt.period)", -net),
        ]
        let posted = copy.post(
            amounts.map {
                Line(
                    period: receipt.posted, kind: "revenue_recognised",
                    account: Account(code: $0.0, currency: receipt.currency), amount: $0.1)
            })
        guard posted else { return .refused }
        self = copy
        receipts[receipt.reference, default: []].append((receipt, false))
        return .done("new")
    }

    mutating func void(_ reference: String, into: Int?) -> Outcome {
        guard let versions = receipts[reference], let last = versions.last else { return .unusable }
        if last.isVoid { return .done("unchanged") }
        let receipt = last.receipt
        let target = into ?? receipt.posted
        if target < receipt.posted { return .unusable }
        guard isLate(receipt.posted, into: target) else { return .refused }
        let amounts = [
            ("receivable:shop", -receipt.gross), ("fee:processing", receipt.fee), ("withholding:source", receipt.tax),
            ("pool:\(receipt.period)", receipt.gross - receipt.fee - receipt.tax),
        ]
        let posted = post(
            amounts.map {
                Line(
                    period: target, kind: "reversal",
                    account: Account(code: $0.0, currency: receipt.currency), amount: $0.1)
            })
        guard posted else { return .refused }
        receipts[reference]![versions.count - 1].isVoid = true
        return .done("new")
    }

    mutating func allocate(_ period: Int, _ currency: String, _ weights: [Weight], into: Int?, restating: Bool)
        -> Outcome
    {
        let key = "\(period) \(currency)"
        let target = into ?? period
        if target < period { return .unusable }
        var copy = self
        guard isLate(period, into: target), copy.open(target) else { return .refused }
        let old = allocations[key]?.last
        let sorted = weights.sorted { Array($0.id.utf8).lexicographicallyPrecedes(Array($1.id.utf8)) }
        if let old, !restating, into == nil, old.weights != sorted { return .refused }
        let pool = (old?.pool ?? 0) - balance("pool:\(period)", currency)
        if let old, old.weights == sorted, old.pool == pool {
            self = copy
            return .done("unchanged")
        }
        // A closed month takes no new weights either, also where they move nothing.
        guard pool > 0 || (pool == 0 && old != nil), target > closed else { return .refused }
        let shares = sorted.isEmpty ? [] : share(pool, sorted)
        var change: [String: Int64] = [:]
        for share in shares { change["payable:\(share.party)", default: 0] -= share.amount }
        for share in old?.shares ?? [] { change["payable:\(share.party)", default: 0] += share.amount }
        if sorted.allSatisfy({ $0.weight == 0 }) { change["suspense:unmatched", default: 0] -= pool }
        if let old, old.weights.allSatisfy({ $0.weight == 0 }) { change["suspense:unmatched", default: 0] += old.pool }
        change["pool:\(period)", default: 0] += pool - (old?.pool ?? 0)
        let kind = target == period ? "pool_allocated" : "prior_period_adjusted"
        let posted = post(
            change.map {
                Line(period: target, kind: kind, account: Account(code: $0.key, currency: currency), amount: $0.value)
            })
        guard posted else { return .refused }
        _ = open(target)
        allocations[key, default: []].append(Allocation(weights: sorted, pool: pool, shares: shares, posted: target))
        return .done("new")
    }

    /// Units go one by one to whoever's exact share is furthest above what it has; first to the smallest id.
    private func divide(_ pool: Int64, _ parts: [(id: String, weight: Int64)]) -> [Int64] {
        let total = parts.reduce(Int128(0)) { $0 + Int128($1.weight) }
        guard total > 0 else { return parts.map { _ in 0 } }
        var amounts = parts.map { Int64(Int128(pool) * Int128($0.weight) / total) }
        func missing(_ index: Int) -> Int128 {
            Int128(pool) * Int128(parts[index].weight) - Int128(amounts[index]) * total
        }
        while amounts.reduce(0, +) < pool {
            var best = 0
            for index in parts.indices where missing(index) > missing(best) { best = index }
            amounts[best] += 1
        }
        return amounts
    }

    private func share(_ pool: Int64, _ weights: [Weight]) -> [Share] {
        zip(weights, divide(pool, weights.map { ($0.id, $0.weight) })).flatMap { weight, amount in
            guard let split = splits[weight.dataset] else {
                return [Share(party: weight.contributor, dataset: weight.dataset, amount: amount)]
            }
            let parts = split.sorted { $0.party < $1.party }.map { (id: $0.party, weight: $0.ppm) }
            return zip(parts, divide(amount, parts)).map {
                Share(party: $0.0.id, dataset: weight.dataset, amount: $0.1)
            }
        }
    }

    mutating func pay(_ advance: Advance, in period: Int) -> Outcome {
        if let old = advances.first(where: { $0.reference == advance.reference }) {
            let same =
                old.party == advance.party && old.currency == advance.currency && old.amount == advance.amount
                && old.recoupPPM == advance.recoupPPM
            return same && !old.isCancelled ? .done("unchanged") : .refused
        }
        guard !suspended.contains(advance.party),
            post(
                pair(period, "advance_paid", advance.currency, "advance:\(advance.party)", "bank:main", advance.amount))
        else { return .refused }
        advances.append(advance)
        advances[advances.count - 1].paidIn = period
        return .done("new")
    }

    mutating func hold(party: String, dataset: String) -> Outcome {
        if let old = holds.first(where: { $0.party == party && $0.dataset == dataset && $0.releasedIn == nil }) {
            return .done("\(old.id)")
        }
        holds.append(Hold(id: holds.count + 1, party: party, dataset: dataset))
        return .done("\(holds.count)")
    }

    mutating func release(_ id: Int, in period: Int) -> Outcome {
        guard period > closed, !settled.contains(period), opened?.contains(period) == true else { return .refused }
        guard let index = holds.firstIndex(where: { $0.id == id }) else { return .unusable }
        guard holds[index].releasedIn == nil else { return .done("unchanged") }
        holds[index].releasedIn = period
        return .done("new")
    }

    mutating func convert(
        _ party: String, _ amount: Int64, from: String, to: String, rateMillis: Int64, reference: String, in period: Int
    ) -> Outcome {
        guard !conversions.contains(reference) else { return .done("new") }
        guard amount <= convertible(party, from) else { return .refused }
        let received = amount * rateMillis / 1000
        let legs =
            pair(period, "fx_converted", from, "payable:\(party)", "fx:liquidity", amount)
            + pair(period, "fx_converted", to, "fx:liquidity", "payable:\(party)", received)
        guard post(legs) else { return .refused }
        conversions.insert(reference)
        return .done("new")
    }

    /// What is owed, without unsettled earnings that somebody else may claim; nothing on hold.
    private func convertible(_ party: String, _ currency: String) -> Int64 {
        let account = Account(code: party, currency: currency)
        let open = holds.filter { $0.releasedIn == nil }
        if open.contains(where: { $0.party == party }) { return 0 }
        let isClaimed =
            advances.contains { $0.party == party && $0.currency == currency && $0.outstanding > 0 }
            || (terms[account]?.reservePPM ?? 0) > 0
            || open.contains { hold in
                !hold.dataset.isEmpty
                    && allocations.contains { key, versions in
                        key.hasSuffix(currency)
                            && versions.contains {
                                $0.shares.contains { $0.party == party && $0.dataset == hold.dataset }
                            }
                    }
            }
        let earned = lines.reduce(Int64(0)) { sum, line in
            line.account == Account(code: "payable:\(party)", currency: currency) && !settled.contains(line.period)
                && ["pool_allocated", "prior_period_adjusted"].contains(line.kind) ? sum - line.amount : sum
        }
        return max(0, -balance("payable:\(party)", currency) - (isClaimed ? earned : 0))
    }

    /// Whether pools up to a period are shared, and, of the periods up to another one, all settled that owed somebody.
    func isReady(_ period: Int, settledThrough last: Int) -> Bool {
        let isShared = decimals.keys.allSatisfy { currency in
            (1...period).allSatisfy { balance("pool:\($0)", currency, through: period) == 0 }
        }
        return isShared
            && !lines.contains {
                $0.account.code.hasPrefix("payable:") && $0.period <= last && !settled.contains($0.period)
            }
    }

    mutating func close(_ period: Int) -> Outcome {
        guard let opened, opened.contains(period) else { return .unusable }
        if period <= closed { return .done("unchanged") }
        guard period == max(closed + 1, opened.lowerBound) else { return .refused }
        guard isReady(period, settledThrough: period) else { return .refused }
        closed = period
        return .done("new")
    }

    mutating func answer(_ indices: [Int], _ result: String, in period: Int) -> Outcome {
        var copy = self
        var news = 0
        if result == "settled", indices.contains(where: { payments[$0].isReturned && !payments[$0].isSettled }) {
            return .refused
        }
        if indices.contains(where: { payments[$0].period > period }) { return .unusable }
        guard copy.open(period) else { return .refused }
        for index in indices {
            let payment = copy.payments[index]
            if result == "settled" ? payment.isSettled : payment.isReturned { continue }
            let from = payment.isSettled ? "bank:main" : "payout_clearing:\(payment.period)"
            let to = result == "settled" ? "bank:main" : "payable:\(payment.party)"
            var lines = copy.pair(period, "payout_\(result)", payment.currency, from, to, payment.amount)
            if result == "returned" {
                lines += copy.pair(period, "payout_returned", payment.currency, "withholding:XX", to, payment.tax)
            }
            guard copy.post(lines) else { return .refused }
            if result == "settled" {
                copy.payments[index].isSettled = true
            } else {
                copy.payments[index].isReturned = true
            }
            news += 1
        }
        self = copy
        return .done("\(news)")
    }
}
