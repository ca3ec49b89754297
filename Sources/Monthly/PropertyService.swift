import Errors
package import Foundation
import Images
import Numerics
package import Properties

/// Measures pictures that lie in a directory against a reference in another: the properties by themselves, without
/// model, game or database.
package enum PropertyService {
    /// What is measured against what.
    package struct Request: Sendable {
        /// The directory of the pictures to measure.
        package var images: URL
        /// The directory of the pictures to compare with.
        package var reference: URL
        /// Property names; empty means all that need nothing else.
        package var properties: [String] = []
        /// Rows and columns that all pictures are resampled to.
        package var side = 16
        /// Features of `images` and of `reference` from outside, instead of the built-in descriptor.
        package var features: (images: URL, reference: URL)?
        /// A linear head for the property `aesthetic`.
        package var aestheticHead: URL?
        /// Opens the streams of clusters and of resampled variances.
        package var seed: UInt64 = 1

        package init(images: URL, reference: URL) {
            (self.images, self.reference) = (images, reference)
        }
    }

    /// Values in the order of the properties, and the digest of what they were measured against.
    package struct Answer: Sendable {
        package let values: [(property: Property, measurement: Properties.Measurement)]
        package let reference: Reference
        package let images: Int
    }

    /// Measures.
    ///
    /// - Throws: ``LaurelError`` of kind `input` for pictures, features, heads or names that cannot be used.
    package static func measure(_ request: Request) throws -> Answer {
        guard (4...512).contains(request.side) else {
            throw LaurelError.input("side \(request.side) is not possible", next: "use --side 4 to 512")
        }
        let head = try request.aestheticHead.map { try LinearHead(contentsOf: $0) }
        let names = request.properties.isEmpty ? defaults(hasHead: head != nil) : request.properties
        let properties = try names.map { try Property(name: $0) }
        let known = try batch(request.reference, side: request.side)
        let images = try batch(request.images, side: request.side)
        let reference: Reference
        let measured: [Properties.Measurement]
        if let files = request.features {
            let file = try FeatureFile(contentsOf: files.reference, rows: known.count)
            let own = try FeatureFile(contentsOf: files.images, rows: images.count)
            guard file.features.columns == own.features.columns else {
                throw LaurelError.input(
                    "the pictures have \(own.features.columns) features, the reference's \(file.features.columns)",
                    at: files.images.path, next: "compute both with the same program")
            }
            reference = try Reference(
                features: file.features, extractor: OutsideFeatures(file), seed: request.seed, side: request.side,
                aestheticHead: head)
            measured = try properties.map {
                try $0.measure(features: own.features, images: images, reference: reference, seed: request.seed)
            }
        } else {
            reference = try Reference(images: known, seed: request.seed, aestheticHead: head)
            measured = try Property.measure(properties, images: images, reference: reference, seed: request.seed)
        }
        return Answer(
            values: Array(zip(properties, measured)), reference: reference, images: images.count)
    }

    private static func defaults(hasHead: Bool) -> [String] {
        Property.Kind.allCases.filter { !$0.needsModel || ($0 == .aesthetic && hasHead) }.map(\.rawValue)
    }

    private static func batch(_ directory: URL, side: Int) throws -> ImageBatch {
        let images = try ModelService.paths(under: directory).map { path in
            let file = directory.appending(path: path)
            return try Image.decode([UInt8](Data(contentsOf: file)), name: file.path)
        }
        return ImageBatch(images, side: side, channels: 3)
    }
}
