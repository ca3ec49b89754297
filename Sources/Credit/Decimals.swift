/// Plain decimals with at most six places, held in millionths, so that plans hold no fractions.
enum Decimals {
    /// A plain decimal as millionths; nil for signs, exponents, more than six places or more than a million.
    static func millionths(_ text: String) -> Int64? {
        let halves = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = halves.count == 2 ? halves[1] : "0"
        guard (1...6).contains(halves[0].utf8.count), (1...6).contains(fraction.utf8.count),
            (halves[0] + fraction).utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let whole = Int64(halves[0]),
            let rest = Int64(fraction + String(repeating: "0", count: 6 - fraction.utf8.count))
        else { return nil }
        return whole * 1_000_000 + rest
    }

    /// The shortest decimal that ``millionths(_:)`` reads as `millionths`, which is not negative.
    static func text(millionths: Int64) -> String {
        let (whole, rest) = millionths.quotientAndRemainder(dividingBy: 1_000_000)
        guard rest > 0 else { return String(whole) }
        let digits = String(1_000_000 + rest).dropFirst()
        return "\(whole)." + String(digits.reversed().drop(while: { $0 == "0" }).reversed())
    }
}
