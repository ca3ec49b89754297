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

    /// A share of a total as a percentage with two decimals, rounded down: `12.04 %`.
    static func percent(_ part: UInt128, of total: UInt128) -> String {
        guard total > 0 else { return "0.00 %" }
        let (product, overflow) = part.multipliedReportingOverflow(by: 10_000)
        let hundredths = overflow ? part / (total / 10_000) : product / total
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

    /// A decimal text cut to so many significant digits, for the eye.
    static func short(_ decimal: String, digits: Int = 4) -> String {
        let sign = decimal.hasPrefix("-") ? "\u{2212}" : ""
        var significant = 0
        var isFraction = false
        var text = ""
        for character in decimal where character != "-" {
            if character == "." {
                isFraction = true
            } else if character != "0" || significant > 0 {
                significant += 1
            }
            if isFraction, significant > digits { break }
            text.append(character)
        }
        let isZero = text.allSatisfy { $0 == "0" || $0 == "." }
        return isZero ? "0" : sign + text
    }
}
