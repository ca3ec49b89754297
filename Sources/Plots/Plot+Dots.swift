import Foundation

/// One column of a dot plot: what is measured, and how its axis runs.
package struct PlotMeasure: Hashable, Sendable {
    /// What stands above the column.
    package let name: String
    /// Whether equal distances mean equal ratios; values must then be positive.
    package let isLogarithmic: Bool
    /// The range that is good, shaded; nil where there is none.
    package let target: ClosedRange<Double>?

    /// A column.
    package init(_ name: String, isLogarithmic: Bool = false, target: ClosedRange<Double>? = nil) {
        self.name = name
        self.isLogarithmic = isLogarithmic
        self.target = target
    }
}

/// Rows of a dot plot that belong together.
package struct PlotSection: Hashable, Sendable {
    /// One row: a name, and for each measure one value of each group (NaN where there is none).
    package struct Row: Hashable, Sendable {
        /// What stands beside the row.
        package let name: String
        /// Measures × groups.
        package let values: [[Double]]

        /// A row.
        package init(_ name: String, _ values: [[Double]]) {
            self.name = name
            self.values = values
        }
    }

    /// What the rows have in common.
    package let title: String
    /// From top to bottom.
    package let rows: [Row]

    /// Rows under a title.
    package init(_ title: String, _ rows: [Row]) {
        self.title = title
        self.rows = rows
    }
}

extension Plot {
    private static let rowHeight = 20.0
    private static let headHeight = 30.0

    /// Many methods by several measures at once: a row each, a column a measure, a dot a group.
    package static func dots(
        _ sections: [PlotSection], measures: [PlotMeasure], groups: [String], labels: PlotLabels
    ) -> String {
        let left = 150.0
        let column = 190.0
        let top = 92.0
        let heights = sections.map { headHeight + rowHeight * Double($0.rows.count) }
        let bottom = top + heights.reduce(0, +)
        let width = left + column * Double(max(1, measures.count)) + 10
        var svg = SVG(width: width, height: bottom + 40, labels: labels)
        svg.text(labels.title, x: 20, y: 26, [("class", "title")])
        legend(groups, from: 20, in: &svg)
        for (position, measure) in measures.enumerated() {
            let start = left + column * Double(position)
            let all = sections.flatMap(\.rows).flatMap { $0.values[position] }
            let axis = MeasureAxis(all, measure, pixels: start + 10...start + column - 24)
            svg.text(measure.name, x: start + 10, y: top - 16)
            if let target = measure.target {
                let from = axis.position(target.lowerBound)
                let to = axis.position(target.upperBound)
                svg.rectangle(from, top - 6, to - from, bottom - top + 6, class: "f2 band")
            }
            for tick in axis.ticks {
                svg.line(axis.position(tick), top - 6, axis.position(tick), bottom, class: "rule")
                svg.text(
                    String(format: "%g", tick), x: axis.position(tick), y: bottom + 18,
                    [("text-anchor", "middle"), ("class", "dim")])
            }
        }
        var y = top
        for (section, height) in zip(sections, heights) {
            svg.text(section.title, x: 20, y: y + 16, [("class", "dim")])
            for (index, row) in section.rows.enumerated() {
                let middle = y + headHeight + (Double(index) + 0.5) * rowHeight - 4
                svg.text(row.name, x: left - 12, y: middle + 4, [("text-anchor", "end")])
                draw(row, sections, measures, left: left, column: column, at: middle, in: &svg)
            }
            y += height
        }
        return svg.document
    }

    private static func draw(
        _ row: PlotSection.Row, _ sections: [PlotSection], _ measures: [PlotMeasure], left: Double, column: Double,
        at y: Double, in svg: inout SVG
    ) {
        for (position, measure) in measures.enumerated() {
            let start = left + column * Double(position)
            let all = sections.flatMap(\.rows).flatMap { $0.values[position] }
            let axis = MeasureAxis(all, measure, pixels: start + 10...start + column - 24)
            svg.line(start + 10, y, start + column - 24, y, class: "rule")
            for (group, value) in row.values[position].enumerated() where axis.holds(value) {
                svg.dot(axis.position(value), y, radius: 4, class: "f\(group % 5) soft")
            }
        }
    }

    private static func legend(_ groups: [String], from start: Double, in svg: inout SVG) {
        var at = start
        for (index, name) in groups.enumerated() {
            svg.dot(at + 5, 46, radius: 4, class: "f\(index % 5)")
            svg.text(name, x: at + 15, y: 50, [("class", "dim")])
            at += 36 + 6.6 * Double(name.count)
        }
    }
}

/// The axis of one column: linear as ``PlotScale`` has it, or by powers of ten.
private struct MeasureAxis {
    let ticks: [Double]
    private let scale: PlotScale
    private let isLogarithmic: Bool

    init(_ values: [Double], _ measure: PlotMeasure, pixels: ClosedRange<Double>) {
        isLogarithmic = measure.isLogarithmic
        let wanted = values + (measure.target.map { [$0.lowerBound, $0.upperBound] } ?? [])
        guard measure.isLogarithmic else {
            scale = PlotScale(wanted, pixels: pixels, count: 4)
            ticks = scale.ticks
            return
        }
        let logs = wanted.filter { $0 > 0 && $0.isFinite }.map(log10)
        let low = (logs.min() ?? 0).rounded(.down)
        let high = max(low + 1, (logs.max() ?? 1).rounded(.up))
        // The scale rounds outwards to its own ticks; whole powers of ten are such.
        scale = PlotScale([low, high], pixels: pixels, count: Int(high - low))
        ticks = stride(from: low, through: high, by: 1).map { pow(10, $0) }
    }

    func holds(_ value: Double) -> Bool { value.isFinite && (!isLogarithmic || value > 0) }

    func position(_ value: Double) -> Double { scale.position(isLogarithmic ? log10(value) : value) }
}
