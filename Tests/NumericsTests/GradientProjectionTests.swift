import Numerics
import Testing

@Suite("Projections of gradients")
struct GradientProjectionTests {
    private static let count = 5000
    private static let images = 3

    /// Some vectors, delivered in pieces as a network would; returns them whole.
    private static func deliver(_ projection: some GradientProjection) -> [[Double]] {
        var stream = RandomStream(seed: 4, "test.gradients")
        let whole = (0..<images).map { _ in (0..<count).map { _ in Float(stream.normal()) } }
        projection.begin()
        for range in [2400..<count, 0..<8, 8..<2400] {
            let piece = whole.flatMap { $0[range] }
            piece.withUnsafeBufferPointer { values in
                guard let first = values.baseAddress else { return }
                for image in 0..<images { projection.receive(range, of: image, first + image * range.count) }
            }
        }
        projection.finish()
        return whole.map { $0.map(Double.init) }
    }

    private static func row(_ projection: some GradientProjection, _ image: Int) -> [Double] {
        (0..<projection.dimension).map { Double(projection.rows[image * projection.dimension + $0]) }
    }

    @Test("A sketch adds every number to its bucket with its sign")
    func sketch() {
        let sketch = CountSketch(
            count: GradientProjectionTests.count, dimension: 256, images: GradientProjectionTests.images, seed: 1)
        let whole = GradientProjectionTests.deliver(sketch)
        for image in whole.indices {
            var expected = [Double](repeating: 0, count: 256)
            for (position, value) in whole[image].enumerated() {
                let place = sketch.place(of: position)
                expected[place.bucket] += Double(place.sign) * value
            }
            for (found, wanted) in zip(GradientProjectionTests.row(sketch, image), expected) {
                #expect(abs(found - wanted) < 1e-4)
            }
        }
    }

    @Test("A Hadamard projection is the signed Walsh–Hadamard transform of each block, added")
    func hadamard() {
        for dimension in [128, 256] {
            let projection = HadamardProjection(
                count: GradientProjectionTests.count, dimension: dimension, images: GradientProjectionTests.images,
                seed: 1)
            let whole = GradientProjectionTests.deliver(projection)
            for image in whole.indices {
                var expected = [Double](repeating: 0, count: dimension)
                for (position, value) in whole[image].enumerated() {
                    let signed = value * Double(projection.sign(of: position))
                    for k in 0..<dimension {
                        let odd = (k & (position % dimension)).nonzeroBitCount % 2 == 1
                        expected[k] += (odd ? -signed : signed) / Double(dimension).squareRoot()
                    }
                }
                for (found, wanted) in zip(GradientProjectionTests.row(projection, image), expected) {
                    #expect(abs(found - wanted) < 1e-4)
                }
            }
        }
    }

    @Test("Inner products survive without bias, with the error of their dimension")
    func innerProducts() {
        func spread(_ make: (UInt64) -> any GradientProjection) -> (bias: Double, deviation: Double) {
            var errors: [Double] = []
            for seed in 0..<40 as Range<UInt64> {
                let projection = make(seed)
                let whole = GradientProjectionTests.deliver(projection)
                let size = whole[0].reduce(0) { $0 + $1 * $1 }
                for (a, b) in [(0, 1), (0, 2), (1, 2), (0, 0)] {
                    let exact = zip(whole[a], whole[b]).reduce(0) { $0 + $1.0 * $1.1 }
                    let kept = zip(
                        GradientProjectionTests.row(projection, a), GradientProjectionTests.row(projection, b)
                    ).reduce(0) { $0 + $1.0 * $1.1 }
                    errors.append((kept - exact) / size)
                }
            }
            let bias = errors.reduce(0, +) / Double(errors.count)
            let square = errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)
            return (bias, square.squareRoot())
        }
        let (count, images) = (GradientProjectionTests.count, GradientProjectionTests.images)
        // The deviation of a random projection to d numbers is about 1/√d (√2/√d for a vector with itself).
        for found in [
            spread { CountSketch(count: count, dimension: 256, images: images, seed: $0) },
            spread { HadamardProjection(count: count, dimension: 256, images: images, seed: $0) },
        ] {
            #expect(found.deviation < 1.5 / 16)
            #expect(found.deviation > 0.5 / 16)
            #expect(abs(found.bias) < 4 * found.deviation / 160.0.squareRoot())
        }
    }
}
