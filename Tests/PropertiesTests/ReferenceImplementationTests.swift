import Foundation
import Images
import Numerics
import Properties
import Testing

/// What NumPy, SciPy, scikit-learn and `prdc` say about the features of `Fixtures/reference.json`.
private struct Expected: Decodable {
    struct Ward: Decodable {
        let heights: [Double]
        let labels: [Int]
    }
    struct Published: Decodable {
        let labels: [Int]
        let nearest: [Int]
        let entropy: Double
    }
    let reference: [[Double]]
    let generated: [[Double]]
    let ward: Ward
    let published: Published
    let kmeans: Double
    let frechet: Double
    let vendi: Double
    let precision: Double
    let recall: Double
    let density: Double
    let coverage: Double
    let realism: [Double]
    let probabilities: [[Double]]
    let inception: Double
    let marginalEntropy: Double
    let picture: [UInt8]
    let pixelEntropy: Double
    let quantiles: [[Double]]
    let headLabels: [Double]
    let headPenalty: Double
    let headScores: [Double]

    static func read() throws -> Expected {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/reference", withExtension: "json"))
        return try JSONDecoder().decode(Expected.self, from: Data(contentsOf: url))
    }
}

/// Ten given numbers a picture.
private struct Given: FeatureExtractor {
    let name = "given"
    let dimension = 10
    let rows: Matrix
    func features(_ batch: ImageBatch) throws -> Matrix { rows }
}

private func matrix(_ rows: [[Double]]) -> Matrix {
    Matrix(rows: rows.count, columns: rows[0].count, values: rows.flatMap { $0 })
}

private func near(_ a: Double, _ b: Double, _ tolerance: Double = 1e-9) -> Bool {
    abs(a - b) <= tolerance * max(1, abs(b))
}

/// Whether two lists of labels cut the items into the same sets.
private func samePartition(_ a: [Int], _ b: [Int]) -> Bool {
    a.count == b.count && Set(zip(a, b).map { [$0, $1] }).count == Set(a).count && Set(a).count == Set(b).count
}

@Suite("Properties against reference implementations")
struct ReferenceImplementationTests {
    private let expected: Expected
    private let reference: Reference
    private let generated: Matrix
    private let images = ImageBatch(count: 60, side: 2, channels: 1, pixels: [Float](repeating: 0, count: 240))

    init() throws {
        expected = try Expected.read()
        generated = matrix(expected.generated)
        var settings = Reference.Settings()
        settings.hardClusters = 6
        let head = try LinearHead(
            fitting: matrix(expected.reference), labels: expected.headLabels, extractor: "given",
            penalty: expected.headPenalty)
        reference = try Reference(
            features: matrix(expected.reference), extractor: Given(rows: generated), seed: 1, aestheticHead: head,
            settings: settings)
    }

    private func value(_ name: String) throws -> Double {
        try Property(name: name).measure(features: generated, images: images, reference: reference).value
    }

    @Test("Ward's linkage merges at SciPy's heights and cuts into SciPy's clusters")
    func ward() {
        let points = matrix(expected.reference)
        let heights = WardLinkage.heights(of: points)
        #expect(zip(heights, expected.ward.heights.sorted()).allSatisfy { near($0, $1, 1e-10) })
        #expect(heights.count == expected.ward.heights.count)
        #expect(samePartition(WardLinkage.labels(of: points, count: 6), expected.ward.labels))
    }

    @Test("The published entropy is that of SciPy's clusters of inner products")
    func published() throws {
        #expect(near(try value("published_cluster_entropy"), expected.published.entropy))
    }

    @Test("k-means finds clusters as tight as scikit-learn's best of fifty")
    func kMeans() {
        let points = matrix(expected.reference)
        let centres = KMeans.centres(of: points, count: 6, seed: 3)
        let inertia = (0..<points.rows).reduce(0.0) { sum, i in
            sum
                + ((0..<centres.rows).map { c in
                    zip(points.row(i), centres.row(c)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                }.min() ?? 0)
        }
        #expect(near(inertia, expected.kmeans, 1e-6))
    }

    @Test("The Fréchet distance is SciPy's with a matrix root")
    func frechet() throws {
        #expect(near(try value("frechet_distance"), expected.frechet, 1e-7))
    }

    @Test("Precision, recall, density and coverage are those of the authors' package")
    func neighbourhoods() throws {
        #expect(near(try value("precision"), expected.precision))
        #expect(near(try value("recall"), expected.recall))
        #expect(near(try value("density"), expected.density))
        #expect(near(try value("coverage"), expected.coverage))
    }

    @Test("Realism and its quantiles follow the formula")
    func realism() throws {
        #expect(near(try value("realism"), expected.realism.reduce(0, +) / 60, 1e-9))
        let level = 0.9 * 59
        let sorted = expected.realism.sorted()
        let wanted = sorted[Int(level)] + (level - level.rounded(.down)) * (sorted[Int(level) + 1] - sorted[Int(level)])
        #expect(near(try value("quantile:realism:0.9"), wanted))
    }

    @Test("The Vendi score is that of NumPy's eigenvalues")
    func vendi() throws {
        #expect(near(try value("vendi_score"), expected.vendi, 1e-8))
    }

    @Test("Inception Score and entropy of class probabilities are SciPy's")
    func classes() {
        let probabilities = matrix(expected.probabilities)
        #expect(near(inceptionScore(probabilities).value, expected.inception))
        #expect(near(marginalEntropy(probabilities).value, expected.marginalEntropy))
    }

    @Test("Pixel entropy is SciPy's of the histogram, quantiles are NumPy's")
    func scores() {
        let picture = Image(width: 8, height: 8, channels: 1, pixels: expected.picture)
        let entropies = pixelEntropies(ImageBatch([picture], side: 8, channels: 1))
        #expect(entropies.count == 1 && near(entropies[0], expected.pixelEntropy))
        for pair in expected.quantiles {
            #expect(near(quantile(expected.headLabels, at: pair[0], seed: 0).value, pair[1]))
        }
    }

    @Test("The aesthetic head is scikit-learn's ridge regression on standardised features")
    func head() throws {
        let scores = try #require(reference.aestheticHead).scores(generated)
        #expect(zip(scores, expected.headScores).allSatisfy { near($0, $1, 1e-8) })
        #expect(near(try value("aesthetic"), expected.headScores.reduce(0, +) / 60, 1e-8))
    }
}
