package import Errors

/// A property with its share in the mix that money follows.
package struct WeightedProperty: Hashable, Sendable {
    /// Its name, as on the command line.
    package let name: String
    /// Its weight relative to the others', in millionths.
    package let weightMillionths: Int64
    /// Whether less is better, as with a distance: the credit is then of the improvement.
    package let lowerIsBetter: Bool

    package init(name: String, weightMillionths: Int64, lowerIsBetter: Bool) {
        self.name = name
        self.weightMillionths = weightMillionths
        self.lowerIsBetter = lowerIsBetter
    }

    /// Splits `NAME[:WEIGHT]`; the weight is a positive decimal with at most six places, 1 when left out. The names
    /// `quantile:NAME:Q` have colons of their own.
    ///
    /// - Throws: ``LaurelError`` of kind `input`.
    package static func split(_ text: String) throws(LaurelError) -> (name: String, weightMillionths: Int64) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let namePartCount = parts.first == "quantile" ? 3 : 1
        guard parts.count == namePartCount || parts.count == namePartCount + 1, !parts.contains("") else {
            throw LaurelError.input(
                "\(text.debugDescription) is no property", at: "--property", next: "write NAME or NAME:WEIGHT")
        }
        let name = parts.prefix(namePartCount).joined(separator: ":")
        guard name.utf8.allSatisfy(isNameByte) else {
            throw LaurelError.input(
                "property name \(name.debugDescription) has other characters than letters, digits, '_', '.', '-'",
                at: "--property", next: "write NAME or NAME:WEIGHT")
        }
        guard parts.count > namePartCount else { return (name, 1_000_000) }
        guard let weight = Decimals.millionths(parts[namePartCount]), weight > 0 else {
            throw LaurelError.input(
                "weight \(parts[namePartCount].debugDescription) of property \(name) is no positive decimal",
                at: "--property", next: "write for instance \(name):0.5")
        }
        return (name, weight)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"),
            UInt8(ascii: ":"):
            true
        default: false
        }
    }
}
