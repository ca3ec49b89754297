import Foundation
import Images
import Numerics
import Properties
import Testing

@Suite("Properties of the demo's pictures")
struct RealPicturesTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../ops/demo-data/openclipart-32").standardized

    /// All pictures in a seeded order, so that both halves hold every artist, and whose they are.
    static func owned() throws -> (pictures: [Image], owners: [String]) {
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var paths = files.compactMap { ($0 as? URL)?.path }.filter { $0.hasSuffix(".png") }.sorted()
        var random = RandomStream(seed: 5, "halves")
        random.shuffle(&paths)
        let pictures = try paths.map { try Image.decode(Array(Data(contentsOf: URL(filePath: $0))), name: $0) }
        return (pictures, paths.map { URL(filePath: $0).deletingLastPathComponent().lastPathComponent })
    }

    /// The pictures alone.
    static func pictures() throws -> [Image] { try owned().pictures }

    /// Properties that see all eight degradations, at the demo's size and at the pictures' own.
    static let complete: [Property.Kind] = [
        .frechetDistance, .coverage, .recall, .inceptionScore,
    ]

    @Test("The complete properties fall under every degradation", arguments: [16, 32])
    func degradations(side: Int) throws {
        let (pictures, owners) = try Self.owned()
        let half = pictures.count / 2
        let all = ImageBatch(pictures, side: side, channels: 3)
        let reference = try Reference(images: all.selecting(Array(0..<half)), seed: 1)
        let real = all.selecting(Array(half..<pictures.count))
        let kinds = Self.complete + [.realism, .vendiScore, .softClusterEntropy, .precision, .density]
        func values(_ images: ImageBatch) throws -> [Property.Kind: Double] {
            let properties = kinds.map { Property($0) }
            let measured = try Property.measure(properties, images: images, reference: reference)
            // Turned so that more is better.
            return Dictionary(
                uniqueKeysWithValues: zip(properties, measured).map { property, measurement in
                    (property.kind, property.direction == .higherIsBetter ? measurement.value : -measurement.value)
                })
        }
        let sound = try values(real)
        for degradation in Degradation.allCases {
            let worse = try values(degradation(real, owners: Array(owners[half...])))
            func falls(_ kind: Property.Kind) -> Bool { (worse[kind] ?? .nan) < (sound[kind] ?? .nan) }
            for kind in Self.complete { #expect(falls(kind), "\(kind) under \(degradation)") }
            // Realism judges single pictures, so variety is nothing to it.
            if degradation.hurtsQuality { #expect(falls(.realism), "realism under \(degradation)") }
            switch degradation {
            case .oneArtist, .fewPictures:
                #expect(falls(.vendiScore) && falls(.softClusterEntropy), "variety under \(degradation)")
            case .blur, .faded: #expect(falls(.vendiScore), "Vendi under \(degradation)")
            // What the documentation warns of: whatever differs counts as variety.
            case .shuffledBlocks, .averagedPairs: #expect(!falls(.vendiScore), "Vendi under \(degradation)")
            case .noise, .mildNoise: break
            }
            // And this: a little noise moves pictures into the middle of wide balls.
            if degradation == .mildNoise {
                #expect(!falls(.precision) && !falls(.density), "precision and density under mild noise")
            }
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

    @Test("The resampled variances agree with repeated samples without replacement")
    func resampledVariances() throws {
        let pictures = try Self.pictures()
        let all = ImageBatch(Array(pictures[(pictures.count / 2)...]), side: 16, channels: 3)
        let known = ImageBatch(Array(pictures[..<(pictures.count / 2)]), side: 16, channels: 3)
        let reference = try Reference(images: known, seed: 1)
        let properties = try ["recall", "coverage", "realism", "quantile:realism:0.9", "quantile:pixel_entropy:0.5"]
            .map { try Property(name: $0) }
        var random = RandomStream(seed: 9, "repeats")
        let size = 150
        // Two samples of a finite set share pictures, so they differ by less than two samples of a model would.
        let shared = 1 - Double(size) / Double(all.count)
        let repeats = try (0..<40).map { _ in
            let items = random.subset(of: all.count, count: size)
            return try Property.measure(properties, images: all.selecting(items), reference: reference)
        }
        for (index, property) in properties.enumerated() {
            let values = repeats.map { $0[index].value }
            let mean = values.reduce(0, +) / 40
            let spread = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 39
            let claimed = repeats.reduce(0) { $0 + $1[index].variance } / 40 * shared
            #expect(spread > 0 && (0.5...2).contains(claimed / spread), "\(property) \(claimed / spread)")
        }
    }
}
