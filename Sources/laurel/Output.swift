import Documents
import Errors
import Foundation

/// A value of a result; money, scores and rates are ``string``, so that no reader rounds them.
indirect enum OutputValue {
    case string(String)
    case integer(Int)
    case bool(Bool)
    case array([OutputValue])
    case object([(key: String, value: OutputValue)])
    case none

    /// One line of text: what a table or CSV cell shows.
    var cell: String {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        case .bool(let flag): flag ? "yes" : "no"
        case .array(let values): values.map(\.cell).joined(separator: ", ")
        case .object(let fields): fields.map { "\($0.key)=\($0.value.cell)" }.joined(separator: " ")
        case .none: ""
        }
    }

    /// The JSON text, keys in the order given.
    var json: String {
        switch self {
        case .string(let text): JSONText.quoted(text)
        case .integer(let number): String(number)
        case .bool(let flag): flag ? "true" : "false"
        case .array(let values): "[" + values.map(\.json).joined(separator: ",") + "]"
        case .object(let fields):
            "{" + fields.map { JSONText.quoted($0.key) + ":" + $0.value.json }.joined(separator: ",") + "}"
        case .none: "null"
        }
    }
}

/// A result that is a list: the same rows as a table, a JSON array of objects, or CSV.
struct Listing {
    /// A column: its key in JSON and CSV, its heading in a table, and whether it holds numbers (right-aligned, raw).
    struct Column {
        let key: String
        let title: String
        let isNumeric: Bool

        static func text(_ key: String, _ title: String) -> Column { Column(key: key, title: title, isNumeric: false) }
        static func number(_ key: String, _ title: String) -> Column {
            Column(key: key, title: title, isNumeric: true)
        }
    }

    var columns: [Column]
    var rows: [[OutputValue]] = []
    /// What a table says instead of no rows.
    var whenEmpty = "nothing to list"

    /// Writes the list to stdout.
    func write(as format: OutputFormat) {
        switch format {
        case .table: Terminal.put(rows.isEmpty ? whenEmpty : table)
        case .json:
            let objects = rows.map { row in
                OutputValue.object(zip(columns, row).map { (key: $0.key, value: $1) })
            }
            Terminal.put(OutputValue.array(objects).json)
        case .csv:
            var writer = CSVWriter(columns: columns.map { ($0.key, $0.isNumeric ? .number : .text) })
            rows.forEach { writer.append($0.map(\.cell)) }
            Terminal.put(writer.bytes)
        }
    }

    private var table: String {
        let cells = rows.map { $0.map(\.cell) }
        let widths = columns.indices.map { index in
            max(columns[index].title.count, cells.map { $0[index].count }.max() ?? 0)
        }
        func line(_ texts: [String]) -> String {
            let padded = zip(columns.indices, texts).map { index, text in
                let padding = String(repeating: " ", count: widths[index] - text.count)
                return columns[index].isNumeric ? padding + text : text + padding
            }
            let joined = padded.joined(separator: "  ")
            return String(joined.reversed().drop { $0 == " " }.reversed())
        }
        let rule = String(repeating: "─", count: widths.reduce(0, +) + 2 * (widths.count - 1))
        return ([line(columns.map(\.title)), rule] + cells.map(line)).joined(separator: "\n")
    }
}

/// A result that is one thing: its fields as lines, as a JSON object, or as CSV of one row.
struct Record {
    let fields: [(key: String, value: OutputValue)]

    /// Writes the record to stdout.
    func write(as format: OutputFormat) {
        switch format {
        case .table:
            let width = fields.map(\.key.count).max() ?? 0
            for field in fields {
                let name = field.key.replacingOccurrences(of: "_", with: " ")
                Terminal.put(name + String(repeating: " ", count: width - field.key.count + 2) + field.value.cell)
            }
        case .json: Terminal.put(OutputValue.object(fields).json)
        case .csv:
            var listing = Listing(columns: fields.map { .text($0.key, $0.key) })
            listing.rows = [fields.map(\.value)]
            listing.write(as: .csv)
        }
    }
}
