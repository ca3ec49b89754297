package import Errors

extension CanonicalValue {
    /// Reads a document and refuses every byte that the one spelling of ``encoded()`` would not have.
    ///
    /// What parses, encodes back to the same bytes. Linear in the number of bytes.
    /// - Parameters:
    ///   - bytes: the document.
    ///   - name: what to call it in errors, such as `statement.json`.
    /// - Returns: the top-level object.
    /// - Throws: ``LaurelError`` of kind `input` at `name: byte N`, counted from 0.
    package static func parse(
        _ bytes: [UInt8], name: String = "document"
    ) throws(LaurelError) -> CanonicalValue {
        guard bytes.count <= maximumSize else {
            throw LaurelError.input("document has \(bytes.count) bytes, at most \(maximumSize) are allowed", at: name)
        }
        var parser = CanonicalParser(bytes: bytes, name: name)
        return try parser.document()
    }
}

/// A recursive-descent reader of the profile; its depth is bounded by ``CanonicalValue/maximumDepth``.
private struct CanonicalParser {
    let bytes: [UInt8]
    let name: String
    var offset = 0

    mutating func document() throws(LaurelError) -> CanonicalValue {
        guard next == UInt8(ascii: "{") else { throw refusal("a document is one object and begins with {") }
        let value = try object(depth: 1)
        guard offset == bytes.count else { throw refusal("bytes after the end of the document") }
        guard value["$schema"]?.text != nil else {
            throw refusal("the first key is not $schema with a string", offset: min(1, bytes.count))
        }
        return value
    }

    private mutating func value(depth: Int) throws(LaurelError) -> CanonicalValue {
        guard let first = next else { throw refusal("document ends too early") }
        switch first {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): throw refusal("null is not allowed: an absent member is left out")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try integer()
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
            throw refusal("white space between tokens")
        default: throw refusal("not a value")
        }
    }

    private mutating func object(depth: Int) throws(LaurelError) -> CanonicalValue {
        try enter(depth)
        var members: [String: CanonicalValue] = [:]
        var previous: String?
        if take("}") { return .object(members) }
        repeat {
            let start = offset
            guard next == UInt8(ascii: "\"") else { throw refusal("expected a key in double quotes") }
            let key = try string()
            guard CanonicalRule.allows(key: key.utf8) else {
                throw refusal("key does not match [$a-z][a-z0-9_]*", offset: start)
            }
            if let previous, !previous.utf8.lexicographicallyPrecedes(key.utf8) {
                let problem = previous == key ? "key \(key) appears twice" : "keys are not in ascending order"
                throw refusal(problem, offset: start)
            }
            guard take(":") else { throw refusal("expected : after the key") }
            members[key] = try value(depth: depth + 1)
            previous = key
        } while take(",")
        guard take("}") else { throw refusal("expected , or }") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(LaurelError) -> CanonicalValue {
        try enter(depth)
        var elements: [CanonicalValue] = []
        if take("]") { return .array(elements) }
        repeat {
            elements.append(try value(depth: depth + 1))
        } while take(",")
        guard take("]") else { throw refusal("expected , or ]") }
        return .array(elements)
    }

    private mutating func string() throws(LaurelError) -> String {
        let start = offset
        offset += 1
        var content: [UInt8] = []
        while let byte = next, byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\\") {
                offset += 1
                guard next == UInt8(ascii: "\"") || next == UInt8(ascii: "\\") else {
                    throw refusal("only \\\" and \\\\ may be escaped", offset: offset - 1)
                }
            }
            content.append(bytes[offset])
            offset += 1
        }
        guard take("\"") else { throw refusal("string is not closed", offset: start) }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw refusal("string is not UTF-8", offset: start)
        }
        if let objection = CanonicalRule.objection(to: text) { throw refusal(objection, offset: start) }
        return text
    }

    private mutating func integer() throws(LaurelError) -> CanonicalValue {
        let start = offset
        let isNegative = take("-")
        let digits = offset
        while let byte = next, CanonicalRule.isDigit(byte) { offset += 1 }
        if next == UInt8(ascii: ".") || next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            throw refusal("number is not an integer: fractions are strings", offset: start)
        }
        let spelling = bytes[digits..<offset]
        guard let first = spelling.first, first != UInt8(ascii: "0") || (spelling.count == 1 && !isNegative) else {
            throw refusal("integer is not in its shortest spelling", offset: start)
        }
        guard let number = Int64(String(decoding: bytes[start..<offset], as: UTF8.self)),
            number.magnitude <= CanonicalValue.maximumInteger.magnitude
        else {
            throw refusal("integer is beyond ±(2^53-1)", offset: start)
        }
        return .integer(number)
    }

    private mutating func word(_ word: String, _ value: CanonicalValue) throws(LaurelError) -> CanonicalValue {
        guard bytes[offset...].starts(with: word.utf8) else { throw refusal("not a value") }
        offset += word.utf8.count
        return value
    }

    private mutating func enter(_ depth: Int) throws(LaurelError) {
        guard depth <= CanonicalValue.maximumDepth else {
            throw refusal("document is nested deeper than \(CanonicalValue.maximumDepth)")
        }
        offset += 1
    }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private func refusal(_ problem: String, offset: Int? = nil) -> LaurelError {
        LaurelError.input(problem, at: "\(name): byte \(offset ?? self.offset)")
    }
}
