/// PostgreSQL's text form of one-dimensional arrays: `{a,"b \"c\"",NULL}`.
enum ArrayText {
    /// The text of an array with these elements; every element is quoted, so none can be taken for syntax.
    static func encoded(_ elements: [Binding]) -> String {
        let parts = elements.map { element -> String in
            switch element {
            case .null: "NULL"
            case .text(let text): quoted(text)
            case .bytes(let bytes): quoted(ByteaText.text(of: bytes))
            }
        }
        return "{" + parts.joined(separator: ",") + "}"
    }

    private static func quoted(_ text: String) -> String {
        var quoted: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { quoted.append(UInt8(ascii: "\\")) }
            quoted.append(byte)
        }
        quoted.append(UInt8(ascii: "\""))
        return String(decoding: quoted, as: UTF8.self)
    }

    /// The elements of an array in text form, `nil` for NULL; returns `nil` for anything but one dimension.
    static func parts(of text: String) -> [String?]? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 2, bytes.first == UInt8(ascii: "{"), bytes.last == UInt8(ascii: "}") else { return nil }
        if bytes.count == 2 { return [] }
        var parts: [String?] = []
        var position = 1
        while position < bytes.count {
            guard let part = part(in: bytes, at: &position) else { return nil }
            parts.append(part)
            let separator = bytes[position]
            position += 1
            if separator == UInt8(ascii: "}") { return position == bytes.count ? parts : nil }
        }
        return nil
    }

    /// Reads one element and stops at the separator behind it; returns `nil` where there is none.
    private static func part(in bytes: [UInt8], at position: inout Int) -> String?? {
        var content: [UInt8] = []
        let isQuoted = bytes[position] == UInt8(ascii: "\"")
        var insideQuotes = isQuoted
        if isQuoted { position += 1 }
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\\") where position + 1 < bytes.count:
                content.append(bytes[position + 1])
                position += 2
            case UInt8(ascii: "\"") where insideQuotes:
                insideQuotes = false
                position += 1
            case UInt8(ascii: ",") where !insideQuotes, UInt8(ascii: "}") where !insideQuotes:
                let text = String(decoding: content, as: UTF8.self)
                return .some(!isQuoted && text == "NULL" ? nil : text)
            case UInt8(ascii: "{") where !insideQuotes:
                return nil
            default:
                content.append(byte)
                position += 1
            }
        }
        return nil
    }
}
