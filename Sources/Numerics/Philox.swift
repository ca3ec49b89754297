/// Philox4x32-10: a counter-based random function of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3".
///
/// Block `counter` of key `key` is computed without any state, so streams need no warm-up and no coordination.
/// The known answers of the authors' Random123 library are part of the tests.
package enum Philox {
    /// The four words of one block; ten rounds, about 10 ns.
    @inlinable
    package static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var words = counter
        var round = key
        for _ in 0..<10 {
            let first = UInt64(words.x) &* 0xD251_1F53
            let second = UInt64(words.z) &* 0xCD9E_8D57
            words = SIMD4(
                UInt32(truncatingIfNeeded: second >> 32) ^ words.y ^ round.x, UInt32(truncatingIfNeeded: second),
                UInt32(truncatingIfNeeded: first >> 32) ^ words.w ^ round.y, UInt32(truncatingIfNeeded: first))
            round = round &+ SIMD2(0x9E37_79B9, 0xBB67_AE85)
        }
        return words
    }
}
