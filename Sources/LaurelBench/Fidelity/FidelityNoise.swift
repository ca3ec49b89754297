import Numerics

/// How much of the differences between coalitions is noise of seeds, from coalitions evaluated twice.
///
/// The images of one round all start from the same noise, which moves every value alike and so no correlation: what the
/// second round's values have in common against the first's is not counted as noise.
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
        let (noise, all) = (variance(pairs.map { $0.0 - $0.1 }) / 2, variance(values))
        return all > 0 ? max(0, 1 - noise / all) : 0
    }

    /// The variance of a sample.
    static func variance(_ values: [Double]) -> Double {
        let mean = values.reduce(0, +) / Double(values.count)
        return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
    }
}
