import Numerics
import Valuation

/// Two ways to value the same coalitions, side by side.
struct FidelityComparison {
    /// One coalition.
    struct Item {
        let retrained: Double
        let tuned: Double
        let size: Double
    }

    private let items: [Item]

    /// Nil without three coalitions, or when one of the two never varies.
    init?(_ items: [Item]) {
        guard items.count > 2, Set(items.map(\.retrained)).count > 1, Set(items.map(\.tuned)).count > 1 else {
            return nil
        }
        self.items = items
    }

    /// Number of coalitions.
    var count: Int { items.count }
    /// Pearson's correlation of the values.
    var pearson: Double { Self.correlation(items.map(\.retrained), items.map(\.tuned)) }
    /// Pearson's correlation of some of the coalitions, by their positions; not finite where one of the two never varies.
    func pearson(of drawn: [Int]) -> Double {
        Self.correlation(drawn.map { items[$0].retrained }, drawn.map { items[$0].tuned })
    }
    /// Spearman's correlation of the values.
    var spearman: Double { Ranks.correlation(items.map(\.retrained), items.map(\.tuned)) ?? 0 }

    /// Mean distance of the values, in standard deviations of the retrained ones.
    var error: Double {
        let mean = items.reduce(0) { $0 + $1.retrained } / Double(count)
        let variance = items.reduce(0) { $0 + ($1.retrained - mean) * ($1.retrained - mean) } / Double(count - 1)
        return items.reduce(0) { $0 + abs($1.retrained - $1.tuned) } / Double(count) / variance.squareRoot()
    }

    /// Pearson's correlation of what a straight line in the coalition's size leaves of both: whether *who* is in a
    /// coalition carries over, and not only how many.
    var withoutSize: Double {
        let sizes = items.map(\.size)
        let both = Self.correlation(items.map(\.retrained), items.map(\.tuned))
        let first = Self.correlation(items.map(\.retrained), sizes)
        let second = Self.correlation(items.map(\.tuned), sizes)
        return (both - first * second) / ((1 - first * first) * (1 - second * second)).squareRoot()
    }

    /// The middle 90 % of Pearson's correlation over resampled coalitions.
    var interval: ClosedRange<Double> {
        var stream = RandomStream(seed: 1, "bootstrap of fidelity")
        let found = (0..<400).map { _ in
            let drawn = items.map { _ in items[stream.int(below: count)] }
            return Self.correlation(drawn.map(\.retrained), drawn.map(\.tuned))
        }.filter(\.isFinite).sorted()
        guard !found.isEmpty else { return pearson...pearson }
        return found[found.count / 20]...found[found.count - 1 - found.count / 20]
    }

    private static func correlation(_ a: [Double], _ b: [Double]) -> Double {
        let count = Double(a.count)
        let (meanA, meanB) = (a.reduce(0, +) / count, b.reduce(0, +) / count)
        var (both, first, second) = (0.0, 0.0, 0.0)
        for (x, y) in zip(a, b) {
            both += (x - meanA) * (y - meanB)
            first += (x - meanA) * (x - meanA)
            second += (y - meanB) * (y - meanB)
        }
        return both / (first * second).squareRoot()
    }
}
