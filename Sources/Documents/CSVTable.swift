package import Errors
package import Foundation

/// A CSV file as RFC 4180 describes it, read whole: a header and rows of as many cells.
///
/// UTF-8 with or without byte order mark; LF or CRLF; quoted cells may hold commas, doubled quotes and line breaks.
/// Refused: other encodings, NUL, a lone CR, text after a closing quote, a quote inside an unquoted cell, rows of
/// another length than the header, empty or repeated column names. Lines without any character are skipped.
package struct CSVTable: Sendable {
    /// Column names, as written.
    package let header: [String]
    /// The rows below the header.
    package let rows: [CSVRow]
    /// What the file is called in errors.
    package let file: String

    /// Reads a file's bytes.
    ///
    /// - Parameters:
    ///   - bytes: the file.
    ///   - file: what to call it in errors.
    ///   - required: columns that must be there.
    ///   - optional: columns that may be there.
    ///   - allowOther: whether columns named in neither list are kept rather than refused.
    /// - Throws: ``LaurelError`` of kind `input` at `file:line:column`. Lines and columns count from 1; a column is a
    ///   character of its line, as editors count them.
    package init(
        parsing bytes: [UInt8], file: String, required: [String] = [], optional: [String] = [], allowOther: Bool = true
    ) throws(LaurelError) {
        var reader = try CSVReader(bytes: bytes, file: file)
        guard let first = try reader.record() else {
            throw LaurelError.input("file is empty", at: "\(file):1:1", next: "give it a header line")
        }
        try Self.check(first, file: file, required: required, optional: optional, allowOther: allowOther)
        let columns = CSVColumns(names: first.cells, file: file)
        var rows: [CSVRow] = []
        while let record = try reader.record() {
            guard record.cells.count == first.cells.count else {
                throw LaurelError.input(
                    "row has \(record.cells.count) cells, the header has \(first.cells.count)",
                    at: "\(file):\(record.line):1")
            }
            rows.append(CSVRow(columns: columns, record: record))
        }
        self.header = first.cells
        self.rows = rows
        self.file = file
    }

    /// Reads a file from disk.
    ///
    /// - Throws: ``LaurelError`` of kind `input` when it cannot be read or is no such table.
    package init(
        reading url: URL, required: [String] = [], optional: [String] = [], allowOther: Bool = true
    ) throws(LaurelError) {
        let bytes: [UInt8]
        do {
            bytes = [UInt8](try Data(contentsOf: url))
        } catch {
            throw LaurelError.input("file cannot be read", at: url.path, next: "check its path and permissions")
        }
        try self.init(
            parsing: bytes, file: url.lastPathComponent, required: required, optional: optional, allowOther: allowOther)
    }

    private static func check(
        _ record: CSVRecord, file: String, required: [String], optional: [String], allowOther: Bool
    ) throws(LaurelError) {
        var seen: Set<[UInt8]> = []
        for (name, column) in zip(record.cells, record.columns) {
            let place = "\(file):\(record.line):\(column)"
            guard !name.isEmpty else { throw LaurelError.input("column has no name", at: place) }
            guard seen.insert(Array(name.utf8)).inserted else {
                throw LaurelError.input("column \(name) appears twice", at: place)
            }
            if !allowOther, !required.contains(name), !optional.contains(name) {
                throw LaurelError.input(
                    "column \(name) is unknown", at: place,
                    next: "known columns: " + (required + optional).joined(separator: ", "))
            }
        }
        for name in required where !seen.contains(Array(name.utf8)) {
            let isSemicolonFile = record.cells.count == 1 && record.cells[0].contains(";")
            throw LaurelError.input(
                "column \(name) is missing", at: "\(file):\(record.line):1",
                next: isSemicolonFile ? "separate the columns by commas, not semicolons" : "add it to the header")
        }
    }
}

/// The columns that all rows of a table share.
final class CSVColumns: Sendable {
    let index: [String: Int]
    let file: String

    init(names: [String], file: String) {
        self.index = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        self.file = file
    }
}

/// One row of a ``CSVTable``.
package struct CSVRow: Sendable {
    private let columns: CSVColumns
    private let record: CSVRecord

    init(columns: CSVColumns, record: CSVRecord) {
        self.columns = columns
        self.record = record
    }

    /// The line on which the row starts, counted from 1.
    package var line: Int { record.line }

    /// The cells in the order of the header.
    package var cells: [String] { record.cells }

    /// The cell of a column; nil when the table has no such column.
    package subscript(column: String) -> String? {
        columns.index[column].map { record.cells[$0] }
    }

    /// Where the cell of a column stands, `file:line:column`; without such a column, where the row begins.
    package func place(_ column: String) -> String {
        let character = columns.index[column].map { record.columns[$0] } ?? 1
        return "\(columns.file):\(record.line):\(character)"
    }
}
