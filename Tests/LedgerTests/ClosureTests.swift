import Documents
import Errors
import Ledger
import Money
import Postgres
import Testing

/// How things end: accounts that close, payees that are suspended, advances that come back, tax that is paid on.
@Suite struct ClosureTests {
    private func settle(_ ledger: Ledger, _ period: Period) async throws {
        _ = try await ledger.settle(period, policy: WaterfallPolicy(WaterfallPolicy.standard))
    }

    private func isRefused(_ what: String, _ body: () async throws -> Void) async {
        let error = await #expect(throws: LaurelError.self) { try await body() }
        #expect(error?.kind == .refused && error?.description.contains(what) == true, "\(String(describing: error))")
    }

    @Test func aClosedAccountIsPaidWhateverIsLeft() async throws {
        try await withBooks { ledger, _ in
            for party in ["p1", "p2"] {
                _ = try await ledger.changeTerms(
                    TermsChange(
                        party: party, currency: .dollars, validFrom: october.firstDay, minimumPayout: usd(500_000_000),
                        reservePPM: 200_000, reserveReleaseMonths: 24))
            }
            try await ledger.earn("r1", 200_00)
            _ = try await ledger.share([("p1", 1), ("p2", 1)])
            try await settle(ledger, october)
            #expect(try await ledger.payments(of: october).isEmpty)
            await isRefused("settled already") {
                _ = try await ledger.closeAccount(of: "p1", from: october, reason: "left")
            }
            try await ledger.earn("r2", 20_00, in: november)
            #expect(try await ledger.closeAccount(of: "p1", from: november, reason: "left"))
            #expect(try await !ledger.closeAccount(of: "p1", from: november, reason: "left"))
            _ = try await ledger.share([("p1", 1), ("p2", 1)], in: november)
            try await settle(ledger, november)
            // 80 carried, 20 in reserve, 10 of November with nothing withheld of it; the other payee waits.
            let paid = try await ledger.payments(of: november)
            #expect(paid.map { "\($0.party) \($0.amount.formatted)" } == ["p1 110.000000"])
            for code in ["reserve:p1", "payable:p1"] { #expect(try await ledger.balance(code) == 0) }
            #expect(try await ledger.balance("reserve:p2") == -22_000_000)
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    @Test func whoIsSuspendedIsNotPaid() async throws {
        try await withBooks { ledger, _ in
            func suspend(_ status: String) async throws {
                try await ledger.database.execute("UPDATE registry.party SET status = \(status) WHERE id = 'p1'")
            }
            try await suspend("suspended")
            await isRefused("is suspended") {
                _ = try await ledger.payAdvance(
                    party: "p1", amount: usd(1_000_000), currency: .dollars, recoupPPM: 1_000_000, dataset: nil,
                    crossGroup: false, reference: "A-1", period: october)
            }
            try await ledger.earn("r1", 100_00)
            _ = try await ledger.share([("p1", 1), ("p2", 1)])
            let policy = try WaterfallPolicy(WaterfallPolicy.standard)
            let paying = await #expect(throws: PostgresError.self) {
                try await ledger.database.execute(
                    """
                    SELECT ledger.post_settlement('2026-10', '2026-10-31',
                        (SELECT ledger.record_policy('waterfall', \(policy.document.encoded()))), '[]'::jsonb,
                        '[{"party_id":"p1","currency":"USD","status":"scheduled","amount_micros":50000000,"minimum_micros":0}]')
                    """)
            }
            #expect(paying?.sqlState == "LR001")
            try await settle(ledger, october)
            let payees = try await ledger.payeePeriods(october, policy: policy)
            #expect(
                payees.map { "\($0.status) \($0.paid.formatted) \($0.closing.formatted)" } == [
                    "suspended 0.000000 50.000000", "scheduled 50.000000 0.000000",
                ])
            try await suspend("active")
            try await settle(ledger, november)
            #expect(
                try await ledger.payments(of: november).map { "\($0.party) \($0.amount.formatted)" } == ["p1 50.000000"]
            )
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    @Test func anAdvanceComesBackWholeOrNotAtAll() async throws {
        try await withBooks { ledger, _ in
            func pay(_ reference: String, _ party: String, _ period: Period) async throws {
                _ = try await ledger.payAdvance(
                    party: party, amount: usd(30_000_000), currency: .dollars, recoupPPM: 500_000, dataset: nil,
                    crossGroup: false, reference: reference, period: period)
            }
            try await pay("A-1", "p1", october)
            try await pay("A-2", "p2", october)
            try await pay("A-3", "p3", november)
            #expect(try await ledger.cancelAdvance("A-1", in: october, reason: "wrong payee"))
            #expect(try await !ledger.cancelAdvance("A-1", in: october, reason: "wrong payee"))
            await isRefused("was cancelled") { try await pay("A-1", "p1", october) }
            #expect(try await ledger.balance("advance:p1") == 0)
            let unknown = await #expect(throws: LaurelError.self) {
                try await ledger.cancelAdvance("A-9", in: october, reason: "x")
            }
            #expect(unknown?.kind == .input)
            try await ledger.earn("r1", 120_00)
            _ = try await ledger.share([("p1", 1), ("p2", 1), ("p3", 1)])
            try await settle(ledger, october)
            await isRefused("10.000000 USD are left") {
                _ = try await ledger.cancelAdvance("A-2", in: november, reason: "x")
            }
            // November's advance is no business of October's settlement.
            #expect(try await ledger.payments(of: october).map(\.amount.value) == [40_000_000, 20_000_000, 40_000_000])
            let listed = try await ledger.advances()
            #expect(
                listed.map { "\($0.reference) \($0.outstanding.formatted) \($0.isCancelled)" } == [
                    "A-1 0.000000 true", "A-2 10.000000 false", "A-3 30.000000 false",
                ])
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    @Test func taxIsPaidOnOnceAndNeverMoreThanIsOwed() async throws {
        try await withBooks { ledger, _ in
            let january = Day(year: 2026, month: 1, day: 1)!
            _ = try await ledger.addWithholdingRule(
                jurisdiction: "US", form: "F", ratePPM: 300_000, treaty: "", from: january, until: nil)
            _ = try await ledger.addTaxProfile(
                party: "p1", country: "US", form: "F", signedOn: january, expiresOn: nil)
            try await ledger.earn("r1", 100_00)
            _ = try await ledger.share([("p1", 1)])
            try await settle(ledger, october)
            func remit(_ cents: Int64, _ reference: String, _ period: Period = october) async throws -> Bool {
                try await ledger.remitTax(
                    to: "US", amount: usd(cents * 10_000), currency: .dollars, reference: reference, period: period)
            }
            await isRefused("only 30.000000") { _ = try await remit(30_01, "T-1") }
            #expect(try await remit(20_00, "T-1"))
            #expect(try await !remit(20_00, "T-1"))
            await isRefused("otherwise") { _ = try await remit(10_00, "T-1") }
            // Many at the same time pay no more than there is.
            let paid = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<4 {
                    group.addTask {
                        do { return try await remit(6_00, "T-2\(number)") } catch { return false }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(paid == 1)
            #expect(
                try await ledger.taxOwed().map { "\($0.remitted.formatted) \($0.owed.formatted)" } == [
                    "26.000000 4.000000"
                ])
            // A returned payment brings its tax back: now the authority owes it.
            _ = try await ledger.recordResults(
                ofPeriod: october, party: "p1", result: "returned", reason: "closed", in: november)
            #expect(try await ledger.taxOwed().map(\.owed) == [usd(-26_000_000)])
            await isRefused("only -26.000000") { _ = try await remit(1, "T-3", november) }
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    @Test func aReturnSaysWhichCurrency() async throws {
        try await withBooks { ledger, _ in
            try await ledger.earn("r1", 100_00)
            try await ledger.earn("r2", 700, currency: "JPY")
            _ = try await ledger.share([("p1", 1)])
            try await settle(ledger, october)
            func give(_ currency: String?) async throws -> Int {
                try await ledger.recordResults(
                    ofPeriod: october, party: "p1", currency: currency.map { try Currency.named($0) },
                    result: "returned",
                    reason: "closed", in: november)
            }
            let both = await #expect(throws: LaurelError.self) { _ = try await give(nil) }
            #expect(both?.kind == .input && both?.description.contains("JPY, USD") == true)
            #expect(try await give("JPY") == 1)
            for (party, currency) in [("p9", nil), ("p1", "KWD"), (nil, "KWD")] {
                let unknown = await #expect(throws: LaurelError.self) {
                    try await ledger.recordResults(
                        ofPeriod: october, party: party, currency: currency.map { try Currency.named($0) },
                        result: "settled", reason: "", in: november)
                }
                #expect(unknown?.kind == .input)
            }
            #expect(try await ledger.payments(of: october).map(\.state) == ["returned", "scheduled"])
        }
    }
}
