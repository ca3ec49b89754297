/// One named set of points, with an interval around each where there is one.
package struct PlotSeries: Hashable, Sendable {
    /// A place in the plot.
    package struct Point: Hashable, Sendable {
        /// Position on the horizontal axis.
        package let x: Double
        /// Position on the vertical axis.
        package let y: Double
        /// The interval around `y`, drawn as a band behind a line.
        package let interval: ClosedRange<Double>?

        /// A point, with an interval or without.
        package init(_ x: Double, _ y: Double, interval: ClosedRange<Double>? = nil) {
            self.x = x
            self.y = y
            self.interval = interval
        }
    }

    /// What the legend calls it.
    package let name: String
    /// In the order in which a line joins them; points that are not finite are left out.
    package let points: [Point]

    /// A named set of points.
    package init(_ name: String, _ points: [Point]) {
        self.name = name
        self.points = points.filter { $0.x.isFinite && $0.y.isFinite }
    }
}

/// One row of an interval plot or bar of a bar plot: a name, a value, and how sure it is.
package struct PlotEntry: Hashable, Sendable {
    /// What stands beside the row.
    package let name: String
    /// The value.
    package let value: Double
    /// The interval around it.
    package let interval: ClosedRange<Double>?

    /// A named value.
    package init(_ name: String, _ value: Double, interval: ClosedRange<Double>? = nil) {
        self.name = name
        self.value = value
        self.interval = interval
    }
}
