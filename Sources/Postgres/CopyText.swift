/// COPY's text format: tab between values, line feed behind a row, `\N` for NULL, backslash escapes.
enum CopyText {
    private static let tab = UInt8(ascii: "\t")
    private static let newline = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let backslash = UInt8(ascii: "\\")

    /// Appends one row.
    ///
    /// - Throws: ``PostgresError`` with SQLSTATE 22021 for a text with U+0000.
    static func append(_ values: [String?], to bytes: inout [UInt8]) throws {
        for (position, value) in values.enumerated() {
            if position > 0 { bytes.append(tab) }
            guard let value else {
                bytes += [backslash, UInt8(ascii: "N")]
                continue
            }
            for byte in value.utf8 {
                switch byte {
                case 0: throw PostgresError.zeroByte
                case tab: bytes += [backslash, UInt8(ascii: "t")]
                case newline: bytes += [backslash, UInt8(ascii: "n")]
                case carriageReturn: bytes += [backslash, UInt8(ascii: "r")]
                case backslash: bytes += [backslash, backslash]
                default: bytes.append(byte)
                }
            }
        }
        bytes.append(newline)
    }

    /// The values of one row as the server wrote it.
    static func values(of line: UnsafeRawBufferPointer) -> [String?] {
        var values: [String?] = []
        var content: [UInt8] = []
        var isNull = false
        var position = 0
        while position < line.count {
            let byte = line[position]
            switch byte {
            case tab, newline:
                values.append(isNull ? nil : String(decoding: content, as: UTF8.self))
                content.removeAll(keepingCapacity: true)
                isNull = false
            case backslash where position + 1 < line.count:
                position += 1
                if line[position] == UInt8(ascii: "N") {
                    isNull = true
                } else {
                    content.append(unescaped(line[position]))
                }
            default:
                content.append(byte)
            }
            position += 1
        }
        return values
    }

    private static func unescaped(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "b"): 8
        case UInt8(ascii: "f"): 12
        case UInt8(ascii: "n"): newline
        case UInt8(ascii: "r"): carriageReturn
        case UInt8(ascii: "t"): tab
        case UInt8(ascii: "v"): 11
        default: byte
        }
    }
}
