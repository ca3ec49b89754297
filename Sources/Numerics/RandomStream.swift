/// A reproducible stream of random words, opened by a seed and a name.
///
/// Every use of chance in the house opens its own stream, so that adding one use never shifts another. The seed is the
/// key of ``Philox``; a 64-bit hash of name and index is the upper half of the counter, the lower half counts blocks.
/// Two streams of one seed can therefore overlap only when their names' hashes collide. Equal arguments give equal
/// numbers on every machine.
package struct RandomStream: RandomNumberGenerator, Sendable {
    private let key: SIMD2<UInt32>
    private let stream: UInt64
    private var blockIndex: UInt64 = 0
    private var words = SIMD4<UInt32>()
    private var used = 4

    /// Opens stream `name` of `seed`; `index` distinguishes many streams of one name, such as one for each task.
    package init(seed: UInt64, _ name: String, index: UInt64 = 0) {
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        stream = RandomStream.hash(name, index)
    }

    /// FNV-1a over the name's UTF-8 bytes and the index's eight bytes, finished with the mixer of SplitMix64.
    private static func hash(_ name: String, _ index: UInt64) -> UInt64 {
        var state: UInt64 = 0xCBF2_9CE4_8422_2325
        func absorb(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
        for byte in name.utf8 { absorb(byte) }
        absorb(0)  // no name ends in NUL, so a name never runs into an index
        for shift in stride(from: 0, to: UInt64(64), by: 8) { absorb(UInt8(truncatingIfNeeded: index >> shift)) }
        state = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        state = (state ^ (state >> 27)) &* 0x94D0_49BB_1331_11EB
        return state ^ (state >> 31)
    }

    private mutating func nextBlock() -> SIMD4<UInt32> {
        defer { blockIndex &+= 1 }
        return Philox.block(
            counter: SIMD4(
                UInt32(truncatingIfNeeded: blockIndex), UInt32(truncatingIfNeeded: blockIndex >> 32),
                UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32)),
            key: key)
    }

    /// The next 64 random bits.
    package mutating func next() -> UInt64 {
        if used > 2 {
            words = nextBlock()
            used = 0
        }
        defer { used += 2 }
        return UInt64(words[used]) | UInt64(words[used + 1]) << 32
    }

    /// A number in [0, 1) with 53 random bits.
    package mutating func uniform() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// An integer in `0..<bound`, each exactly equally likely (Lemire's multiplication with rejection).
    package mutating func int(below bound: Int) -> Int {
        precondition(bound > 0, "a random integer needs a positive bound")
        let bound = UInt64(bound)
        let threshold = (0 &- bound) % bound
        while true {
            let product = next().multipliedFullWidth(by: bound)
            if product.low >= threshold { return Int(product.high) }
        }
    }

    /// Puts the elements in an order drawn uniformly from all orders (Fisher–Yates).
    package mutating func shuffle<Element>(_ elements: inout [Element]) {
        guard elements.count > 1 else { return }
        for last in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(last, int(below: last + 1))
        }
    }

    /// `count` distinct integers out of `0..<bound`, every subset equally likely, in ascending order (Floyd's method).
    package mutating func subset(of bound: Int, count: Int) -> [Int] {
        precondition(count >= 0 && count <= bound, "a subset cannot be larger than its set")
        var chosen = Set<Int>()
        for candidate in (bound - count)..<bound {
            let drawn = int(below: candidate + 1)
            if !chosen.insert(drawn).inserted { chosen.insert(candidate) }
        }
        return chosen.sorted()
    }
}
