import Documents
import Errors
import Ledger
import Money
import Postgres
import Testing

/// Which rate a payee is taxed by on the day that a period is settled.
@Suite struct TaxTests {
    private static func day(_ text: String) throws -> Day { try Day(parsing: text) }

    private func rule(
        _ ledger: Ledger, _ form: String, _ ppm: Int, from: String, until: String? = nil
    ) async throws -> Int64 {
        try await ledger.addWithholdingRule(
            jurisdiction: "US", form: form, ratePPM: ppm, treaty: "", from: try Self.day(from),
            until: try until.map(Self.day))
    }

    /// What a payee's 100 dollars are taxed in a month.
    private func tax(_ ledger: Ledger, _ party: String, _ period: Period) async throws -> Int64 {
        try await ledger.earn("\(party)-\(period)", 10_000, in: period)
        _ = try await ledger.share([(party, 1)], in: period)
        let plans = try await ledger.planSettlement(period, policy: WaterfallPolicy(WaterfallPolicy.standard))
        let steps = plans.first { $0.account.party == party }?.steps ?? []
        return steps.first { $0.kind == "tax_withheld" }.map { $0.ratePPM ?? 0 } ?? 0
    }

    @Test func aRateChangesFromADayOn() async throws {
        try await withBooks { ledger, _ in
            let first = try await rule(ledger, "none", 300_000, from: "2026-01-01")
            let second = try await rule(ledger, "none", 200_000, from: "2026-11-01")
            _ = try await rule(ledger, "none", 100_000, from: "2026-12-01", until: "2027-01-01")
            #expect(try await rule(ledger, "none", 300_000, from: "2026-01-01") == first)
            #expect(first != second)
            let other = await #expect(throws: LaurelError.self) {
                try await self.rule(ledger, "none", 300_001, from: "2026-01-01")
            }
            #expect(other?.kind == .refused)
            _ = try await ledger.addTaxProfile(
                party: "p1", country: "US", form: "none", signedOn: try Self.day("2026-01-01"), expiresOn: nil)
            for (year, month, ppm) in [
                (2026, 10, 300_000), (2026, 11, 200_000), (2026, 12, 100_000), (2027, 1, 200_000),
            ] {
                #expect(try await tax(ledger, "p1", Period(year: year, month: month)!) == Int64(ppm))
            }
        }
    }

    @Test func whoHasNoValidFormIsTaxedAsNone() async throws {
        try await withBooks { ledger, administration in
            _ = try await rule(ledger, "none", 300_000, from: "2026-01-01")
            _ = try await rule(ledger, "W-8BEN", 150_000, from: "2026-01-01")
            try await administration.execute(
                """
                INSERT INTO pii.party_detail (party_id, name, country)
                VALUES ('p1', 'One', 'US'), ('p2', 'Two', 'US'), ('p3', 'Three', 'FR')
                """)
            func sign(_ party: String, _ form: String, _ from: String, _ until: String?) async throws {
                _ = try await ledger.addTaxProfile(
                    party: party, country: "US", form: form, signedOn: try Self.day(from),
                    expiresOn: try until.map(Self.day))
            }
            // The later form has expired, the earlier one is valid.
            try await sign("p2", "W-8BEN", "2026-01-01", nil)
            try await sign("p2", "none", "2026-02-01", "2026-03-01")
            try await sign("p4", "W-8BEN", "2026-01-01", "2026-10-31")
            #expect(try await tax(ledger, "p1", october) == 300_000)
            #expect(try await tax(ledger, "p2", november) == 150_000)
            #expect(try await tax(ledger, "p3", Period(year: 2026, month: 12)!) == 0)
            #expect(try await tax(ledger, "p4", Period(year: 2027, month: 1)!) == 300_000)
            let unknown = await #expect(throws: LaurelError.self) { try await sign("p1", "w-8ben", "2026-01-01", nil) }
            #expect(unknown?.kind == .refused && unknown?.remedy?.contains("W-8BEN") == true)
        }
    }
}
