import Credit
import Diffusion
import Documents
import Errors
import Foundation
import Images
import Numerics
import Properties

/// The demo's pictures with whose they are, and the reference that everything is measured against.
struct FidelityMaterial {
    /// All pictures at the model's size.
    let images: ImageBatch
    /// For each artist the positions of its pictures.
    let items: [String: [Int]]
    /// What a credit run measures with unless told otherwise, labels being artists: its cost is counted.
    let reference: Reference
    /// Every property but the aesthetic score, whose head comes from outside.
    private let properties: [Property]

    /// Artists, ascending as bytes.
    var players: [String] { items.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

    /// What the reference is, as a plan would seal it.
    var yardstick: Yardstick {
        Yardstick(
            features: .hand416, labels: "contributor", classifierDigest: reference.classifier?.digest,
            aestheticHeadDigest: nil, referenceDigest: reference.digest)
    }

    /// Reads the demo's manifest.
    init(manifest: String, shape: Architecture, seed: UInt64) throws {
        let file = URL(fileURLWithPath: manifest)
        let table = try CSVTable(reading: file, required: ["path", "contributor"])
        var pictures: [Image] = []
        var artists: [String] = []
        var items: [String: [Int]] = [:]
        for row in table.rows {
            guard let path = row["path"], let artist = row["contributor"] else { continue }
            let bytes = try Data(contentsOf: file.deletingLastPathComponent().appending(path: path))
            items[artist, default: []].append(pictures.count)
            artists.append(artist)
            pictures.append(try Image.decode([UInt8](bytes), name: path))
        }
        self.items = items
        images = ImageBatch(pictures, side: shape.side, channels: shape.channels)
        properties =
            try Property.Kind.allCases.filter { $0 != .aesthetic }.map { Property($0) } + [
                Property(name: "quantile:realism:0.9")
            ]
        reference = try Reference(
            images: images, seed: seed, classifier: LabelClassifier(training: images, labels: artists, seed: seed))
    }

    /// What ``measure(_:)`` measures, by the names in the results.
    var names: [String] { properties.map(\.name) }

    /// Values and sampling variances of pictures, and the processor seconds that they cost.
    func measure(
        _ images: ImageBatch
    ) throws -> (values: [String: Double], variances: [String: Double], seconds: Double) {
        let start = processorSeconds()
        let found = try Property.measure(properties, images: images, reference: reference)
        let seconds = processorSeconds() - start
        let named = Array(zip(names, found))
        return (
            Dictionary(uniqueKeysWithValues: named.map { ($0, $1.value) }),
            Dictionary(uniqueKeysWithValues: named.map { ($0, $1.variance) }), seconds
        )
    }
}
