/// Plots as SVG text: to be written to a file, or put into a page as it is.
package enum Plot {
    /// Lines over a common axis, each with a band where its points have intervals: a loss curve, a convergence.
    package static func lines(_ series: [PlotSeries], labels: PlotLabels) -> String {
        let points = series.flatMap(\.points)
        var frame = PlotFrame(
            x: points.map(\.x), y: points.flatMap(reach), names: series.map(\.name), labels: labels)
        for (index, one) in series.enumerated() {
            let banded = one.points.filter { $0.interval != nil }
            let outline =
                banded.map { ($0.x, $0.interval?.upperBound ?? $0.y) }
                + banded.reversed().map { ($0.x, $0.interval?.lowerBound ?? $0.y) }
            if !outline.isEmpty {
                frame.svg.add(
                    "polygon", [("points", path(outline, frame)), ("class", "f\(index % 5) band")])
            }
            frame.svg.add(
                "polyline", [("points", path(one.points.map { ($0.x, $0.y) }, frame)), ("class", "s\(index % 5)")])
        }
        return frame.svg.document
    }

    /// Points of one or several groups, with vertical intervals; with a diagonal when the axes should agree.
    package static func scatter(_ series: [PlotSeries], labels: PlotLabels, diagonal: Bool = false) -> String {
        let points = series.flatMap(\.points)
        var frame = PlotFrame(
            x: points.map(\.x), y: points.flatMap(reach), names: series.map(\.name), labels: labels)
        if diagonal {
            let low = max(frame.x.range.lowerBound, frame.y.range.lowerBound)
            let high = min(frame.x.range.upperBound, frame.y.range.upperBound)
            if low < high {
                frame.svg.line(
                    frame.x.position(low), frame.y.position(low), frame.x.position(high), frame.y.position(high),
                    class: "zero")
            }
        }
        for (index, one) in series.enumerated() {
            for point in one.points {
                let x = frame.x.position(point.x)
                if let interval = point.interval {
                    frame.svg.line(
                        x, frame.y.position(interval.lowerBound), x, frame.y.position(interval.upperBound),
                        class: "s\(index % 5) soft")
                }
                frame.svg.dot(x, frame.y.position(point.y), radius: 4, class: "f\(index % 5) soft")
            }
        }
        return frame.svg.document
    }

    /// One row an entry: a dot for the value, a line for its interval, a dashed line at 0; credits, for instance.
    package static func intervals(_ entries: [PlotEntry], labels: PlotLabels) -> String {
        var frame = PlotFrame(
            x: [0] + entries.flatMap(reach), rows: entries.map(\.name), rowHeight: 24, labels: labels)
        frame.markVertical(at: 0)
        for (row, entry) in entries.enumerated() where entry.value.isFinite {
            let y = frame.middle(ofRow: row, rowHeight: 24)
            if let interval = entry.interval {
                frame.svg.line(
                    frame.x.position(interval.lowerBound), y, frame.x.position(interval.upperBound), y,
                    class: "s0 soft")
            }
            frame.svg.dot(frame.x.position(entry.value), y, radius: 4.5, class: "f0")
        }
        return frame.svg.document
    }

    /// One horizontal bar an entry, from 0, with a line for its interval; negative values in another colour.
    package static func bars(_ entries: [PlotEntry], labels: PlotLabels) -> String {
        var frame = PlotFrame(
            x: [0] + entries.flatMap(reach), rows: entries.map(\.name), rowHeight: 26, labels: labels)
        for (row, entry) in entries.enumerated() where entry.value.isFinite {
            let y = frame.middle(ofRow: row, rowHeight: 26)
            bar(from: 0, to: entry.value, y: y, colour: entry.value < 0 ? 1 : 0, in: &frame)
            if let interval = entry.interval {
                frame.svg.line(
                    frame.x.position(interval.lowerBound), y, frame.x.position(interval.upperBound), y, class: "link")
            }
        }
        frame.markVertical(at: 0)
        return frame.svg.document
    }

    /// How a total comes about: each entry adds to or takes from what the rows above left; the total stands last.
    package static func waterfall(_ steps: [PlotEntry], total: String, labels: PlotLabels) -> String {
        let sums = steps.reduce(into: [0.0]) { sums, step in sums.append(sums[sums.count - 1] + step.value) }
        let end = sums[sums.count - 1]
        var frame = PlotFrame(x: sums, rows: steps.map(\.name) + [total], rowHeight: 30, labels: labels)
        for (row, step) in steps.enumerated() {
            let y = frame.middle(ofRow: row, rowHeight: 30)
            bar(from: sums[row], to: sums[row + 1], y: y, colour: step.value < 0 ? 1 : 0, in: &frame)
            let x = frame.x.position(sums[row + 1])
            frame.svg.line(x, y + 8, x, y + 22, class: "link")
        }
        bar(from: 0, to: end, y: frame.middle(ofRow: steps.count, rowHeight: 30), colour: 2, in: &frame)
        frame.markVertical(at: 0)
        return frame.svg.document
    }

    private static func bar(from start: Double, to end: Double, y: Double, colour: Int, in frame: inout PlotFrame) {
        let left = frame.x.position(min(start, end))
        let right = frame.x.position(max(start, end))
        frame.svg.rectangle(left, y - 8, max(1, right - left), 16, class: "f\(colour)")
    }

    private static func path(_ points: [(Double, Double)], _ frame: PlotFrame) -> String {
        points.map { "\(SVG.number(frame.x.position($0.0))),\(SVG.number(frame.y.position($0.1)))" }
            .joined(separator: " ")
    }

    private static func reach(_ point: PlotSeries.Point) -> [Double] {
        [point.y] + (point.interval.map { [$0.lowerBound, $0.upperBound] } ?? [])
    }

    private static func reach(_ entry: PlotEntry) -> [Double] {
        [entry.value] + (entry.interval.map { [$0.lowerBound, $0.upperBound] } ?? [])
    }
}
