import Documents
import Ledger
import Money
import Postgres
import Testing

/// Every command four times at the same time, with and without a key, comes to what it comes to once.
@Suite struct RepetitionTests {
    private static let weights: [ReferenceLedger.Weight] = [
        .init(contributor: "p1", dataset: "", weight: 3), .init(contributor: "p2", dataset: "", weight: 4),
    ]

    private static let commands: [ModelCommand] = [
        .add(.init(reference: "r1", period: 1, currency: "USD", gross: 900_000_000, fee: 0, tax: 0)),
        .add(.init(reference: "r2", period: 1, currency: "USD", gross: 500_000_000, fee: 10_000, tax: 20_000)),
        .void("r2", into: nil),
        .advance("p1", "USD", 70_000_000, recoupPPM: 500_000, dataset: "", reference: "a1", in: 1),
        .advance("p3", "USD", 1_000_000, recoupPPM: 500_000, dataset: "", reference: "a2", in: 1), .cancel("a2", in: 1),
        .advance("p3", "USD", 2_000_000, recoupPPM: 500_000, dataset: "", reference: "a3", in: 1),
        .propose("w1", party: "p3", currency: "USD", advance: "a3", 1_500_000, by: "p4"),
        .approve("w1", by: "p5", in: 1), .approve("w1", by: "p1", in: 1), .closeAccount("p2", from: 1),
        .terms("p2", "USD", minimum: 5_000_000, reservePPM: 100_000, months: 1, negative: true, from: 1),
        .allocate(1, "USD", weights, into: nil, restating: false), .hold(party: "p3", dataset: ""), .release(1, in: 1),
        .convert("p2", 1_000_000, from: "USD", to: "JPY", rateMillis: 151_000, reference: "x1", in: 1), .settle(1),
        .answer(period: 1, party: "p1", currency: "USD", result: "settled", in: 1),
        .remit("USD", 1_000_000, reference: "t1", in: 1), .close(1),
        .add(.init(reference: "r3", period: 2, currency: "USD", gross: 300_000_000, fee: 0, tax: 0)),
        .answer(period: 1, party: "p1", currency: "USD", result: "returned", in: 2),
        .allocate(1, "USD", [.init(contributor: "p1", dataset: "", weight: 2), weights[1]], into: 2, restating: true),
    ]

    @Test func onceIsEnough() async throws {
        try await withBooks { ledger, _ in
            let january = Day(year: 2026, month: 1, day: 1)!
            _ = try await ledger.addWithholdingRule(
                jurisdiction: "XX", form: "F", ratePPM: 100_000, treaty: "", from: january, until: nil)
            _ = try await ledger.addTaxProfile(
                party: "p1", country: "XX", form: "F", signedOn: january, expiresOn: nil)
            var model = ReferenceLedger(decimals: ["USD": 2, "JPY": 0], splits: [:], taxPPM: ["p1": 100_000])
            for (number, command) in Self.commands.enumerated() {
                let keyed = Posting(idempotencyKey: "key \(number)")
                let outcomes = try await withThrowingTaskGroup(of: (Bool, ReferenceLedger.Outcome).self) { group in
                    for copy in 0..<4 {
                        group.addTask {
                            (copy < 2, try await command.apply(to: ledger, copy < 2 ? keyed : .plain))
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                let first = command.apply(to: &model)
                let again = command.apply(to: &model)
                let place = "\(command): \(outcomes)"
                #expect(outcomes.contains { $0.1 == first }, "\(place)")
                #expect(outcomes.allSatisfy { $0.1 == first || $0.1 == again }, "\(place)")
                // Both that carried the key heard the same.
                #expect(Set(outcomes.filter(\.0).map { "\($0.1)" }).count == 1, "\(place)")
                // The one whose reply was lost asks again and hears it once more, word for word.
                let lost = try await command.apply(to: ledger, keyed)
                #expect(outcomes.contains { $0.0 && $0.1 == lost }, "\(place)")
                // The key is taken: another request under it is refused.
                let other = ModelCommand.hold(party: "p5", dataset: "")
                #expect(try await other.apply(to: ledger, keyed) == .refused)
                var there: [ReferenceLedger.Account: Int64] = [:]
                for account in try await ledger.trialBalance() where account.lineCount > 0 {
                    let code = account.code.replacing(":2026-0", with: ":")
                    there[.init(code: code, currency: account.currency.code)] = account.balance.value
                }
                #expect(there == model.balances, "\(place)")
            }
            #expect(try await ledger.check(strict: true).isEmpty)
            let terms: Int = try await ledger.database.query("SELECT count(*) AS n FROM ledger.payee_term")[0].get("n")
            #expect(terms == 1)
        }
    }
}
