import Numerics

/// Whether one approximation follows retraining better than another: the difference of their Pearson correlations, in the
/// mean over some properties, on the coalitions that both were evaluated on.
struct FidelityDuel {
    /// The first one's correlation less the other's.
    let difference: Double
    /// The middle 90 % over resampled coalitions, drawn for both and for all properties together.
    let interval: ClosedRange<Double>

    /// Nil when a property has no correlation for one of them.
    init?(_ results: FidelityResults, _ method: String, against other: String, properties: [String]) {
        let shared = results.coalitions(method).intersection(results.coalitions(other))
        func comparisons(_ method: String) -> [FidelityComparison] {
            properties.compactMap { results.comparison(method, $0, among: shared) }
        }
        let (own, others) = (comparisons(method), comparisons(other))
        guard let count = own.first?.count, own.count == properties.count, others.count == properties.count else {
            return nil
        }
        func mean(_ drawn: [Int]) -> Double {
            zip(own, others).reduce(0) { $0 + $1.0.pearson(of: drawn) - $1.1.pearson(of: drawn) } / Double(own.count)
        }
        var stream = RandomStream(seed: 1, "bootstrap of a duel")
        let found = (0..<2000).map { _ in mean((0..<count).map { _ in stream.int(below: count) }) }
            .filter(\.isFinite).sorted()
        guard !found.isEmpty else { return nil }
        difference = mean(Array(0..<count))
        interval = found[found.count / 20]...found[found.count - 1 - found.count / 20]
    }
}
