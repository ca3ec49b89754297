import Documents
import Errors
import Ledger
import Money
import Postgres
import Testing

@Suite struct IdempotencyTests {
    private func receipt(_ reference: String, _ cents: Int64) throws -> Receipt {
        try Receipt(
            source: "shop", reference: reference, period: october, currency: .named("USD"),
            gross: Micros(cents * 10_000))
    }

    @Test func theSameAgainIsTheSame() async throws {
        try await withBooks { ledger, _ in
            let receipt = try receipt("r1", 100)
            let first = try await ledger.addRevenue([(receipt, nil)])
            let second = try await ledger.addRevenue([(receipt, nil)])
            #expect(first[0].isNew && second[0].isNew == false && first[0].id == second[0].id)
            let differs = await #expect(throws: LaurelError.self) {
                try await ledger.addRevenue([(try self.receipt("r1", 101), "r.csv:2")])
            }
            #expect(differs?.kind == .refused && differs?.place == "r.csv:2")
            #expect(differs?.problem.contains("amount 1.010000 instead of 1.000000") == true)
            #expect(try await ledger.voidRevenue(reference: "r1", source: nil, into: nil, reason: "wrong"))
            #expect(try await ledger.voidRevenue(reference: "r1", source: nil, into: nil, reason: "wrong") == false)
            let anew = try await ledger.addRevenue([(receipt, nil)])[0].isNew
            #expect(anew)
            #expect(try await ledger.balance("pool:2026-10") == -1_000_000)
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    @Test func whatASourcePaidIsInTheBankUntilItIsTakenBack() async throws {
        try await withBooks { ledger, _ in
            let shop = try Receipt(
                source: "shop", reference: "r1", period: october, currency: .named("USD"), gross: usd(10_000_000),
                fee: usd(300_000), tax: usd(200_000))
            _ = try await ledger.addRevenue([(shop, nil)])
            let day = Day(year: 2026, month: 11, day: 5)!
            #expect(try await ledger.collectRevenue(reference: "r1", source: nil, on: day))
            #expect(try await ledger.collectRevenue(reference: "r1", source: nil, on: day) == false)
            #expect(try await ledger.balance("bank:main") == 9_500_000)
            for code in ["receivable:shop", "fee:processing", "withholding:source"] {
                #expect(try await ledger.balance(code) == 0)
            }
            // October is open, so the receipt leaves it there; the money leaves the bank no sooner than it came.
            #expect(try await ledger.voidRevenue(reference: "r1", source: nil, into: nil, reason: "fraud"))
            #expect(try await ledger.journalLines(period: november).filter { $0.account == "bank:main" }.count == 2)
            for code in ["bank:main", "receivable:shop", "fee:processing", "withholding:source", "pool:2026-10"] {
                #expect(try await ledger.balance(code) == 0)
            }
            _ = try await ledger.addRevenue([(try receipt("r2", 5), nil)])
            #expect(try await ledger.voidRevenue(reference: "r2", source: nil, into: nil, reason: "error"))
            let refused = await #expect(throws: LaurelError.self) {
                try await ledger.collectRevenue(reference: "r2", source: nil, on: nil)
            }
            #expect(refused?.kind == .refused)
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    @Test func atTheSameTimeIsOnce() async throws {
        try await withBooks { ledger, _ in
            let receipt = try receipt("r1", 100)
            let keyed = Posting(idempotencyKey: "once")
            let outcomes = try await withThrowingTaskGroup(of: RecordedReceipt.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        try await ledger.addRevenue([(receipt, nil)], posting: number < 4 ? .plain : keyed)[0]
                    }
                }
                return try await group.reduce(into: [RecordedReceipt]()) { $0.append($1) }
            }
            #expect(Set(outcomes.map(\.id)).count == 1)
            #expect(try await ledger.balance("pool:2026-10") == -1_000_000)
        }
    }

    @Test func aKeyRemembersSuccessFailureAndRequest() async throws {
        try await withBooks { ledger, _ in
            let posting = Posting(idempotencyKey: "k")
            // The reply was lost: the caller asks again and hears what was done.
            let first = try await ledger.addRevenue([(try receipt("r1", 100), nil)], posting: posting)
            let again = try await ledger.addRevenue([(try receipt("r1", 100), nil)], posting: posting)
            #expect(first[0].id == again[0].id && again[0].isNew)
            let other = await #expect(throws: LaurelError.self) {
                try await ledger.addRevenue([(try self.receipt("r2", 100), nil)], posting: posting)
            }
            #expect(other?.kind == .refused)
            // A failure stays a failure under its key, even when its cause is gone.
            let failing = Posting(idempotencyKey: "f")
            for _ in 0..<2 {
                let error = await #expect(throws: LaurelError.self) {
                    try await ledger.closePeriod(october, posting: failing)
                }
                #expect(error?.problem.contains("still holds") == true)
                if try await ledger.balance("payable:p1") == 0 { _ = try await ledger.share([("p1", 1)]) }
            }
            _ = try await ledger.settle(october, policy: WaterfallPolicy(WaterfallPolicy.standard))
            #expect(try await ledger.closePeriod(october))
        }
    }

    @Test func aRehearsalLeavesNothing() async throws {
        try await withBooks { ledger, _ in
            let rehearsal = Posting(isDryRun: true, idempotencyKey: "k")
            let rehearsed = try await ledger.addRevenue([(try receipt("r1", 100), nil)], posting: rehearsal)[0].isNew
            #expect(rehearsed)
            #expect(try await ledger.receipts().isEmpty)
            let real = try await ledger.addRevenue([(try receipt("r1", 100), nil)])[0].isNew
            #expect(real)
        }
    }

    @Test func aFileIsTakenWholeOrNotAtAll() async throws {
        try await withBooks { ledger, _ in
            _ = try await ledger.addRevenue([(try receipt("r2", 100), nil)])
            let both = [(receipt: try receipt("r1", 100), place: "f:2" as String?), (try receipt("r2", 5), "f:3")]
            await #expect(throws: LaurelError.self) { try await ledger.addRevenue(both) }
            #expect(try await ledger.receipts().count == 1)
        }
    }
}
