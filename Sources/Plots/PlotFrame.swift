/// Axes, grid, title and legend around a plotting area.
struct PlotFrame {
    static let width = 720.0
    private let left: Double
    private let right = PlotFrame.width - 24
    private let top = 64.0
    private let bottom: Double
    let x: PlotScale
    let y: PlotScale
    var svg: SVG

    /// A frame with two number axes and a legend when there is more than one name.
    init(x values: [Double], y heights: [Double], names: [String], labels: PlotLabels) {
        left = 72
        bottom = 348
        x = PlotScale(values, pixels: left...right, count: 8)
        y = PlotScale(heights, pixels: top...bottom, isFlipped: true)
        svg = SVG(width: Self.width, height: 400, labels: labels)
        heading(labels, names: names)
        verticalGrid(labels)
        horizontalGrid(labels)
    }

    /// A frame with a number axis below and `rows` rows with names at their left.
    init(x values: [Double], rows: [String], rowHeight: Double, labels: PlotLabels) {
        // Average width of a character at this size; long names are cut rather than squeezed.
        left = min(240, 32 + 6.6 * Double(rows.map(\.count).max() ?? 0))
        bottom = top + rowHeight * Double(rows.count)
        x = PlotScale(values, pixels: left...right, count: 7)
        y = PlotScale([0, 1], pixels: top...bottom)
        svg = SVG(width: Self.width, height: bottom + 52, labels: labels)
        heading(labels, names: [])
        verticalGrid(labels)
        for (row, name) in rows.enumerated() {
            let shown = name.count > 31 ? String(name.prefix(30)) + "…" : name
            svg.text(
                shown, x: left - 12, y: top + (Double(row) + 0.5) * rowHeight + 4, [("text-anchor", "end")])
        }
    }

    /// The middle of a row, in pixels.
    func middle(ofRow row: Int, rowHeight: Double) -> Double {
        top + (Double(row) + 0.5) * rowHeight
    }

    /// A dashed line at a value of the horizontal axis, when it is inside.
    mutating func markVertical(at value: Double) {
        if x.range.contains(value) { svg.line(x.position(value), top, x.position(value), bottom, class: "zero") }
    }

    private mutating func heading(_ labels: PlotLabels, names: [String]) {
        svg.text(labels.title, x: 20, y: 26, [("class", "title")])
        guard names.count > 1 else { return }
        var at = left
        for (index, name) in names.enumerated() {
            svg.rectangle(at, 41, 14, 4, class: "f\(index % 5)")
            svg.text(name, x: at + 19, y: 48, [("class", "dim")])
            at += 36 + 6.6 * Double(name.count)
        }
    }

    private mutating func verticalGrid(_ labels: PlotLabels) {
        for tick in x.ticks {
            svg.line(x.position(tick), top, x.position(tick), bottom, class: "rule")
            svg.text(
                x.text(tick), x: x.position(tick), y: bottom + 18, [("text-anchor", "middle"), ("class", "dim")])
        }
        svg.text(labels.x, x: (left + right) / 2, y: bottom + 40, [("text-anchor", "middle")])
    }

    private mutating func horizontalGrid(_ labels: PlotLabels) {
        for tick in y.ticks {
            svg.line(left, y.position(tick), right, y.position(tick), class: "rule")
            svg.text(y.text(tick), x: left - 8, y: y.position(tick) + 4, [("text-anchor", "end"), ("class", "dim")])
        }
        let middle = SVG.number((top + bottom) / 2)
        svg.text(
            labels.y, x: 20, y: (top + bottom) / 2,
            [("text-anchor", "middle"), ("transform", "rotate(-90 20 \(middle))")])
    }
}
