import Errors
package import Foundation
import Images
import Numerics
package import Properties

/// Measures pictures that lie in a directory against a reference in another: the properties by themselves, without
/// model, game or database.
package enum PropertyService {
    /// By what pictures are compared.
    package enum Features: Sendable {
        /// The built-in descriptor.
        case descriptor
        /// What a classifier that learned the reference's folders reads.
        case classifier
        /// Features from outside.
        case files(images: URL, reference: URL)
    }

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
        /// By what pictures are compared.
        package var features = Features.descriptor
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
        let (known, folders) = try batch(request.reference, side: request.side)
        let images = try batch(request.images, side: request.side).images
        let classifier = try classifier(of: folders, known, request, properties)
        let reference: Reference
        let own: Matrix
        switch (request.features, classifier) {
        case (.files(let mine, let theirs), _):
            let file = try FeatureFile(contentsOf: theirs, rows: known.count)
            own = try FeatureFile(contentsOf: mine, rows: images.count).features
            guard file.features.columns == own.columns else {
                throw LaurelError.input(
                    "the pictures have \(own.columns) features, the reference's \(file.features.columns)",
                    at: mine.path, next: "compute both with the same program")
            }
            reference = try Reference(
                features: file.features, extractor: OutsideFeatures(file), seed: request.seed, side: request.side,
                aestheticHead: head, classifier: classifier)
        case (.classifier, let classifier?):
            let extractor = ClassifierFeatures(classifier)
            reference = try Reference(
                images: known, extractor: extractor, seed: request.seed, aestheticHead: head, classifier: classifier)
            own = try extractor.features(images)
        case (.descriptor, _), (.classifier, nil):
            reference = try Reference(
                images: known, seed: request.seed, aestheticHead: head, classifier: classifier)
            own = try reference.extractor.features(images)
        }
        let measured = try properties.map {
            try $0.measure(features: own, images: images, reference: reference, seed: request.seed)
        }
        return Answer(
            values: Array(zip(properties, measured)), reference: reference, images: images.count)
    }

    /// A classifier of the reference's folders, where features or a property need one.
    private static func classifier(
        of folders: [String], _ images: ImageBatch, _ request: Request, _ properties: [Property]
    ) throws -> LabelClassifier? {
        if case .classifier = request.features {
        } else if !properties.contains(where: \.kind.needsLabels) {
            return nil
        }
        guard Set(folders).count > 1 else {
            throw LaurelError.input(
                "a classifier learns to tell folders apart, and all pictures lie in one", at: request.reference.path,
                next: "put the pictures of each label into a folder of their own")
        }
        return try LabelClassifier(training: images, labels: folders, seed: request.seed)
    }

    private static func defaults(hasHead: Bool) -> [String] {
        Property.Kind.allCases.filter { !$0.needsModel || ($0 == .aesthetic && hasHead) }.map(\.rawValue)
    }

    /// The pictures below a directory, and the folder of each.
    private static func batch(_ directory: URL, side: Int) throws -> (images: ImageBatch, folders: [String]) {
        let paths = try ModelService.paths(under: directory)
        let images = try paths.map { path in
            let file = directory.appending(path: path)
            return try Image.decode([UInt8](Data(contentsOf: file)), name: file.path)
        }
        return (
            ImageBatch(images, side: side, channels: 3),
            paths.map { $0.split(separator: "/").dropLast().joined(separator: "/") }
        )
    }
}
