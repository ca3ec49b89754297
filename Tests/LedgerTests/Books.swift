import Documents
import Foundation
import Ledger
import Money
import Postgres
import TestSupport

/// Runs a test on fresh books with parties `p1…pN`; `administration` is a superuser's connection to the same database.
func withBooks<T>(
    parties: Int = 5, _ body: (_ ledger: Ledger, _ administration: Database) async throws -> T
) async throws -> T {
    try await withDatabase { database in
        let administration = Database(url: database.url, role: nil, maxConnections: 2)
        try await administration.execute(
            """
            INSERT INTO registry.party (id, kind, registered_at)
            SELECT 'p' || i, 'person', '2026-01-01' FROM generate_series(1, \(parties)) i
            """)
        let value = try await body(Ledger(database: database), administration)
        await administration.closeIdleConnections()
        return value
    }
}

/// The same database as the owner of the ledger, who alone may post any journal.
func owner(of ledger: Ledger) -> Database {
    Database(url: ledger.database.url, role: "laurel_owner", maxConnections: 8)
}

let october = Period(year: 2026, month: 10)!
let november = Period(year: 2026, month: 11)!

func usd(_ micros: Int64) -> Micros { Micros(micros) }

extension Ledger {
    /// A receipt in dollars and cents.
    func earn(_ reference: String, _ cents: Int64, in period: Period = october, currency: String = "USD") async throws {
        let currency = try Currency.named(currency)
        let receipt = try Receipt(
            source: "shop", reference: reference, period: period, currency: currency,
            gross: Micros(cents * currency.microsPerMinorUnit))
        _ = try await addRevenue([(receipt, nil)])
    }

    func share(
        _ weights: [(String, Int64)], in period: Period = october, into: Period? = nil, restating: Bool = false
    ) async throws -> [AllocationResult] {
        try await allocate(
            period, currencies: try await currencies(of: period),
            weights: Weights(weights.map { .init(contributor: $0.0, weight: $0.1) }),
            policy: AllocationPolicy.weightsFile, into: into, restating: restating)
    }

    func balance(_ code: String, _ currency: String = "USD") async throws -> Int64 {
        try await trialBalance().first { $0.code == code && $0.currency.code == currency }?.balance.value ?? 0
    }
}

extension Currency {
    static var dollars: Currency {
        get throws { try .named("USD") }
    }
}
