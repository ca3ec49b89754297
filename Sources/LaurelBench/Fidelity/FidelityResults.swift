import Foundation
import Properties

/// A study's evaluations, asked how alike two methods are: what every table of the report is made from.
struct FidelityResults {
    /// What the demo pays by. Each half is divided by its own spread over the coalitions, as a credit run does.
    static let mix = "frechet_distance:0.5 + label_entropy:0.5"

    /// Processor seconds of one evaluation, in the mean.
    struct Cost {
        let train: Double
        let sample: Double
        let all: Double
    }

    /// Where the evaluations stand.
    let path: String
    /// Approximations, in the order of their evaluation.
    let methods: [String]
    /// The measured properties.
    let measured: [String]
    /// Images that the retrained values are measured on.
    let images: Int

    private let rows: [String: [String: FidelityTable.Row]]

    /// Reads the results of a study, finished or not.
    init(file: String) throws {
        let table = try FidelityTable(reading: file)
        path = file
        images = table.rows.filter { $0.method == FidelityStudy.retrained }.map(\.images).max() ?? 0
        measured = table.properties
        var seen = Set([FidelityStudy.retrained])
        methods = table.rows.map(\.method).filter { seen.insert($0).inserted }
        let interior = table.rows.filter { (1...9).contains($0.size) }
        rows = Dictionary(grouping: interior) { Self.key($0.method, $0.repeatIndex, $0.images) }
            .mapValues { Dictionary($0.map { ($0.coalition, $0) }, uniquingKeysWith: { first, _ in first }) }
    }

    /// The measured properties, and what the demo pays by.
    var properties: [String] { measured + [Self.mix] }

    /// The coalitions that an approximation was evaluated on.
    func coalitions(_ method: String) -> Set<String> {
        Set((rows[Self.key(method, 0, count(method))] ?? [:]).keys)
    }

    /// Pearson's correlation with retraining in the mean over the measured properties; nil when one of them has none.
    func meanPearson(_ method: String) -> Double? {
        let found = measured.compactMap { comparison(method, $0)?.pearson }
        return found.count == measured.count ? found.reduce(0, +) / Double(found.count) : nil
    }

    /// The largest number of images that an approximation's values are known for.
    private func count(_ method: String) -> Int {
        rows.keys.filter { $0.hasPrefix("\(method) ") }
            .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.max() ?? 0
    }

    /// An approximation's values beside the retrained ones', over the coalitions that have both, or over some of them.
    func comparison(
        _ method: String, _ property: String, among coalitions: Set<String>? = nil
    ) -> FidelityComparison? {
        let truth = values(FidelityStudy.retrained, property, 0, images)
        let tuned = values(method, property, 0, count(method))
        return FidelityComparison(
            truth.keys.filter { coalitions?.contains($0) ?? true }.sorted().compactMap { coalition in
                guard let x = truth[coalition], let y = tuned[coalition], x.isFinite, y.isFinite else { return nil }
                return FidelityComparison.Item(
                    retrained: x, tuned: y, size: Double(coalition.split(separator: "|").count))
            })
    }

    /// How noisy both are, from the coalitions evaluated twice by both.
    func noise(_ method: String, _ property: String) -> FidelityNoise? {
        let count = self.count(method)
        let truth = (0...1).map { values(FidelityStudy.retrained, property, $0, images) }
        let tuned = (0...1).map { values(method, property, $0, count) }
        let both = truth[0].keys.filter { tuned[0][$0] != nil }.sorted()
        let twice = both.compactMap { coalition -> FidelityNoise.Twice? in
            guard let a = truth[0][coalition], let b = truth[1][coalition], let c = tuned[0][coalition],
                let d = tuned[1][coalition]
            else { return nil }
            return FidelityNoise.Twice(retrained: (a, b), tuned: (c, d))
        }
        return FidelityNoise(
            twice: twice, retrained: both.compactMap { truth[0][$0] }, tuned: both.compactMap { tuned[0][$0] })
    }

    /// What one evaluation costs; nil without evaluations.
    func cost(_ method: String) -> Cost? {
        let most = (rows[Self.key(method, 0, count(method))] ?? [:]).values
        guard !most.isEmpty else { return nil }
        func mean(_ seconds: (FidelityTable.Row) -> Double) -> Double {
            most.reduce(0) { $0 + seconds($1) } / Double(most.count)
        }
        return Cost(train: mean(\.train), sample: mean(\.sample), all: mean { $0.train + $0.sample + $0.measure })
    }

    /// How many evaluations by an approximation one retraining pays for, training, sampling and measuring.
    func costRatio(_ method: String) -> Double {
        guard let full = cost(FidelityStudy.retrained), let own = cost(method) else { return .nan }
        return full.all / own.all
    }

    private func values(_ method: String, _ property: String, _ repeatIndex: Int, _ images: Int) -> [String: Double] {
        func all(_ property: String, _ repeatIndex: Int) -> [String: Double] {
            (rows[Self.key(method, repeatIndex, images)] ?? [:]).compactMapValues { $0.values[property] }
        }
        guard property == Self.mix else { return all(property, repeatIndex) }
        func spread(_ property: String) -> Double {
            FidelityNoise.variance(Array(all(property, 0).values)).squareRoot()
        }
        let (lower, higher) = (Property.Kind.frechetDistance.rawValue, Property.Kind.labelEntropy.rawValue)
        let (first, second) = (spread(lower), spread(higher))
        let variety = all(higher, repeatIndex)
        return all(lower, repeatIndex).reduce(into: [:]) { mixed, entry in
            mixed[entry.key] = variety[entry.key].map { 0.5 * $0 / second - 0.5 * entry.value / first }
        }
    }

    private static func key(_ method: String, _ repeatIndex: Int, _ images: Int) -> String {
        "\(method) \(repeatIndex) \(images)"
    }
}
