import Documents
import Errors
import Foundation

/// The results of a study: a CSV file to which every finished evaluation is appended, so that a kill loses one at most.
///
/// Columns: what was done (`method`, `coalition`, `repeat`, `items`, `images`), what it cost in processor seconds
/// (`train`, `sample`, `measure`), then for every property its value and, as `variance:NAME`, its sampling variance.
struct FidelityTable {
    /// One evaluation.
    struct Row {
        let method: String
        let coalition: String
        let repeatIndex: Int
        let items: Int
        let images: Int
        /// Processor seconds.
        let train: Double
        let sample: Double
        let measure: Double
        let values: [String: Double]
        let variances: [String: Double]

        /// What tells evaluations apart.
        var key: String { "\(method) \(coalition) \(repeatIndex) \(images)" }
        /// The same evaluation with other properties measured.
        func with(values: [String: Double], variances: [String: Double]) -> Row {
            Row(
                method: method, coalition: coalition, repeatIndex: repeatIndex, items: items, images: images,
                train: train, sample: sample, measure: measure, values: values, variances: variances)
        }

        /// Number of members.
        var size: Int { coalition.split(separator: "|").count }
    }

    private static let fixed = ["method", "coalition", "repeat", "items", "images", "train", "sample", "measure"]

    let path: String
    let properties: [String]
    private(set) var rows: [Row] = []

    /// Opens the file, or starts it. A last line that a kill cut short is dropped.
    init(path: String, properties: [String]) throws {
        (self.path, self.properties) = (path, properties)
        let columns = Self.fixed + properties + properties.map { "variance:\($0)" }
        let header = columns.joined(separator: ",") + "\n"
        if FileManager.default.fileExists(atPath: path) {
            let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            let complete = Array(whole.prefix((whole.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1))
            guard complete.starts(with: header.utf8) else {
                throw LaurelError.refused(
                    "the results hold other properties", at: path,
                    next: "name another folder, or measure its images again")
            }
            rows = try Self.parse(complete, path)
            if complete.count < whole.count { try Data(complete).write(to: URL(fileURLWithPath: path)) }
        } else {
            try Data(header.utf8).write(to: URL(fileURLWithPath: path))
        }
    }

    /// Reads finished results.
    init(reading path: String) throws {
        let bytes: [UInt8]
        do {
            bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw LaurelError.input("there are no results to read", at: path, next: "run ops/bench fidelity")
        }
        let header = try CSVTable(parsing: bytes, file: path, required: Self.fixed).header
        self.path = path
        properties = header.filter { !Self.fixed.contains($0) && !$0.hasPrefix("variance:") }
        rows = try Self.parse(bytes, path)
    }

    /// Appends the values of one evaluation in one write, so that none of them is there without the others.
    mutating func append(_ new: [Row]) throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(new.map(line).joined().utf8))
        try handle.close()
        rows += new
    }

    private func line(_ row: Row) -> String {
        let measured = properties.map { row.values[$0] ?? .nan } + properties.map { row.variances[$0] ?? .nan }
        let costs = [row.train, row.sample, row.measure].map { String(format: "%.3f", $0) }
        let cells =
            [row.method, row.coalition, "\(row.repeatIndex)", "\(row.items)", "\(row.images)"] + costs
            + measured.map { String(format: "%.7g", $0) }
        return cells.joined(separator: ",") + "\n"
    }

    private static func parse(_ bytes: [UInt8], _ path: String) throws -> [Row] {
        let table = try CSVTable(parsing: bytes, file: path, required: fixed)
        let properties = table.header.filter { !fixed.contains($0) && !$0.hasPrefix("variance:") }
        return try table.rows.map { row in
            func number(_ column: String) throws -> Double {
                guard let value = row[column].flatMap(Double.init) else {
                    throw LaurelError.input("\(column) is no number", at: row.place(column))
                }
                return value
            }
            return Row(
                method: row["method"] ?? "", coalition: row["coalition"] ?? "", repeatIndex: Int(try number("repeat")),
                items: Int(try number("items")), images: Int(try number("images")), train: try number("train"),
                sample: try number("sample"), measure: try number("measure"),
                values: Dictionary(uniqueKeysWithValues: try properties.map { ($0, try number($0)) }),
                variances: Dictionary(uniqueKeysWithValues: try properties.map { ($0, try number("variance:\($0)")) }))
        }
    }
}
