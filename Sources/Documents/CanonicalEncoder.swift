package import Errors

extension CanonicalValue {
    /// The one spelling of this document.
    ///
    /// - Throws: ``LaurelError`` of kind `input` for a value outside the profile, with its path (`earnings[3].title`).
    package func encoded() throws(LaurelError) -> [UInt8] {
        guard case .object(let members) = self else {
            throw LaurelError.input("a canonical document is one object")
        }
        guard members["$schema"]?.text != nil else {
            throw LaurelError.input("a canonical document names its kind", at: "$schema")
        }
        var encoder = CanonicalEncoder()
        try encoder.append(self, depth: 1, path: "")
        guard encoder.bytes.count <= Self.maximumSize else {
            throw LaurelError.input(
                "document has \(encoder.bytes.count) bytes, at most \(Self.maximumSize) are allowed")
        }
        return encoder.bytes
    }
}

/// Writes values in their one spelling.
private struct CanonicalEncoder {
    var bytes: [UInt8] = []

    mutating func append(_ value: CanonicalValue, depth: Int, path: String) throws(LaurelError) {
        switch value {
        case .object(let members):
            try checkDepth(depth, path)
            try append(members: members, depth: depth, path: path)
        case .array(let elements):
            try checkDepth(depth, path)
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                try append(element, depth: depth + 1, path: "\(path)[\(index)]")
            }
            bytes.append(UInt8(ascii: "]"))
        case .string(let text):
            if let objection = CanonicalRule.objection(to: text) { throw LaurelError.input(objection, at: path) }
            append(quoted: text)
        case .integer(let number):
            guard number.magnitude <= CanonicalValue.maximumInteger.magnitude else {
                throw LaurelError.input("integer \(number) is beyond ±(2^53-1)", at: path, next: "write it as a string")
            }
            bytes.append(contentsOf: String(number).utf8)
        case .bool(let truth):
            bytes.append(contentsOf: (truth ? "true" : "false").utf8)
        }
    }

    private mutating func append(
        members: [String: CanonicalValue], depth: Int, path: String
    ) throws(LaurelError) {
        bytes.append(UInt8(ascii: "{"))
        let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        for (index, member) in sorted.enumerated() {
            let memberPath = path.isEmpty ? member.key : "\(path).\(member.key)"
            guard CanonicalRule.allows(key: member.key.utf8) else {
                throw LaurelError.input("key does not match [$a-z][a-z0-9_]*", at: memberPath)
            }
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(quoted: member.key)
            bytes.append(UInt8(ascii: ":"))
            try append(member.value, depth: depth + 1, path: memberPath)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private mutating func append(quoted text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private func checkDepth(_ depth: Int, _ path: String) throws(LaurelError) {
        guard depth <= CanonicalValue.maximumDepth else {
            throw LaurelError.input("document is nested deeper than \(CanonicalValue.maximumDepth)", at: path)
        }
    }
}
