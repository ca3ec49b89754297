import Errors

/// One record of a file: its cells, the line it starts on, and the character each cell starts at (both from 1).
///
/// A cell after a quoted line break counts its characters from the start of the record's last line.
struct CSVRecord: Sendable {
    var cells: [String] = []
    var columns: [Int] = []
    var line: Int
}

/// Reads the records of a CSV file one after another; linear in the number of bytes.
struct CSVReader {
    private let bytes: [UInt8]
    private let file: String
    private var offset = 0
    private var line = 1
    // Where the last cell began: columns are counted on from there, so that a row costs one pass.
    private var counted = (offset: 0, characters: 0)

    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let lineFeed = UInt8(ascii: "\n")

    /// Checks the encoding and skips a byte order mark.
    init(bytes: [UInt8], file: String) throws(LaurelError) {
        self.bytes = bytes
        self.file = file
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw LaurelError.input("file is UTF-16", at: "\(file):1:1", next: "save it as UTF-8")
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            offset = 3
            counted = (3, 0)
        }
        if let bad = Self.firstInvalidByte(of: bytes) {
            let before = bytes[..<bad]
            line = 1 + before.count { $0 == Self.lineFeed }
            counted = ((before.lastIndex(of: Self.lineFeed) ?? -1) + 1, 0)
            throw LaurelError.input("bytes are not UTF-8", at: place(of: bad), next: "save the file as UTF-8")
        }
    }

    /// The next record; nil at the end of the file.
    mutating func record() throws(LaurelError) -> CSVRecord? {
        skipEmptyLines()
        guard offset < bytes.count else { return nil }
        var record = CSVRecord(line: line)
        while true {
            record.columns.append(column(of: offset))
            record.cells.append(offset < bytes.count && bytes[offset] == Self.quote ? try quoted() : try plain())
            guard offset < bytes.count, bytes[offset] == Self.comma else { break }
            offset += 1
        }
        try endLine()
        return record
    }

    private mutating func plain() throws(LaurelError) -> String {
        let start = offset
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == Self.comma || byte == Self.lineFeed || byte == Self.carriageReturn { break }
            if byte == 0 { throw refusal("NUL character") }
            if byte == Self.quote {
                throw refusal("quote inside an unquoted cell", next: "quote the whole cell and double the quotes in it")
            }
            offset += 1
        }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private mutating func quoted() throws(LaurelError) -> String {
        let opening = place(of: offset)
        offset += 1
        var content: [UInt8] = []
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == 0 { throw refusal("NUL character") }
            if byte == Self.quote {
                offset += 1
                guard offset < bytes.count, bytes[offset] == Self.quote else {
                    if offset < bytes.count, ![Self.comma, Self.lineFeed, Self.carriageReturn].contains(bytes[offset]) {
                        throw refusal("text after a closing quote", next: "double the quotes inside the cell")
                    }
                    return String(decoding: content, as: UTF8.self)
                }
            }
            content.append(byte)
            offset += 1
            if byte == Self.lineFeed { startLine() }
        }
        throw LaurelError.input("quoted cell is not closed", at: opening, next: "add the closing quote")
    }

    private mutating func endLine() throws(LaurelError) {
        guard offset < bytes.count else { return }
        if bytes[offset] == Self.carriageReturn {
            guard offset + 1 < bytes.count, bytes[offset + 1] == Self.lineFeed else {
                throw refusal("carriage return without line feed", next: "end lines with LF or CRLF")
            }
            offset += 1
        }
        offset += 1
        startLine()
    }

    private mutating func skipEmptyLines() {
        while offset < bytes.count {
            if bytes[offset] == Self.lineFeed {
                offset += 1
            } else if bytes[offset] == Self.carriageReturn, offset + 1 < bytes.count,
                bytes[offset + 1] == Self.lineFeed
            {
                offset += 2
            } else {
                return
            }
            startLine()
        }
    }

    private mutating func startLine() {
        line += 1
        counted = (offset, 0)
    }

    private mutating func column(of position: Int) -> Int {
        counted.characters += bytes[counted.offset..<position].count { $0 & 0xC0 != 0x80 }
        counted.offset = position
        return counted.characters + 1
    }

    private mutating func refusal(_ problem: String, next remedy: String? = nil) -> LaurelError {
        LaurelError.input(problem, at: place(of: offset), next: remedy)
    }

    private mutating func place(of position: Int) -> String {
        "\(file):\(line):\(column(of: position))"
    }

    private static func firstInvalidByte(of bytes: [UInt8]) -> Int? {
        guard String(validating: bytes, as: UTF8.self) == nil else { return nil }
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): offset += UTF8.width(scalar)
            case .emptyInput: return bytes.count
            case .error: return offset
            }
        }
    }
}
