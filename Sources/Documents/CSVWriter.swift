/// Writes CSV for people and their spreadsheets: RFC 4180, UTF-8, lines end with CRLF.
///
/// A cell of a text column that a spreadsheet would take for a formula gets a leading apostrophe (OWASP ASVS 1.2.10).
/// Number columns are never touched, so that negative amounts stay numbers; the column's type decides, never its text.
package struct CSVWriter: Sendable {
    /// What a column holds.
    package enum Kind: Hashable, Sendable {
        /// Words that people choose; guarded against formulas.
        case text
        /// Numbers written by the program; written as they are.
        case number
    }

    /// Everything written so far, header included.
    package private(set) var bytes: [UInt8] = []

    private let kinds: [Kind]
    private let isRaw: Bool

    /// A table that has its header and no rows.
    ///
    /// - Parameters:
    ///   - columns: names and kinds, in order.
    ///   - raw: whether text is written without the formula guard, for machines.
    package init(columns: [(name: String, kind: Kind)], raw: Bool = false) {
        precondition(!columns.isEmpty, "a table has columns")
        self.kinds = columns.map(\.kind)
        self.isRaw = raw
        write(columns.map(\.name))
    }

    /// Adds a row of as many cells as there are columns.
    package mutating func append(_ cells: [String]) {
        precondition(cells.count == kinds.count, "a row has a cell for each column")
        write(zip(cells, kinds).map { $1 == .text && !isRaw ? Self.guarded($0) : $0 })
    }

    /// A text with an apostrophe in front when a spreadsheet would read it as a formula.
    package static func guarded(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return text }
        return formulaStarts.contains(first) ? "'" + text : text
    }

    private static let formulaStarts: Set<Unicode.Scalar> = [
        "=", "+", "-", "@", "\t", "\r", "\n", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}",
    ]

    private mutating func write(_ cells: [String]) {
        for (index, cell) in cells.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(cell, isAlone: cells.count == 1)
        }
        bytes.append(contentsOf: [UInt8(ascii: "\r"), UInt8(ascii: "\n")])
    }

    private mutating func append(_ cell: String, isAlone: Bool) {
        let quote = UInt8(ascii: "\"")
        let special: Set<UInt8> = [quote, UInt8(ascii: ","), UInt8(ascii: "\r"), UInt8(ascii: "\n")]
        // An empty cell alone on its line is quoted: otherwise the line would read as no row at all.
        guard cell.utf8.contains(where: special.contains) || (isAlone && cell.isEmpty) else {
            bytes.append(contentsOf: cell.utf8)
            return
        }
        bytes.append(quote)
        for byte in cell.utf8 {
            if byte == quote { bytes.append(quote) }
            bytes.append(byte)
        }
        bytes.append(quote)
    }
}
