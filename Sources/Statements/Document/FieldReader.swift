import Documents
import Errors
import Money

/// Reads the members of one object by name and type, and refuses what nobody asked for.
struct FieldReader {
    private let members: [String: CanonicalValue]
    private let path: String
    private var unread: Set<String>

    init(_ value: CanonicalValue, path: String) throws(LaurelError) {
        guard let members = value.members else { throw LaurelError.input("not an object", at: path) }
        self.members = members
        self.path = path
        self.unread = Set(members.keys)
    }

    /// Where a member stands, for errors.
    func place(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    mutating func optional(_ key: String) -> CanonicalValue? {
        unread.remove(key)
        return members[key]
    }

    mutating func value(_ key: String) throws(LaurelError) -> CanonicalValue {
        guard let value = optional(key) else { throw LaurelError.input("member is missing", at: place(key)) }
        return value
    }

    mutating func schema(_ expected: String) throws(LaurelError) {
        let found = try text("$schema")
        guard found == expected else {
            throw LaurelError.input("document is of kind \(found), not \(expected)", at: place("$schema"))
        }
    }

    mutating func text(_ key: String) throws(LaurelError) -> String {
        guard let text = try value(key).text else { throw LaurelError.input("not a string", at: place(key)) }
        return text
    }

    mutating func optionalText(_ key: String) throws(LaurelError) -> String? {
        members[key] == nil ? nil : try text(key)
    }

    /// A non-negative integer.
    mutating func count(_ key: String) throws(LaurelError) -> Int64 {
        guard let number = try value(key).number, number >= 0 else {
            throw LaurelError.input("not a count", at: place(key))
        }
        return number
    }

    mutating func optionalCount(_ key: String) throws(LaurelError) -> Int64? {
        members[key] == nil ? nil : try count(key)
    }

    mutating func digest(_ key: String) throws(LaurelError) -> Digest {
        guard let digest = Digest(hex: try text(key)) else {
            throw LaurelError.input("not a SHA-256 in lowercase hexadecimal", at: place(key))
        }
        return digest
    }

    mutating func optionalDigest(_ key: String) throws(LaurelError) -> Digest? {
        members[key] == nil ? nil : try digest(key)
    }

    mutating func time(_ key: String) throws(LaurelError) -> Timestamp {
        try Timestamp(parsing: try text(key), at: place(key))
    }

    mutating func optionalTime(_ key: String) throws(LaurelError) -> Timestamp? {
        members[key] == nil ? nil : try time(key)
    }

    mutating func period(_ key: String) throws(LaurelError) -> Period {
        try Period(parsing: try text(key), at: place(key))
    }

    mutating func choice<Choice: RawRepresentable<String>>(_ key: String) throws(LaurelError) -> Choice {
        let text = try text(key)
        guard let choice = Choice(rawValue: text) else {
            throw LaurelError.input("\(text.debugDescription) is none of the known words", at: place(key))
        }
        return choice
    }

    /// Money in its one spelling, `-?(0|[1-9][0-9]*)\.[0-9]{6}`, never minus zero.
    mutating func money(_ key: String) throws(LaurelError) -> Micros {
        let text = try text(key)
        guard let micros = Micros(canonical: text) else {
            throw LaurelError.input(
                "\(text.prefix(40).debugDescription) is no amount with six decimals", at: place(key))
        }
        return micros
    }

    /// Money of which there is no less than nothing.
    mutating func amount(_ key: String) throws(LaurelError) -> Micros {
        let amount = try money(key)
        guard amount >= .zero else { throw LaurelError.input("amount is negative", at: place(key)) }
        return amount
    }

    /// A non-negative integer below 2^127 written as a string.
    mutating func weight(_ key: String) throws(LaurelError) -> UInt128 {
        let text = try text(key)
        guard let weight = UInt128(text), String(weight) == text, weight < 1 << 127 else {
            throw LaurelError.input("not a weight: a non-negative integer as a string", at: place(key))
        }
        return weight
    }

    /// A decimal number in plain notation, kept as written.
    mutating func optionalDecimal(_ key: String) throws(LaurelError) -> String? {
        guard let text = try optionalText(key) else { return nil }
        guard text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?/) != nil else {
            throw LaurelError.input("not a plain decimal number", at: place(key))
        }
        return text
    }

    mutating func object<Value>(
        _ key: String, _ read: (inout FieldReader) throws(LaurelError) -> Value
    ) throws(LaurelError) -> Value {
        var fields = try FieldReader(try value(key), path: place(key))
        let value = try read(&fields)
        try fields.finish()
        return value
    }

    mutating func optionalObject<Value>(
        _ key: String, _ read: (inout FieldReader) throws(LaurelError) -> Value
    ) throws(LaurelError) -> Value? {
        members[key] == nil ? nil : try object(key, read)
    }

    mutating func list<Value>(
        _ key: String, _ read: (inout FieldReader) throws(LaurelError) -> Value
    ) throws(LaurelError) -> [Value] {
        guard let elements = try value(key).elements else { throw LaurelError.input("not an array", at: place(key)) }
        var values: [Value] = []
        for (index, element) in elements.enumerated() {
            var fields = try FieldReader(element, path: "\(place(key))[\(index)]")
            values.append(try read(&fields))
            try fields.finish()
        }
        return values
    }

    /// Refuses members that were not read.
    func finish() throws(LaurelError) {
        if let key = unread.min() { throw LaurelError.input("member is unknown", at: place(key)) }
    }
}

extension Micros {
    /// An amount in the one spelling of ``Micros/formatted``; nil for every other text.
    init?(canonical text: String) {
        let digits = text.utf8.filter { $0 != UInt8(ascii: ".") }
        guard let value = Int64(String(decoding: digits, as: UTF8.self)), Micros(value).formatted == text else {
            return nil
        }
        self.init(value)
    }
}
