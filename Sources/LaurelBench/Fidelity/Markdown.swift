import Foundation

/// Tables and numbers as the reports of a study print them.
enum Markdown {
    /// A table whose first column is text and whose others are numbers.
    static func print(_ header: [String], _ rows: [[String]]) {
        Swift.print("| \(header.joined(separator: " | ")) |")
        Swift.print("| --- |" + header.dropFirst().map { _ in " ---: |" }.joined())
        for row in rows { Swift.print("| \(row.joined(separator: " | ")) |") }
    }

    /// Two digits; a dash for what is not known.
    static func short(_ value: Double?) -> String { value.map { String(format: "%.2f", $0) } ?? "–" }

    /// A cost, as a part of another.
    static func ratio(_ value: Double) -> String { String(format: "1/%.1f", value) }

    /// A number and what it may be.
    static func interval(_ value: Double, _ range: ClosedRange<Double>) -> String {
        String(format: "%.2f [%.2f, %.2f]", value, range.lowerBound, range.upperBound)
    }
}
