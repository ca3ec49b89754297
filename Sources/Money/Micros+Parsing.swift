import Errors

extension Micros {
    /// How many decimals a text may have.
    package enum Precision: Hashable, Sendable {
        /// As many as the currency's smallest coin: what comes from a bank or an invoice.
        case minorUnit
        /// Six: what the ledger itself wrote.
        case micros
    }

    /// Reads a decimal number strictly: `-?(0|[1-9][0-9]*)(\.[0-9]+)?` in ASCII, no more decimals than allowed.
    ///
    /// Exponents, plus signs, thousands separators, digits of other scripts, minus zero, spaces, leading zeros and
    /// amounts beyond the range are refused; nothing is ever rounded.
    ///
    /// - Parameters:
    ///   - text: the amount as it was written.
    ///   - currency: decides how many decimals `minorUnit` allows.
    ///   - precision: how many decimals may stand there.
    ///   - place: where the text stood (`file:line:column`), for the error.
    /// - Throws: `LaurelError.input` with the text, the place and what to write instead.
    package init(
        parsing text: String, currency: Currency, precision: Precision = .minorUnit, at place: String? = nil
    ) throws {
        let allowed = precision == .micros ? 6 : currency.minorExponent
        func refusal(_ problem: String) -> LaurelError {
            let example = allowed == 0 ? "1234" : "1234." + String(repeating: "5", count: min(allowed, 2))
            return LaurelError.input(
                "\"\(text.prefix(60))\" \(problem)", at: place, next: "write a plain decimal number such as \(example)")
        }
        var digits = Array(text.utf8)[...]
        let negative = digits.first == UInt8(ascii: "-")
        if negative { digits = digits.dropFirst() }
        let whole = digits.prefix { $0.isASCIIDigit }
        var rest = digits.dropFirst(whole.count)
        guard !whole.isEmpty else { throw refusal("is not an amount") }
        guard whole.count == 1 || whole.first != UInt8(ascii: "0") else { throw refusal("has a leading zero") }
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix { $0.isASCIIDigit }
            rest = rest.dropFirst(1 + fraction.count)
            guard !fraction.isEmpty else { throw refusal("is not an amount") }
        }
        guard rest.isEmpty else { throw refusal("is not an amount") }
        guard fraction.count <= allowed else {
            throw refusal(
                precision == .micros
                    ? "has more than six decimals"
                    : "has more decimals than \(currency.code) has (\(currency.minorExponent))")
        }
        let padding = repeatElement(UInt8(ascii: "0"), count: 6 - fraction.count)
        var magnitude: UInt64 = 0
        for digit in Array(whole) + Array(fraction) + Array(padding) {
            let (tens, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (next, carry) = tens.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
            guard !overflow, !carry, next <= UInt64(Int64.max) else { throw refusal("is too large an amount") }
            magnitude = next
        }
        guard !(negative && magnitude == 0) else { throw refusal("is minus zero") }
        self.init(negative ? -Int64(magnitude) : Int64(magnitude))
    }
}

extension UInt8 {
    fileprivate var isASCIIDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
