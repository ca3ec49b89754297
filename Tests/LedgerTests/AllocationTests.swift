import Documents
import Errors
import Ledger
import Money
import Postgres
import TestSupport
import Testing

@Suite struct AllocationTests {
    @Test func theDatabaseDividesAsSwiftDoes() async throws {
        try await withBooks { ledger, _ in
            var random = SplitMix(seed: 20_261_122)
            for number in 0..<500 {
                let pool = Int64(random.next() >> (1 + random.next() % 63))
                let shift = 1 + random.next() % 63
                let weights = (0..<(1 + Int(random.next() % 40))).map { index in
                    (id: "p\(random.next() % 97)-\(index)", weight: random.next() % 4 == 0 ? 0 : random.next() >> shift)
                }
                let rows = try await ledger.database.query(
                    """
                    SELECT floor_micros, extra_micros FROM ledger.largest_remainder(
                        \(pool), \(weights.map(\.id)), \(weights.map { Int64($0.weight) })) ORDER BY n
                    """)
                let there = try rows.map { [try $0.get("floor_micros", as: Int64.self), try $0.get("extra_micros")] }
                let here = largestRemainder(pool: pool, weights: weights)?.map { [$0.floor, $0.extra] } ?? []
                try #require(there == here, "seed 20261122 case \(number)")
            }
        }
    }

    @Test func zeroWeightsGoToSuspenseAndComeBack() async throws {
        try await withBooks { ledger, _ in
            try await ledger.earn("r1", 100_00)
            let results = try await ledger.share([("p1", 0), ("p2", 0)])
            #expect(results[0].toSuspense)
            #expect(try await ledger.balance("suspense:unmatched") == -100_000_000)
            let waiting = try await ledger.suspense()
            #expect(waiting.map { "\($0.period) \($0.currency) \($0.amount.formatted)" } == ["2026-10 USD 100.000000"])
            let refused = await #expect(throws: LaurelError.self) { try await ledger.share([("p1", 1), ("p2", 0)]) }
            #expect(refused?.kind == .refused)
            _ = try await ledger.share([("p1", 1), ("p2", 0)], restating: true)
            #expect(try await ledger.balance("suspense:unmatched") == 0)
            #expect(try await ledger.suspense().isEmpty)
            #expect(try await ledger.balance("payable:p1") == -100_000_000)
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    /// What came in one receipt or in several is shared the same.
    @Test func aReceiptInTwoPartsIsSharedTheSame() async throws {
        var shared: [[Int64]] = []
        for parts in [[Int64(100_01)], [33_34, 66_67]] {
            shared.append(
                try await withBooks { ledger, _ in
                    for (number, cents) in parts.enumerated() { try await ledger.earn("r\(number)", cents) }
                    _ = try await ledger.share([("p1", 3), ("p2", 5), ("p3", 3)])
                    return try await ledger.trialBalance().filter { $0.code.hasPrefix("payable:") }.map(\.balance.value)
                })
        }
        #expect(shared[0] == shared[1] && shared[0].count == 3)
    }

    @Test func aDatasetIsSharedOverItsSplit() async throws {
        try await withBooks { ledger, administration in
            try await administration.withTransaction { connection in
                try await connection.execute(
                    """
                    INSERT INTO registry.dataset (id, contributor, title, registered_at)
                    VALUES ('d1', 'p1', 'One', '2026-01-01'), ('d2', 'p2', 'Two', '2026-01-01')
                    """)
                try await connection.execute(
                    """
                    INSERT INTO registry.dataset_split (dataset_id, party_id, role, share_ppm, valid)
                    VALUES ('d1', 'p1', 'contributor', 333333, '[2026-01-01,)'),
                           ('d1', 'p3', 'editor', 666667, '[2026-01-01,)'),
                           ('d2', 'p2', 'contributor', 1000000, '[2026-01-01,)')
                    """)
            }
            try await ledger.earn("r1", 100_00)
            let weights = try Weights([
                .init(contributor: "p1", dataset: "d1", weight: 1), .init(contributor: "p2", dataset: "d2", weight: 2),
            ])
            _ = try await ledger.allocate(
                october, currencies: [.named("USD")], weights: weights, policy: AllocationPolicy.weightsFile)
            let lines = try await administration.query(
                "SELECT party_id, amount_micros FROM ledger.earning ORDER BY contributor_id, dataset_id, party_id")
            #expect(try lines.map { try $0.get("party_id") } == ["p1", "p3", "p2"])
            #expect(try lines.map { try $0.get("amount_micros") } == [11_111_100, 22_222_233, 66_666_667])
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    @Test(arguments: [
        ("contributor,weight\np1,1e5\n", "w.csv:2:4"), ("contributor,weight\np1,+1\n", "w.csv:2:4"),
        ("contributor,weight\np1,٣\n", "w.csv:2:4"), ("contributor,weight\np1,-1\n", "w.csv:2:4"),
        ("contributor,weight\np1,9223372036854775808\n", "w.csv:2:4"), ("contributor,weight\np1,\n", "w.csv:2:4"),
        ("contributor,weight\np1,1\np1,2\n", "w.csv:3:1"), ("contributor,weight\n,1\n", "w.csv:2:1"),
        ("contributor,weight\np1,1\np9,1\n", "w.csv:3:1"),
    ])
    func unusableWeightsAreRefusedWithTheirPlace(text: String, place: String) {
        let error = #expect(throws: LaurelError.self) {
            try Weights(parsing: Array(text.utf8), file: "w.csv", contributors: ["p1"])
        }
        #expect(error?.place == place)
    }
}
