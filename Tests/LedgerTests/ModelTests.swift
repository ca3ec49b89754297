import Documents
import Foundation
import Ledger
import Money
import Postgres
import TestSupport
import Testing

/// The ledger in the database against the one in memory, command by command.
@Suite struct ModelTests {
    private static let decimals = ["USD": 2, "JPY": 0, "KWD": 3]
    private static let splits: [String: [(party: String, ppm: Int64)]] = [
        "d1": [("p1", 333_333), ("p3", 666_667)], "d2": [("p2", 1_000_000)],
    ]

    private static var emptyBooks: ReferenceLedger {
        ReferenceLedger(decimals: decimals, splits: splits, taxPPM: ["p4": 153_000])
    }

    /// Six seeds; `LAUREL_MODEL_SEED` says from which one on. (ops/nightly plays many.)
    private static var seeds: [UInt64] {
        let first = ProcessInfo.processInfo.environment["LAUREL_MODEL_SEED"].flatMap(UInt64.init) ?? 1
        return [UInt64](first..<first + 6)
    }

    /// Draws commands from a seed: mostly sensible ones, some that must be refused, some again.
    private struct Author {
        var random: SplitMix
        var month = 1
        var number = 0
        var history: [ModelCommand] = []

        mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
        mutating func party() -> String { "p\(1 + below(5))" }
        mutating func currency() -> String { ["USD", "JPY", "KWD"][below(3)] }

        func coin(_ currency: String) -> Int64 {
            switch currency {
            case "JPY": 1_000_000
            case "KWD": 1_000
            default: 10_000
            }
        }

        mutating func receipt(_ currency: String, period: Int, into: Int? = nil) -> ModelCommand {
            number += 1
            let gross = Int64(1_000 + below(3_000_000))
            let fee = below(3) == 0 ? Int64(below(400)) : 0
            let tax = below(3) == 0 ? Int64(below(400)) : 0
            return .add(
                .init(
                    reference: "r\(number)", period: period, currency: currency, gross: gross * coin(currency),
                    fee: fee * coin(currency), tax: tax * coin(currency), into: into))
        }

        mutating func weights() -> [ReferenceLedger.Weight] {
            let isHuge = below(4) == 0
            let isZero = below(10) == 0
            let owners = [("p1", "d1"), ("p2", "d2")] + (1...5).map { ("p\($0)", "") }
            var weights: [ReferenceLedger.Weight] = []
            for (contributor, dataset) in owners where below(3) > 0 {
                let weight = isZero ? 0 : isHuge ? Int64(random.next() >> 1) : Int64(below(5))
                weights.append(.init(contributor: contributor, dataset: dataset, weight: weight))
            }
            return weights.isEmpty ? [.init(contributor: "p1", dataset: "", weight: 1)] : weights
        }

        /// The end of a month: every pool shared, settled, answered, closed.
        mutating func monthEnd(_ model: ReferenceLedger) -> [ModelCommand] {
            var commands: [ModelCommand] = []
            for currency in ["USD", "JPY", "KWD"] {
                for period in 1..<month where model.balance("pool:\(period)", currency) != 0 {
                    let before = model.allocations["\(period) \(currency)"]?.last?.weights ?? weights()
                    commands.append(.allocate(period, currency, before, into: month, restating: true))
                }
                commands.append(.allocate(month, currency, weights(), into: nil, restating: true))
            }
            commands += [.settle(month), .close(month), .close(month)]
            month += 1
            return commands
        }

        /// Two payees may owe, from the start: what is restated after it was paid leaves a debt to write off.
        private var negativeCarry: [ModelCommand] {
            ["p1", "p2"].flatMap { party in
                ["USD", "JPY", "KWD"].map {
                    .terms(party, $0, minimum: 0, reservePPM: 0, months: 0, negative: true, from: 1)
                }
            }
        }

        /// What comes at a turn of the month: revenue first, its end last, anything between, drawn from the books as they are.
        mutating func turn(_ number: Int, _ model: ReferenceLedger) -> [ModelCommand] {
            switch number {
            case 0: (month == 1 ? negativeCarry : []) + [receipt("USD", period: month)]
            case 19: monthEnd(model)
            default: [next(model)]
            }
        }

        /// A balance below zero is given up: proposed or, if it is, agreed to.
        private mutating func writeOff(of debt: ReferenceLedger.Account, _ model: ReferenceLedger, in period: Int)
            -> ModelCommand
        {
            let party = String(debt.code.dropFirst("payable:".count))
            let open = model.writeOffs.filter {
                $0.value.party == party && $0.value.currency == debt.currency && $0.value.advance.isEmpty
                    && $0.value.approvers.count < 2
            }
            if let reference = open.keys.sorted().last { return approval(reference, model, in: period) }
            number += 1
            return .propose(
                "w\(number)", party: party, currency: debt.currency, advance: "",
                model.balance(debt.code, debt.currency) / Int64(1 + below(2)) + Int64(below(2)), by: self.party())
        }

        /// Mostly by somebody who may.
        private mutating func approval(_ reference: String, _ model: ReferenceLedger, in period: Int) -> ModelCommand {
            let others = (1...5).map { "p\($0)" }.filter { person in
                model.writeOffs[reference].map { person != $0.party && person != $0.proposer } ?? true
            }
            return .approve(reference, by: below(4) == 0 ? party() : others[below(others.count)], in: period)
        }

        mutating func next(_ model: ReferenceLedger) -> ModelCommand {
            let currency = currency()
            // Mostly this month, sometimes an earlier one or the next.
            let period = below(12) == 0 ? 1 + below(month) : below(15) == 0 ? month + 1 : month
            // A debt is rare and soon made up: while there is one, every second command is about it.
            let debts = model.balances.filter { $0.key.code.hasPrefix("payable:") && $0.value > 0 }.keys
                .sorted { ($0.code, $0.currency) < ($1.code, $1.currency) }
            if let debt = debts.randomElement(using: &random), below(2) == 0 {
                return writeOff(of: debt, model, in: period)
            }
            switch below(25) {
            case 0...3: return receipt(currency, period: period)
            case 4:
                guard number > 0 else { return receipt(currency, period: period) }
                return .void("r\(1 + below(number + 1))", into: below(10) == 0 ? month : nil)
            case 5...6: return .allocate(period, currency, weights(), into: nil, restating: below(2) == 0)
            case 7:
                guard model.closed > 0 else { return receipt(currency, period: month) }
                return .allocate(1 + below(model.closed), currency, weights(), into: month, restating: true)
            case 8:
                let reserve = below(2) == 0 ? Int64(below(400_000)) : 0
                return .terms(
                    party(), currency, minimum: Int64(below(40_000)) * coin(currency), reservePPM: reserve,
                    months: reserve > 0 ? 1 + below(3) : 0, negative: below(2) == 0, from: month)
            case 9:
                number += 1
                return .advance(
                    party(), currency, Int64(1 + below(500_000)) * coin(currency),
                    recoupPPM: Int64(1 + below(1_000_000)), dataset: ["", "", "d1", "d2"][below(4)],
                    reference: "a\(number)", in: period)
            case 10:
                return below(2) == 0
                    ? .hold(party: party(), dataset: "") : .hold(party: "", dataset: "d\(1 + below(2))")
            case 11: return .release(1 + below(model.holds.count + 1), in: month)
            case 12:
                number += 1
                let other = ["USD", "JPY", "KWD"].filter { $0 != currency }[below(2)]
                return .convert(
                    party(), Int64(1 + below(20_000)) * coin(currency), from: currency, to: other,
                    rateMillis: Int64(1 + below(5_000)), reference: "x\(number)", in: month)
            case 13...14:
                guard !model.payments.isEmpty else { return .settle(month) }
                let payment = model.payments[below(model.payments.count)]
                return .answer(
                    period: payment.period, party: payment.party, currency: payment.currency,
                    result: below(3) == 0 ? "returned" : "settled", in: period)
            case 15:
                // Late, in a month that may still be open, or before its use.
                guard below(4) > 0 else { return below(2) == 0 ? .settle(month + 1) : .close(month + 1) }
                return receipt(currency, period: 1 + below(month), into: below(6) == 0 ? 1 + below(month) : month)
            case 16:
                guard let advance = model.advances.randomElement(using: &random) else { return .suspend(party(), true) }
                return .cancel(below(8) == 0 ? "none" : advance.reference, in: period)
            case 17:
                guard let advance = model.advances.randomElement(using: &random) else {
                    return .suspend(party(), false)
                }
                number += 1
                return .propose(
                    "w\(number)", party: advance.party, currency: advance.currency,
                    advance: below(8) == 0 ? "none" : advance.reference,
                    max(1, Int64(1 + below(2)) * advance.outstanding / 2 + Int64(below(2))), by: party())
            case 18...20:
                let open = model.writeOffs.filter { $0.value.approvers.count < 2 }.keys.sorted()
                return approval(
                    open.randomElement(using: &random) ?? model.writeOffs.keys.sorted().last ?? "none", model,
                    in: period)
            case 21:
                number += 1
                let owed = -model.balance("withholding:XX", currency)
                return .remit(
                    currency, max(1, owed - Int64(below(2)) * coin(currency)), reference: "t\(number)", in: period)
            case 22:
                return below(5) == 0 ? .closeAccount(party(), from: period) : .suspend(party(), below(3) == 0)
            default:
                // Again: of each kind of command as often as of another.
                let kinds = Dictionary(grouping: history.filter(\.canRepeat), by: \.name).sorted { $0.key < $1.key }
                guard let kind = kinds.randomElement(using: &random) else { return receipt(currency, period: month) }
                return kind.value[below(kind.value.count)]
            }
        }
    }

    /// Agreement about commands that hardly occur, or that are always refused, would be worth little.
    @Test func everyCommandIsTakenAndRefused() {
        var outcomes: [String: Set<String>] = [:]
        var moved: Set<String> = []
        for seed in 1...30 as ClosedRange<UInt64> {
            var model = Self.emptyBooks
            var author = Author(random: SplitMix(seed: seed))
            for turn in 0..<100 {
                for command in author.turn(turn % 20, model) {
                    outcomes[command.name, default: []].insert("\(command.apply(to: &model))")
                    author.history.append(command)
                }
            }
            moved.formUnion(model.lines.map { "\($0.kind) \($0.account.code.prefix { $0 != ":" })" })
        }
        for name in [
            "add", "void", "allocate", "advance", "close", "cancel", "propose", "closeAccount", "remit",
        ] {
            let seen = outcomes[name] ?? []
            #expect(seen.isSuperset(of: ["done(\"new\")", "done(\"unchanged\")", "refused"]), "\(name): \(seen)")
        }
        #expect(outcomes["convert"]?.isSuperset(of: ["done(\"new\")", "refused"]) == true)
        for name in ["add", "void", "cancel", "close", "answer", "propose", "approve"] {
            #expect(outcomes[name]?.contains("unusable") == true, "\(name): \(outcomes[name] ?? [])")
        }
        let approvals = ["done(\"1 new\")", "done(\"1 unchanged\")", "done(\"2 new\")", "refused"]
        #expect(outcomes["approve"]?.isSuperset(of: approvals) == true, "\(outcomes["approve"] ?? [])")
        #expect(outcomes["settle"]?.isSuperset(of: ["done(\"0\")", "done(\"5\")", "refused"]) == true)
        #expect(outcomes["answer"]?.isSuperset(of: ["done(\"0\")", "done(\"1\")", "refused"]) == true)
        #expect(
            moved.isSuperset(of: [
                "written_off payable", "written_off advance", "reversal advance", "tax_remitted withholding",
                "payout_returned withholding", "reserve_released reserve", "hold_released hold",
                "prior_period_adjusted payable", "advance_recouped advance",
            ]), "\(moved.sorted())")
    }

    @Test(arguments: seeds)
    func bothLedgersAgree(seed: UInt64) async throws {
        try await withBooks { ledger, administration in
            try await administration.withTransaction { connection in
                try await connection.execute(
                    """
                    INSERT INTO registry.dataset (id, contributor, title, registered_at)
                    VALUES ('d1', 'p1', 'One', '2025-01-01'), ('d2', 'p2', 'Two', '2025-01-01')
                    """)
                try await connection.execute(
                    """
                    INSERT INTO registry.dataset_split (dataset_id, party_id, role, share_ppm, valid)
                    VALUES ('d1', 'p1', 'contributor', 333333, '[2025-01-01,)'),
                           ('d1', 'p3', 'editor', 666667, '[2025-01-01,)'),
                           ('d2', 'p2', 'contributor', 1000000, '[2025-01-01,)')
                    """)
            }
            let january = Day(year: 2025, month: 1, day: 1)!
            _ = try await ledger.addWithholdingRule(
                jurisdiction: "XX", form: "F", ratePPM: 153_000, treaty: "", from: january, until: nil)
            _ = try await ledger.addTaxProfile(
                party: "p4", country: "XX", form: "F", signedOn: january, expiresOn: nil)
            var model = Self.emptyBooks
            var author = Author(random: SplitMix(seed: seed))
            var keys: [String: (command: ModelCommand, outcome: ReferenceLedger.Outcome)] = [:]
            var step = 0
            for month in 1...5 {
                for number in 0...19 {
                    for command in author.turn(number, model) {
                        step += 1
                        // Every third command carries a key (not the one that opens the month); a few keys come back, with the same request or another.
                        let key = step % 3 == 0 && number > 0 && command.takesKey ? "k\(author.below(20))" : nil
                        let here: ReferenceLedger.Outcome
                        if let key, let before = keys[key] {
                            here = before.command == command ? before.outcome : .refused
                        } else {
                            here = command.apply(to: &model)
                            if let key { keys[key] = (command, here) }
                        }
                        let there = try await command.apply(to: ledger, Posting(idempotencyKey: key))
                        try #require(there == here, "seed \(seed) step \(step): \(command) key \(key ?? "none")")
                        author.history.append(command)
                        try await compare(ledger, model, "seed \(seed) step \(step): \(command)")
                    }
                }
                try await compareIdentities(ledger, model, month, "seed \(seed) month \(month)")
                let violations = try await ledger.check(strict: true)
                try #require(violations.isEmpty, "seed \(seed) month \(month): \(violations)")
            }
        }
    }

    private func compare(_ ledger: Ledger, _ model: ReferenceLedger, _ place: String) async throws {
        var there: [ReferenceLedger.Account: Int64] = [:]
        for account in try await ledger.trialBalance() where account.lineCount > 0 {
            let code = account.code.replacing(":2026-0", with: ":")
            there[.init(code: code, currency: account.currency.code)] = account.balance.value
        }
        try #require(there == model.balances, "\(place)")
    }

    private func compareIdentities(
        _ ledger: Ledger, _ model: ReferenceLedger, _ month: Int, _ place: String
    ) async throws {
        let columns = [
            "opening": "opening", "earned": "pool_allocated", "adjustments": "adjustments",
            "reserve_released": "reserve_released", "hold_released": "hold_released", "converted": "fx_converted",
            "written_off": "written_off",
            "recouped": "advance_recouped", "reserve_withheld": "reserve_withheld", "hold_placed": "hold_placed",
            "tax_withheld": "tax_withheld", "paid": "payout_initiated", "returned": "payout_returned",
        ]
        let taken: Set = ["recouped", "reserve_withheld", "hold_placed", "tax_withheld", "paid"]
        let rows = try await ledger.database.query(
            "SELECT * FROM ledger.payee_statement(\(Period(year: 2026, month: month)!.description))")
        var shown: Set<ReferenceLedger.Account> = []
        for row in rows {
            let party: String = try row.get("party_id")
            let currency: String = try row.get("currency")
            let expected = model.movements(of: party, currency, in: month)
            for (column, kind) in columns {
                let amount: Int64 = try row.get(column)
                let signed = taken.contains(column) ? -amount : amount
                try #require(signed == expected[kind] ?? 0, "\(place) \(party) \(currency) \(column)")
            }
            try #require(
                try row.get("closing", as: Int64.self) == expected.values.reduce(0, +), "\(place) \(party) closing")
            shown.insert(.init(code: "payable:\(party)", currency: currency))
        }
        // Whoever is not shown has neither a balance nor a movement.
        for account in Set(model.lines.map(\.account)).subtracting(shown) where account.code.hasPrefix("payable:") {
            let sums = model.movements(of: String(account.code.dropFirst(8)), account.currency, in: month)
            try #require(
                sums.allSatisfy { $0.key == "opening" } && sums.values.reduce(0, +) == 0, "\(place): \(account)")
        }
    }
}
