import Documents
import Errors
import Ledger
import Money
import Postgres
import TestSupport
import Testing

/// Months have no gaps, and what comes late is posted where the books are open and shared where it was earned.
@Suite struct LateRevenueTests {
    private let september = Period(year: 2026, month: 9)!
    private let december = Period(year: 2026, month: 12)!

    private func settle(_ ledger: Ledger, _ period: Period) async throws {
        _ = try await ledger.settle(period, policy: WaterfallPolicy(WaterfallPolicy.standard))
    }

    private func late(_ reference: String, _ micros: Int64, of period: Period, into: Period?) throws -> Receipt {
        try Receipt(
            source: "shop", reference: reference, period: period, currency: .named("USD"), gross: usd(micros),
            into: into)
    }

    private func isRefused(_ what: String, _ body: () async throws -> Void) async {
        let error = await #expect(throws: LaurelError.self) { try await body() }
        #expect(error?.kind == .refused && error?.description.contains(what) == true, "\(String(describing: error))")
    }

    @Test func aMonthNobodyOpenedIsNotShutOut() async throws {
        try await withBooks { ledger, _ in
            try await ledger.earn("s", 100, in: september)
            _ = try await ledger.share([("p1", 1)], in: september)
            try await settle(ledger, september)
            _ = try await ledger.closePeriod(september)
            try await ledger.earn("n", 100, in: november)
            _ = try await ledger.share([("p1", 1)], in: november)
            await isRefused("laurel period settle 2026-10") { try await settle(ledger, november) }
            await isRefused("laurel period close 2026-10") { _ = try await ledger.closePeriod(november) }
            // What was missing of October still finds its month, and then the months go on in their order.
            try await ledger.earn("o", 300)
            _ = try await ledger.share([("p2", 1)])
            for month in [october, november] {
                try await settle(ledger, month)
                #expect(try await ledger.closePeriod(month))
            }
            #expect(try await ledger.payments(of: october).map(\.party) == ["p2"])
            #expect(try await ledger.check(strict: true).isEmpty)
            #expect(try await ledger.openPeriod(Period(year: 2027, month: 2)!) == ["2026-12", "2027-01", "2027-02"])
            #expect(try await ledger.openPeriod(december).isEmpty)
        }
    }

    @Test func nothingOpensBehindASettledMonth() async throws {
        try await withBooks { ledger, _ in
            try await settle(ledger, november)
            await isRefused("2026-11") { _ = try await ledger.openPeriod(october) }
            await isRefused("2026-11") { try await ledger.earn("r", 5) }
            let typed = await #expect(throws: LaurelError.self) {
                try await ledger.earn("r", 5, in: Period(year: 1926, month: 12)!)
            }
            #expect(typed?.kind == .input && typed?.remedy?.contains("year") == true)
        }
    }

    @Test func whatComesLateIsSharedAsItsMonthWas() async throws {
        try await withBooks { ledger, _ in
            let weights: [(String, Int64)] = [("p1", 1), ("p2", 3)]
            try await ledger.earn("r1", 100_00)
            _ = try await ledger.share(weights)
            // As long as October takes receipts they are entered there, and its pool is shared there.
            await isRefused("not settled") {
                _ = try await ledger.addRevenue([(late("r2", 1_000_000, of: october, into: november), nil)])
            }
            await isRefused("not settled") { _ = try await ledger.share(weights, into: november) }
            try await settle(ledger, october)
            await isRefused("--into 2026-11") {
                _ = try await ledger.addRevenue([(late("r2", 1_000_000, of: october, into: nil), nil)])
            }
            _ = try await ledger.closePeriod(october)
            let receipt = try late("r2", 40_000_000, of: october, into: november)
            #expect(receipt.receivedOn == november.lastDay)
            #expect(try await ledger.addRevenue([(receipt, nil)])[0].isNew)
            #expect(try await !ledger.addRevenue([(receipt, nil)])[0].isNew)
            await isRefused("posted in 2026-12 instead of 2026-11") {
                _ = try await ledger.addRevenue([(late("r2", 40_000_000, of: october, into: december), nil)])
            }
            let backwards = await #expect(throws: LaurelError.self) {
                try await ledger.addRevenue([(late("r3", 1_000_000, of: december, into: november), nil)])
            }
            #expect(backwards?.kind == .input)
            #expect(try await ledger.balance("pool:2026-10") == -40_000_000)
            #expect(try await ledger.periods(november)[0].blockers == ["2026-10 USD pool not shared"])
            await isRefused("pool:2026-10 still holds") { try await settle(ledger, november) }
            let shared = try await ledger.share(weights, into: november)
            #expect(shared.map(\.version) == [2] && shared[0].pool == 140_000_000)
            #expect(try await ledger.balance("payable:p1") == -10_000_000)
            #expect(try await ledger.balance("payable:p2") == -30_000_000)
            let journal = try await ledger.journalLines(period: november).first { $0.kind == "revenue_recognised" }
            #expect(journal?.relatesTo == "2026-10" && journal?.effectiveOn == "2026-11-30")
            let listed = try #require(try await ledger.receipts(of: october).first { $0.receipt.reference == "r2" })
            #expect(listed.receipt.period == october && listed.receipt.postedPeriod == november)
            try await settle(ledger, november)
            _ = try await ledger.closePeriod(november)
            #expect(try await ledger.payments(of: november).map(\.amount) == [usd(10_000_000), usd(30_000_000)])
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    /// A currency that October never had: its first sharing is an adjustment too.
    @Test func aLatePoolMayBeTheFirstOfItsCurrency() async throws {
        try await withBooks { ledger, _ in
            try await ledger.earn("r1", 100_00)
            _ = try await ledger.share([("p1", 1)])
            try await settle(ledger, october)
            let yen = try Receipt(
                source: "shop", reference: "y", period: october, currency: .named("JPY"), gross: usd(900_000_000),
                into: november)
            _ = try await ledger.addRevenue([(yen, nil)])
            let shared = try await ledger.share([("p1", 1)], into: november)
            #expect(shared.map { "\($0.currency) \($0.version) \($0.isNew)" } == ["JPY 1 true", "USD 1 false"])
            try await settle(ledger, november)
            #expect(
                try await ledger.payments(of: november).map { "\($0.party) \($0.amount.value)" } == ["p1 900000000"])
            // Taken back: the next month corrects it.
            _ = try await ledger.voidRevenue(reference: "y", source: nil, into: december, reason: "charged back")
            #expect(try await ledger.balance("pool:2026-10", "JPY") == 900_000_000)
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }
}
