/// What a parameter looks like on the wire.
package enum Binding: Sendable, Hashable {
    case null
    case text(String)
    case bytes([UInt8])
}

/// A Swift type that can be bound as a parameter and read from a column.
///
/// An enum with raw values conforms by declaring it: `extension Kind: PostgresValue {}`.
package protocol PostgresValue: Sendable {
    /// The value as a parameter.
    var binding: Binding { get }

    /// The value of a column in PostgreSQL's text format, `nil` for NULL; returns `nil` when it does not fit the type.
    static func decoded(from text: String?) -> Self?

    /// An array of values as one parameter; an SQL array unless the type says otherwise.
    static func binding(of array: [Self]) -> Binding

    /// An array of values from the text of one column.
    static func decodedArray(from text: String) -> [Self]?
}

extension PostgresValue where Self: LosslessStringConvertible {
    package var binding: Binding { .text(description) }
    package static func decoded(from text: String?) -> Self? { text.flatMap { Self($0) } }
}

extension PostgresValue where Self: RawRepresentable, RawValue: PostgresValue {
    package var binding: Binding { rawValue.binding }
    package static func decoded(from text: String?) -> Self? {
        RawValue.decoded(from: text).flatMap { Self(rawValue: $0) }
    }
}

extension String: PostgresValue {}
extension Int: PostgresValue {}
extension Int64: PostgresValue {}
extension Int32: PostgresValue {}

extension Bool: PostgresValue {
    package var binding: Binding { .text(self ? "t" : "f") }
    package static func decoded(from text: String?) -> Bool? {
        switch text {
        case "t": true
        case "f": false
        default: nil
        }
    }
}

extension Double: PostgresValue {
    /// Swift's shortest text that reads back as the same bits; PostgreSQL 12 and later answers in the same manner.
    package var binding: Binding { .text(description) }
    package static func decoded(from text: String?) -> Double? { text.flatMap { Double($0) } }
}

extension Optional: PostgresValue where Wrapped: PostgresValue {
    package var binding: Binding { self?.binding ?? .null }
    package static func decoded(from text: String?) -> Wrapped?? {
        guard let text else { return .some(nil) }
        return Wrapped.decoded(from: text).map { .some($0) }
    }
}

// MARK: - Arrays

extension Array: PostgresValue where Element: PostgresValue {
    package var binding: Binding { Element.binding(of: self) }
    package static func decoded(from text: String?) -> [Element]? { text.flatMap { Element.decodedArray(from: $0) } }
}

extension PostgresValue {
    package static func binding(of array: [Self]) -> Binding {
        .text(ArrayText.encoded(array.map(\.binding)))
    }

    package static func decodedArray(from text: String) -> [Self]? {
        guard let parts = ArrayText.parts(of: text) else { return nil }
        var elements: [Self] = []
        elements.reserveCapacity(parts.count)
        for part in parts {
            guard let element = Self.decoded(from: part) else { return nil }
            elements.append(element)
        }
        return elements
    }
}

/// An array of bytes is a `bytea`, not an SQL array of small numbers.
extension UInt8: PostgresValue {
    package static func binding(of array: [UInt8]) -> Binding { .bytes(array) }
    package static func decodedArray(from text: String) -> [UInt8]? { ByteaText.bytes(of: text) }
}
