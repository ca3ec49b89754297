import Foundation
import Images
import Numerics
import Properties
import Testing

@Suite("Properties of the demo's pictures")
struct RealPicturesTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../ops/demo-data/openclipart-32").standardized

    /// All pictures in a seeded order, so that both halves hold every artist.
    static func pictures() throws -> [Image] {
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var paths = files.compactMap { ($0 as? URL)?.path }.filter { $0.hasSuffix(".png") }.sorted()
        var random = RandomStream(seed: 5, "halves")
        random.shuffle(&paths)
        return try paths.map { try Image.decode(Array(Data(contentsOf: URL(filePath: $0))), name: $0) }
    }

    static func noisy(_ batch: ImageBatch, deviation: Double) -> ImageBatch {
        var random = RandomStream(seed: 6, "noise")
        let pixels = batch.pixels.map { $0 + Float(random.normal() * deviation) }
        return ImageBatch(count: batch.count, side: batch.side, channels: batch.channels, pixels: pixels)
    }

    // The Inception Score is not asked about few pictures: a dozen confident ones score above all of them.
    @Test("Real pictures beat noisy, blurred and one-sided ones, as the properties should say")
    func degradations() throws {
        let pictures = try Self.pictures()
        let half = pictures.count / 2
        let reference = try Reference(
            images: ImageBatch(Array(pictures[..<half]), side: 32, channels: 3), seed: 1)
        let real = ImageBatch(Array(pictures[half...]), side: 32, channels: 3)
        let noise = Self.noisy(real, deviation: 0.3)
        let blur = ImageBatch(real.images.map { $0.resampled(side: 6) }, side: 32, channels: 3)
        let few = real.selecting((0..<real.count).map { $0 % 12 })
        func value(_ kind: Property.Kind, _ batch: ImageBatch) throws -> Double {
            let measured = try Property.measure([Property(kind)], images: batch, reference: reference)[0]
            #expect(measured.value.isFinite && measured.variance >= 0)
            return measured.value
        }
        for (name, worse) in [("noise", noise), ("blur", blur)] {
            for kind in [Property.Kind.inceptionScore, .coverage, .recall] {
                #expect(try value(kind, worse) < value(kind, real), "\(kind) under \(name)")
            }
        }
        // Noise lands inside the wide balls of unusual pictures, so precision and density say nothing about it here.
        for kind in [Property.Kind.precision, .density] {
            #expect(try value(kind, blur) < value(kind, real), "\(kind) under blur")
        }
        for worse in [noise, blur, few] {
            #expect(try value(.frechetDistance, worse) > value(.frechetDistance, real))
        }
        for kind in [
            Property.Kind.vendiScore, .clusterEntropy, .softClusterEntropy, .coverage, .recall,
        ] {
            #expect(try value(kind, few) < value(kind, real), "\(kind) of few pictures")
        }
    }

    @Test("The analytic variances agree with repeated sampling from many pictures")
    func variances() throws {
        let all = ImageBatch(try Self.pictures(), side: 32, channels: 3)
        let reference = try Reference(images: all, seed: 1)
        let properties = [
            Property.Kind.inceptionScore, .frechetDistance, .clusterEntropy, .softClusterEntropy, .vendiScore,
            .precision, .density, .pixelEntropy,
        ].map { Property($0) }
        var random = RandomStream(seed: 7, "repeats")
        let repeats = try (0..<40).map { _ in
            let items = (0..<200).map { _ in random.int(below: all.count) }
            return try Property.measure(properties, images: all.selecting(items), reference: reference)
        }
        for (index, property) in properties.enumerated() {
            let values = repeats.map { $0[index].value }
            let mean = values.reduce(0, +) / 40
            let spread = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 39
            let claimed = repeats.reduce(0) { $0 + $1[index].variance } / 40
            // 39 degrees of freedom: a ratio outside 0.5...2 is beyond 3 standard errors.
            if spread > 0 { #expect((0.5...2).contains(claimed / spread), "\(property) \(claimed / spread)") }
        }
    }
}
