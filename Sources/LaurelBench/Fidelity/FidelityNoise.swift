import Numerics

/// How much of the differences between coalitions is noise of seeds, from coalitions evaluated twice.
struct FidelityNoise {
    /// A coalition evaluated twice by both methods.
    struct Twice {
        let retrained: (Double, Double)
        let tuned: (Double, Double)
    }

    private let twice: [Twice]
    /// All coalitions' first values.
    private let retrained: [Double]
    private let tuned: [Double]

    /// Nil without three coalitions evaluated twice.
    init?(twice: [Twice], retrained: [Double], tuned: [Double]) {
        guard twice.count > 2, Set(retrained).count > 1, Set(tuned).count > 1 else { return nil }
        (self.twice, self.retrained, self.tuned) = (twice, retrained, tuned)
    }

    /// The share of the retrained values' variance that is not noise.
    var retrainedReliability: Double { Self.reliability(twice.map(\.retrained), retrained) }
    /// The same of the approximation.
    var tunedReliability: Double { Self.reliability(twice.map(\.tuned), tuned) }
    /// The correlation that noise allows at most: the root of the reliabilities' product (Spearman 1904).
    var ceiling: Double { (retrainedReliability * tunedReliability).squareRoot() }

    /// The middle 90 % of the ceiling over resampled coalitions.
    var interval: ClosedRange<Double> {
        var stream = RandomStream(seed: 1, "bootstrap of noise")
        let found = (0..<400).map { _ in
            let drawn = twice.map { _ in twice[stream.int(below: twice.count)] }
            let items = retrained.map { _ in stream.int(below: retrained.count) }
            let truth = Self.reliability(drawn.map(\.retrained), items.map { retrained[$0] })
            return (truth * Self.reliability(drawn.map(\.tuned), items.map { tuned[$0] })).squareRoot()
        }.sorted()
        return found[found.count / 20]...found[found.count - 1 - found.count / 20]
    }

    private static func reliability(_ pairs: [(Double, Double)], _ values: [Double]) -> Double {
        let noise = pairs.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) / 2 } / Double(pairs.count)
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
        return variance > 0 ? max(0, 1 - noise / variance) : 0
    }
}
