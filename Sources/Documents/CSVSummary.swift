package import Errors

/// The companion of a CSV file: row count, control sums and digest, read back from the bytes that were written.
///
/// Totals live here and not in a last row, which would break every parser.
package struct CSVSummary: Hashable, Sendable {
    /// The file's name.
    package var file: String
    /// Rows below the header.
    package let rowCount: Int
    /// Sums of decimal columns: `amount` or, by group, `amount.USD`; written with the most decimals that occur.
    package let controlSums: [String: String]
    /// SHA-256 of the whole file.
    package let sha256: Digest

    /// Reads a file again and adds it up.
    ///
    /// - Parameters:
    ///   - bytes: the file as written.
    ///   - file: its name.
    ///   - sums: the decimal columns to add up.
    ///   - group: a column whose values are summed apart, such as `currency`.
    /// - Throws: ``LaurelError`` of kind `input` when a cell is no decimal number or a sum exceeds 128 bits.
    package init(of bytes: [UInt8], file: String, sums: [String], by group: String? = nil) throws(LaurelError) {
        let table = try CSVTable(parsing: bytes, file: file, required: sums + (group.map { [$0] } ?? []))
        var totals: [String: DecimalSum] = [:]
        for row in table.rows {
            for column in sums {
                guard let cell = row[column] else { preconditionFailure("the column is required") }
                let key = group.map { "\(column).\(row[$0] ?? "")" } ?? column
                try totals[key, default: DecimalSum()].add(cell, at: row.place(column))
            }
        }
        self.file = file
        self.rowCount = table.rows.count
        self.controlSums = totals.mapValues(\.description)
        self.sha256 = .sha256(bytes)
    }

    /// The JSON that lies beside the file.
    package var document: CanonicalValue {
        let sums = controlSums.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        return [
            "$schema": "laurel/csv-summary/v1",
            "file": .string(file),
            "row_count": .integer(Int64(rowCount)),
            "control_sums": .array(sums.map { ["column": .string($0.key), "sum": .string($0.value)] }),
            "sha256": .string(sha256.hex),
        ]
    }
}

/// An exact sum of decimal numbers.
private struct DecimalSum: CustomStringConvertible {
    private var units: Int128 = 0
    private var decimals = 0

    mutating func add(_ text: String, at place: String) throws(LaurelError) {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let parts = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : ""
        guard parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(CanonicalRule.isDigit) }),
            let magnitude = Int128(parts[0] + fraction)
        else {
            throw LaurelError.input("\(text.debugDescription) is no decimal number", at: place)
        }
        let scale = max(decimals, fraction.utf8.count)
        guard let sum = Self.scaled(units, from: decimals, to: scale),
            let term = Self.scaled(text.hasPrefix("-") ? -magnitude : magnitude, from: fraction.utf8.count, to: scale)
        else { throw LaurelError.input("control sum is too large", at: place) }
        let (total, overflow) = sum.addingReportingOverflow(term)
        guard !overflow else { throw LaurelError.input("control sum is too large", at: place) }
        units = total
        decimals = scale
    }

    var description: String {
        let digits = String(units.magnitude)
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        let sign = units < 0 ? "-" : ""
        return decimals == 0 ? sign + padded : "\(sign)\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
    }

    private static func scaled(_ value: Int128, from: Int, to: Int) -> Int128? {
        var value = value
        for _ in from..<to {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            value = product
        }
        return value
    }
}
