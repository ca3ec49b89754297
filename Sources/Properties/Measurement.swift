/// A property's value for a set of pictures, and how much it would vary with other pictures of the same model.
package struct Measurement: Hashable, Sendable {
    /// The value in the property's units.
    package let value: Double
    /// The sampling variance of the value, in squared units.
    package let variance: Double

    /// A value with its variance.
    package init(value: Double, variance: Double) {
        self.value = value
        self.variance = variance
    }

    /// A smooth function of a mean: `influences` are the derivatives by each picture's weight, up to a constant.
    ///
    /// The variance is the infinitesimal jackknife's: the influences' variance over their count.
    init(value: Double, influences: [Double]) {
        let count = Double(influences.count)
        let mean = influences.reduce(0, +) / count
        let squares = influences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        self.init(value: value, variance: squares / (count * max(1, count - 1)))
    }

    /// The mean of one score a picture.
    init(meanOf scores: [Double]) {
        self.init(value: scores.reduce(0, +) / Double(scores.count), influences: scores)
    }

    /// The square root of the variance.
    package var standardError: Double { variance.squareRoot() }
}
