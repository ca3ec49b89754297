import Errors

/// An amount of money: a whole number of micros (10⁻⁶ of the major unit) of a currency that the context names.
///
/// The range is ±9.2 × 10¹² major units. Arithmetic throws on overflow and never wraps or rounds.
package struct Micros: Hashable, Comparable, Sendable {
    /// The amount in micros, signed.
    package let value: Int64

    /// Nothing.
    package static let zero = Micros(0)

    /// An amount of so many micros.
    package init(_ value: Int64) {
        self.value = value
    }

    package static func < (left: Micros, right: Micros) -> Bool { left.value < right.value }

    /// The sum; throws `input` when it does not fit.
    package static func + (left: Micros, right: Micros) throws -> Micros {
        let (sum, overflow) = left.value.addingReportingOverflow(right.value)
        guard !overflow else { throw Micros.overflow("\(left.formatted) + \(right.formatted)") }
        return Micros(sum)
    }

    /// The difference; throws `input` when it does not fit.
    package static func - (left: Micros, right: Micros) throws -> Micros {
        let (difference, overflow) = left.value.subtractingReportingOverflow(right.value)
        guard !overflow else { throw Micros.overflow("\(left.formatted) - \(right.formatted)") }
        return Micros(difference)
    }

    /// The exact total of all amounts; throws `input` when the total does not fit, however the parts are ordered.
    package static func total(_ amounts: some Sequence<Micros>) throws -> Micros {
        var sum: Int128 = 0
        for amount in amounts { sum += Int128(amount.value) }
        guard let value = Int64(exactly: sum) else { throw overflow("the total") }
        return Micros(value)
    }

    /// `self × share ÷ 1,000,000`, rounded toward zero, for a share of 0…1,000,000 parts per million; so it always fits.
    package func part(perMillion share: Int64) -> Micros {
        precondition((0...1_000_000).contains(share), "a share lies between 0 and 1,000,000 parts per million")
        return Micros(Int64(Int128(value) * Int128(share) / 1_000_000))
    }

    /// The part of a non-negative amount that a bank can move: rounded down to the currency's minor unit.
    package func wholeMinorUnits(of currency: Currency) -> Micros {
        precondition(value >= 0, "only what is owed is paid")
        return Micros(value - value % currency.microsPerMinorUnit)
    }

    /// Always six decimals, `.` as the decimal sign, a minus only before what is not zero: `-1234.500000`.
    package var formatted: String { formatted(decimals: 6) }

    /// With as many decimals as the currency has when nothing is lost by it, with six otherwise.
    package func formatted(in currency: Currency) -> String {
        formatted(decimals: value % currency.microsPerMinorUnit == 0 ? currency.minorExponent : 6)
    }

    private func formatted(decimals: Int) -> String {
        let whole = value.magnitude / 1_000_000
        let sign = value < 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(whole)" }
        let fraction = String(value.magnitude % 1_000_000)
        let padded = String(repeating: "0", count: 6 - fraction.count) + fraction
        return "\(sign)\(whole).\(padded.prefix(decimals))"
    }

    private static func overflow(_ what: String) -> LaurelError {
        LaurelError.input(
            "\(what) is more than an amount can hold", next: "split it: one amount may be at most 9223372036854.775807")
    }
}
