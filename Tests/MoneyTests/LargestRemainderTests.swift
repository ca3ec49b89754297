import Money
import TestSupport
import Testing

@Suite struct LargestRemainderTests {
    typealias Weights = [(id: String, weight: UInt64)]

    private func amounts(_ pool: Int64, _ weights: Weights) throws -> [String: Int64] {
        let shares = try #require(largestRemainder(pool: pool, weights: weights))
        return Dictionary(uniqueKeysWithValues: shares.map { ($0.id, $0.amount) })
    }

    /// Pools and weights of every magnitude, so that tiny and extreme ones meet.
    private func randomCase(_ random: inout SplitMix) -> (pool: Int64, weights: Weights) {
        let pool = Int64(random.next() >> (1 + random.next() % 63))
        let count = 1 + Int(random.next() % 12)
        let shift = random.next() % 64
        let weights = (0..<count).map { index in
            (id: "p\(random.next() % 97)-\(index)", weight: random.next() % 5 == 0 ? 0 : random.next() >> shift)
        }
        return (pool, weights)
    }

    @Test func lawsHoldInAHundredThousandCases() throws {
        let seed: UInt64 = 20_261_121
        var random = SplitMix(seed: seed)
        for number in 0..<100_000 {
            let (pool, weights) = randomCase(&random)
            let total = weights.reduce(UInt128(0)) { $0 + UInt128($1.weight) }
            guard let shares = largestRemainder(pool: pool, weights: weights) else {
                try #require(total == 0, "seed \(seed) case \(number)")
                continue
            }
            var sum: Int128 = 0
            var extras: Int64 = 0
            for share in shares {
                sum += Int128(share.amount)
                extras += share.extra
                // floor × W ≤ pool × w < (floor + 1) × W, by long multiplication: independent of the division.
                let exact = UInt128(UInt64(pool)) * UInt128(share.weight)
                let low = UInt128(UInt64(share.floor)).multipliedFullWidth(by: total)
                let holds = low.high == 0 && low.low <= exact && exact - low.low < total
                try #require(holds && (0...1).contains(share.extra), "seed \(seed) case \(number)")
                try #require(share.weight > 0 || share.amount == 0, "seed \(seed) case \(number)")
            }
            try #require(sum == Int128(pool), "seed \(seed) case \(number)")
            try #require(extras < weights.count, "seed \(seed) case \(number)")
            let ordered = shares.sorted { $0.weight < $1.weight }
            for (smaller, larger) in zip(ordered, ordered.dropFirst()) where smaller.weight < larger.weight {
                try #require(smaller.amount <= larger.amount, "seed \(seed) case \(number)")
            }
            var shuffled = weights
            shuffled.shuffle(using: &random)
            let again = try #require(largestRemainder(pool: pool, weights: shuffled))
            try #require(Set(again) == Set(shares), "seed \(seed) case \(number)")
        }
    }

    @Test func aCommonFactorChangesNothing() throws {
        var random = SplitMix(seed: 7)
        for _ in 0..<5_000 {
            let (pool, raw) = randomCase(&random)
            let weights = raw.map { (id: $0.id, weight: $0.weight >> 20) }
            let factor = 1 + random.next() % 1_000_000
            let scaled = weights.map { (id: $0.id, weight: $0.weight * factor) }
            let plain = largestRemainder(pool: pool, weights: weights)?.map(\.amount)
            #expect(plain == largestRemainder(pool: pool, weights: scaled)?.map(\.amount))
        }
    }

    /// Each amount lies within a unit of the exact share, so whoever comes as two gets within three of what one would get; and the
    /// others' exact shares stay what they are, so theirs move by a unit at most.
    @Test func mergingTwoMovesUnitsOnly() throws {
        var random = SplitMix(seed: 9)
        for number in 0..<5_000 {
            let (pool, raw) = randomCase(&random)
            let others = raw.map { (id: $0.id, weight: $0.weight >> 4) }
            let weight = random.next() >> 8
            guard others.contains(where: { $0.weight > 0 }) || weight > 0 else { continue }
            let apart = try amounts(pool, others + [(id: "twin-a", weight: weight), (id: "twin-b", weight: weight)])
            let merged = try amounts(pool, others + [(id: "twin", weight: 2 * weight)])
            let difference = try #require(merged["twin"]) - (apart["twin-a"] ?? 0) - (apart["twin-b"] ?? 0)
            try #require(abs(difference) < 3, "case \(number)")
            for (id, _) in others { try #require(abs(apart[id]! - merged[id]!) <= 1, "case \(number) \(id)") }
        }
    }

    @Test func twoLevelsStillSumToThePool() throws {
        var random = SplitMix(seed: 11)
        for _ in 0..<5_000 {
            let (pool, weights) = randomCase(&random)
            guard let datasets = largestRemainder(pool: pool, weights: weights) else { continue }
            var sum: Int128 = 0
            for dataset in datasets {
                let first = 1 + random.next() % 999_998
                let split: Weights = [("a", first), ("b", 1_000_000 - first)]
                for share in try #require(largestRemainder(pool: dataset.amount, weights: split)) {
                    sum += Int128(share.amount)
                }
            }
            #expect(sum == Int128(pool))
        }
    }

    @Test func extremes() throws {
        let equal: Weights = (0..<100_000).map { (id: "p\($0)", weight: UInt64.max) }
        let oneMicro = try #require(largestRemainder(pool: 1, weights: equal))
        #expect(oneMicro.filter { $0.amount == 1 }.map(\.id) == ["p0"])
        let everything = try #require(largestRemainder(pool: Int64.max, weights: equal))
        #expect(everything.reduce(Int64(0)) { $0 + $1.amount } == Int64.max)
        #expect(try amounts(Int64.max, [("a", UInt64.max), ("b", 1)]) == ["a": Int64.max, "b": 0])
        #expect(try amounts(Int64.max, [("a", 1)]) == ["a": Int64.max])
        #expect(try amounts(0, [("a", 3), ("b", 5)]) == ["a": 0, "b": 0])
        #expect(largestRemainder(pool: 5, weights: [("a", 0), ("b", 0)]) == nil)
        #expect(largestRemainder(pool: 5, weights: []) == nil)
    }

    @Test func tiesGoToTheFirstIdAsBytes() throws {
        #expect(try amounts(1, [("b", 1), ("a", 1)]) == ["a": 1, "b": 0])
        #expect(try amounts(1, [("é", 1), ("z", 1)]) == ["z": 1, "é": 0])
        #expect(try amounts(2, [("a10", 1), ("a2", 1), ("a", 1)]) == ["a": 1, "a10": 1, "a2": 0])
    }

    /// Hamilton's method is not monotone in the pool; the policy text says so with these numbers.
    @Test func theAlabamaParadoxIsKnown() throws {
        let weights: Weights = [("p", 16), ("q", 44), ("r", 42), ("s", 5)]
        #expect(try amounts(8, weights) == ["p": 1, "q": 3, "r": 3, "s": 1])
        #expect(try amounts(9, weights) == ["p": 1, "q": 4, "r": 4, "s": 0])
    }
}
