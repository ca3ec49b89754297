import Credit
import Testing

@Suite("Negative rules")
struct NegativeRuleTests {
    @Test(
        "Each rule pays what it says",
        arguments: [
            (NegativeRule.clip, [0, 500_000_000_000, 1_000_000_000_000] as [UInt64]),
            (.significant, [0, 0, 1_000_000_000_000]), (.lowerBound, [0, 0, 800_000_000_000]),
        ])
    func rules(_ rule: NegativeRule, _ expected: [UInt64]) {
        #expect(rule.weights([(-0.2, -0.5), (0.5, -0.1), (1, 0.8)]) == expected)
    }

    @Test("Large credits are scaled down together instead of overflowing")
    func largeCredits() {
        #expect(NegativeRule.clip.weights([(3e9, 0), (1e9, 0)]) == [300_000_000_000_000_000, 100_000_000_000_000_000])
    }
}
