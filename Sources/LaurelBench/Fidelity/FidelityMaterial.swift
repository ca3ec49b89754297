import Diffusion
import Documents
import Errors
import Foundation
import Images
import Properties

/// The demo's pictures with whose they are, and the reference that everything is measured against.
struct FidelityMaterial {
    /// All pictures at the model's size.
    let images: ImageBatch
    /// For each artist the positions of its pictures.
    let items: [String: [Int]]
    /// Every property that needs nothing but pictures.
    let properties: [Property]
    /// Fitted on all pictures.
    let reference: Reference

    /// Artists, ascending as bytes.
    var players: [String] { items.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

    /// Reads the demo's manifest.
    init(manifest: String, shape: Architecture, seed: UInt64) throws {
        let file = URL(fileURLWithPath: manifest)
        let table = try CSVTable(reading: file, required: ["path", "contributor"])
        var pictures: [Image] = []
        var items: [String: [Int]] = [:]
        for row in table.rows {
            guard let path = row["path"], let artist = row["contributor"] else { continue }
            let bytes = try Data(contentsOf: file.deletingLastPathComponent().appending(path: path))
            items[artist, default: []].append(pictures.count)
            pictures.append(try Image.decode([UInt8](bytes), name: path))
        }
        self.items = items
        images = ImageBatch(pictures, side: shape.side, channels: shape.channels)
        properties =
            try Property.Kind.allCases.filter { !$0.needsModel }.map { Property($0) } + [
                Property(name: "quantile:realism:0.9")
            ]
        reference = try Reference(images: images, seed: seed)
    }
}
