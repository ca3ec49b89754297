import Documents
import Errors
import Ledger
import Money
import Postgres
import TestSupport
import Testing

/// Months go in order, and a settled one stays: no earnings slip past an advance, a reserve, a hold or a signed statement.
@Suite struct SettledPeriodTests {
    private func settle(_ ledger: Ledger, _ period: Period) async throws -> Int {
        try await ledger.settle(period, policy: WaterfallPolicy(WaterfallPolicy.standard))
    }

    private func isRefused(_ what: String, _ body: () async throws -> Void) async {
        let error = await #expect(throws: LaurelError.self) { try await body() }
        #expect(error?.kind == .refused && error?.description.contains(what) == true, "\(String(describing: error))")
    }

    @Test func monthsGoInOrder() async throws {
        try await withBooks { ledger, _ in
            try await ledger.earn("r1", 100_00)
            await isRefused("still holds") { _ = try await settle(ledger, october) }
            _ = try await ledger.share([("p1", 1), ("p2", 1)])
            await isRefused("not settled") { _ = try await settle(ledger, november) }
            await isRefused("not settled") { _ = try await ledger.closePeriod(october) }
            #expect(try await settle(ledger, october) == 2)
            await isRefused("is settled") { try await ledger.earn("r2", 5) }
            await isRefused("is settled") { _ = try await ledger.share([("p1", 1), ("p3", 1)], restating: true) }
            #expect(try await ledger.closePeriod(october))
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    @Test func aSettlementKeepsToWhatIsAgreed() async throws {
        try await withBooks { ledger, _ in
            try await ledger.earn("r1", 100_00)
            _ = try await ledger.share([("p1", 1), ("p2", 1)])
            let policy = try WaterfallPolicy.standard.encoded()
            let step = """
                {"party_id":"p1","currency":"USD","kind":"%","ref":"7","base_micros":50000000,"rate_ppm":100000,\
                "amount_micros":5000000
                """
            for (steps, payments) in [
                (
                    "[]",
                    #"[{"party_id":"p1","currency":"USD","status":"scheduled","amount_micros":12345678,"minimum_micros":0}]"#
                ),
                ("[\(step.replacing("%", with: "advance_recouped"))}]", "[]"),
                ("[\(step.replacing("%", with: "reserve_withheld")),\"release_on\":\"2999-01-31\"}]", "[]"),
                ("[\(step.replacing("%", with: "reserve_released"))}]", "[]"),
                ("[\(step.replacing("%", with: "hold_placed"))}]", "[]"),
                ("[\(step.replacing("%", with: "hold_released"))}]", "[]"),
                ("[\(step.replacing("%", with: "tax_withheld"))}]", "[]"),
            ] {
                let error = await #expect(throws: PostgresError.self, "\(steps) \(payments)") {
                    try await ledger.database.execute(
                        """
                        SELECT ledger.post_settlement('2026-10', '2026-10-31',
                            (SELECT ledger.record_policy('waterfall', \(policy))), \(steps)::jsonb, \(payments)::jsonb)
                        """)
                }
                #expect(error?.sqlState == "LR001", "\(steps) \(payments): \(String(describing: error))")
            }
        }
    }

    @Test(arguments: [
        ("revenue_receipt", "gross_micros = gross_micros + 5"), ("revenue_receipt", "source = 'other'"),
        ("advance", "amount_micros = 1"), ("payment", "amount_micros = amount_micros + 10000"),
        ("fx_conversion", "party_id = 'p2'"), ("settlement_step", "amount_micros = amount_micros + 1"),
    ])
    func aRowThatItsJournalDoesNotBearOutIsSeen(table: String, change: String) async throws {
        try await withBooks { ledger, administration in
            try await ledger.earn("r1", 100_00)
            _ = try await ledger.share([("p1", 1), ("p2", 1)])
            _ = try await ledger.convert(
                party: "p1", amount: usd(1_000_000), from: .named("USD"), to: .named("JPY"), rate: "150.5",
                source: "test", rateOn: october.lastDay, key: "x", period: october)
            _ = try await ledger.payAdvance(
                party: "p2", amount: usd(1_000_000), currency: .named("USD"), recoupPPM: 500_000, dataset: nil,
                crossGroup: false, reference: "a", period: october)
            _ = try await settle(ledger, october)
            #expect(try await ledger.check(strict: true).isEmpty)
            try await administration.withTransaction { connection in
                try await connection.execute("ALTER TABLE ledger.\(raw: table) DISABLE TRIGGER append_only")
                try await connection.execute("UPDATE ledger.\(raw: table) SET \(raw: change)")
            }
            let found = Set(try await ledger.check(strict: true).map(\.invariant))
            #expect(found.contains("sources-match-journals"), "\(found)")
        }
    }
}
