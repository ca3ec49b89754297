/// One line of an allocation: the exact floor and the one extra unit that it may have got.
package struct AllocationShare: Hashable, Sendable {
    /// Whose share.
    package let id: String
    /// What it was measured by.
    package let weight: UInt64
    /// `pool × weight ÷ total`, rounded down.
    package let floor: Int64
    /// 1 where the remainder was among the largest, else 0.
    package let extra: Int64

    /// What the share receives.
    package var amount: Int64 { floor + extra }
}

/// Shares a pool over weights by the method of the largest remainder, exactly.
///
/// With `W = Σ weight`: every share first gets `⌊pool × weight ÷ W⌋`; the units left over go, one each, to the shares
/// with the largest `pool × weight mod W`, ties to the id that comes first as bytes. So the amounts sum to the pool,
/// each is within one unit of the exact fraction, a weight of zero gets nothing, a larger weight never gets less, and
/// neither the order of the list nor a common factor of the weights matters. (Hamilton's method; it is not monotone in
/// the pool: a share may lose one unit when the pool grows by one.)
///
/// Products are formed in 128 bits: `pool` is below 2⁶³ and a weight below 2⁶⁴. Cost: one sort of the list.
///
/// - Parameters:
///   - pool: units to share, not negative.
///   - weights: distinct ids with their weights.
/// - Returns: one share a weight, in the order given; `nil` when all weights are zero and nothing says who gets the pool.
package func largestRemainder(pool: Int64, weights: [(id: String, weight: UInt64)]) -> [AllocationShare]? {
    precondition(pool >= 0, "a pool to share is never negative")
    let total = weights.reduce(into: UInt128(0)) { $0 += UInt128($1.weight) }
    guard total > 0 else { return nil }
    var floors = [Int64](repeating: 0, count: weights.count)
    var remainders = [UInt128](repeating: 0, count: weights.count)
    var left = pool
    for (index, entry) in weights.enumerated() {
        let (quotient, remainder) = (UInt128(UInt64(pool)) * UInt128(entry.weight)).quotientAndRemainder(
            dividingBy: total)
        floors[index] = Int64(quotient)
        remainders[index] = remainder
        left -= floors[index]
    }
    let ranked = weights.indices.sorted { one, other in
        guard remainders[one] == remainders[other] else { return remainders[one] > remainders[other] }
        return weights[one].id.utf8.lexicographicallyPrecedes(weights[other].id.utf8)
    }
    var extras = [Int64](repeating: 0, count: weights.count)
    for index in ranked.prefix(Int(left)) { extras[index] = 1 }
    return weights.indices.map {
        AllocationShare(id: weights[$0].id, weight: weights[$0].weight, floor: floors[$0], extra: extras[$0])
    }
}
