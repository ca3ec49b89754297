package import Errors
import Foundation

/// A value of the canonical JSON profile: what is signed and hashed has exactly one spelling.
///
/// The profile is a subset of RFC 8785 (JCS) in which no number formatting is needed:
/// * UTF-8 without byte order mark, insignificant white space or trailing newline; one top-level object;
/// * keys match `[$a-z][a-z0-9_]*`, ascend strictly as bytes, and `$schema` is one of the top-level keys (so it is the
///   first, which separates the domains of raw signatures);
/// * integers within ±(2⁵³−1) for counts; money, weights, scores and rates are strings; no null, no fractions;
/// * strings are in normalisation form C, free of control characters, and escape only `"` and `\`;
/// * nested at most ``maximumDepth`` deep, at most ``maximumSize`` bytes long.
package indirect enum CanonicalValue: Hashable, Sendable {
    case object([String: CanonicalValue])
    case array([CanonicalValue])
    case string(String)
    case integer(Int64)
    case bool(Bool)

    /// The deepest nesting of objects and arrays; the top-level object is at depth 1.
    package static let maximumDepth = 8
    /// The most bytes of a document: 1 MiB.
    package static let maximumSize = 1 << 20
    /// The largest integer, 2⁵³ − 1: above it a reader that uses doubles would see another number.
    package static let maximumInteger: Int64 = (1 << 53) - 1

    /// The member of an object; nil when absent or when this is no object.
    package subscript(key: String) -> CanonicalValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    /// The text of a string; nil for every other value.
    package var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The number of an integer; nil for every other value.
    package var number: Int64? {
        if case .integer(let number) = self { number } else { nil }
    }

    /// The elements of an array; nil for every other value.
    package var elements: [CanonicalValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The members of an object; nil for every other value.
    package var members: [String: CanonicalValue]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// The truth of a boolean; nil for every other value.
    package var truth: Bool? {
        if case .bool(let truth) = self { truth } else { nil }
    }

    /// The digest of the canonical bytes of a document.
    ///
    /// - Throws: what ``encoded()`` throws.
    package func digest() throws(LaurelError) -> Digest {
        .sha256(try encoded())
    }
}

/// The rules of single strings that encoder and parser share.
enum CanonicalRule {
    /// Whether a key matches `[$a-z][a-z0-9_]*`.
    static func allows(key: some Collection<UInt8>) -> Bool {
        guard let first = key.first else { return false }
        return (first == UInt8(ascii: "$") || isLower(first))
            && key.dropFirst().allSatisfy { isLower($0) || $0 == UInt8(ascii: "_") || isDigit($0) }
    }

    /// What a string breaks, as a clause; nil when it is within the profile.
    static func objection(to text: String) -> String? {
        var isASCII = true
        for scalar in text.unicodeScalars {
            if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
                return "string holds the control character U+" + hexadecimal(scalar)
            }
            isASCII = isASCII && scalar.isASCII
        }
        if !isASCII, !text.precomposedStringWithCanonicalMapping.utf8.elementsEqual(text.utf8) {
            return "string is not in normalisation form C"
        }
        return nil
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isLower(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    /// A character's number, four digits or more.
    static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

extension CanonicalValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral text: String) { self = .string(text) }

    package init(integerLiteral number: Int64) { self = .integer(number) }

    package init(booleanLiteral truth: Bool) { self = .bool(truth) }

    package init(arrayLiteral elements: CanonicalValue...) { self = .array(elements) }

    package init(dictionaryLiteral members: (String, CanonicalValue)...) {
        self = .object(Dictionary(uniqueKeysWithValues: members))
    }
}
