import Documents
import Money

/// Numbers as a reader wants to see them; none of these texts is ever read back.
enum PageNumbers {
    /// A whole number with commas between thousands.
    static func grouped(_ digits: String) -> String {
        var groups: [Substring] = []
        var rest = digits[...]
        while rest.count > 3 {
            groups.append(rest.suffix(3))
            rest = rest.dropLast(3)
        }
        groups.append(rest)
        return groups.reversed().joined(separator: ",")
    }

    /// An amount in two pieces: what a bank could move, and the digits beyond that (empty when they are zeros).
    static func amount(_ amount: Micros, _ currency: Currency) -> (head: String, tail: String) {
        let parts = amount.formatted.split(separator: ".")
        let isNegative = parts[0].hasPrefix("-")
        let whole = (isNegative ? "\u{2212}" : "") + grouped(String(isNegative ? parts[0].dropFirst() : parts[0]))
        let decimals = parts[1].prefix(currency.minorExponent)
        let tail = String(parts[1].dropFirst(currency.minorExponent))
        let isWhole = tail.allSatisfy { $0 == "0" }
        guard currency.minorExponent > 0 else { return (whole, isWhole ? "" : "." + tail) }
        return ("\(whole).\(decimals)", isWhole ? "" : tail)
    }

    /// All six decimals: `1,204.334211`.
    static func exact(_ amount: Micros) -> String {
        let parts = amount.formatted.split(separator: ".")
        let isNegative = parts[0].hasPrefix("-")
        return (isNegative ? "\u{2212}" : "") + grouped(String(isNegative ? parts[0].dropFirst() : parts[0])) + "."
            + parts[1]
    }

    /// `1,204.33 USD`, with all six decimals only where they say something.
    static func text(_ amount: Micros, _ currency: Currency) -> String {
        let parts = self.amount(amount, currency)
        return "\(parts.head)\(parts.tail) \(currency.code)"
    }

    /// A share of a total as a percentage with two decimals, rounded to the nearest: `12.04 %`.
    static func percent(_ part: UInt128, of total: UInt128) -> String {
        guard total > 0 else { return "0.00 %" }
        // Half a hundredth more, then down; a part never exceeds its total, so only enormous totals overflow.
        let (product, overflow) = part.multipliedReportingOverflow(by: 20_000)
        let hundredths = overflow ? part / (total / 10_000) : (product + total) / (2 * total)
        let fraction = String(hundredths % 100)
        return "\(hundredths / 100).\(fraction.count < 2 ? "0" : "")\(fraction) %"
    }

    /// `October 2026`.
    static func month(_ period: Period) -> String {
        let names = [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December",
        ]
        return "\(names[period.month - 1]) \(period.year)"
    }

    /// A decimal text rounded to so many significant digits, halves away from zero, for the eye. Whole digits all stay.
    static func short(_ decimal: String, digits: Int = 4) -> String {
        let parts = decimal.drop { $0 == "-" }.split(separator: ".", omittingEmptySubsequences: false)
        let fraction = parts.count > 1 ? parts[1] : ""
        let whole = parts[0] == "0" ? "" : parts[0]
        // Zeros before the first digit that counts are not significant.
        let zeros = whole.isEmpty ? fraction.prefix { $0 == "0" }.count : 0
        let kept = max(0, digits - whole.count) + zeros
        var number = (whole + fraction.prefix(kept)).compactMap(\.wholeNumberValue)
        if let next = fraction.dropFirst(kept).first, next >= "5" {
            var place = number.count - 1
            while place >= 0, number[place] == 9 {
                number[place] = 0
                place -= 1
            }
            if place >= 0 { number[place] += 1 } else { number.insert(1, at: 0) }
        }
        let decimals = min(kept, fraction.count)
        let text = number.map(String.init).joined()
        let padded = String(repeating: "0", count: max(0, decimals + 1 - text.count)) + text
        guard number.contains(where: { $0 != 0 }) else { return "0" }
        let rounded = decimals == 0 ? padded : "\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
        return (decimal.hasPrefix("-") ? "\u{2212}" : "") + rounded
    }
}
