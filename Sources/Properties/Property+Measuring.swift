import Errors
package import Images
package import Numerics

extension Property {
    /// Measures the property on generated pictures.
    ///
    /// - Parameters:
    ///   - features: What the reference's extractor says about `images`, one row each.
    ///   - images: At least two pictures.
    ///   - reference: What to compare with.
    ///   - seed: Opens the streams of resampled variances; the value itself does not depend on it.
    /// - Returns: The value and its sampling variance: analytic (influence functions) where the property is a smooth
    ///   function of means, from random halves for recall and coverage, from a bootstrap for quantiles.
    /// - Throws: ``LaurelError`` when the pictures cannot be measured, or the reference lacks an aesthetic head.
    package func measure(
        features: Matrix, images: ImageBatch, reference: Reference, seed: UInt64 = 0
    ) throws -> Measurement {
        precondition(features.rows == images.count, "one row of features a picture")
        precondition(features.columns == reference.features.columns, "the features are the reference's")
        guard images.count > 1 else {
            throw LaurelError.input(
                "\(images.count) images are too few to measure \(name)", at: "images", next: "generate at least 2")
        }
        if let side = reference.side, side != images.side {
            throw LaurelError.input(
                "the images have \(images.side)² pixels, the reference's \(side)²", at: name,
                next: "measure images of the reference's size")
        }
        guard features.values.allSatisfy(\.isFinite), images.pixels.allSatisfy(\.isFinite) else {
            throw LaurelError.checkFailed(
                "the images to measure hold values that are not finite", at: name,
                next: "look at the model that made them: its training has diverged")
        }
        switch kind {
        case .inceptionScore: return inceptionScore(softAssignments(features, reference))
        case .frechetDistance: return try frechetDistance(features, reference)
        case .clusterEntropy: return marginalEntropy(hardAssignments(features, reference))
        case .softClusterEntropy: return marginalEntropy(softAssignments(features, reference))
        case .labelInceptionScore: return inceptionScore(try labelProbabilities(images, reference))
        case .labelEntropy: return marginalEntropy(try labelProbabilities(images, reference))
        case .publishedClusterEntropy: return marginalEntropy(publishedAssignments(features, reference))
        case .vendiScore: return try vendiScore(features, reference)
        case .precision: return Neighbourhoods(features, reference).precision
        case .recall: return Neighbourhoods(features, reference).recall(seed: seed)
        case .coverage: return Neighbourhoods(features, reference).coverage(seed: seed)
        case .density: return summary(Neighbourhoods(features, reference).densities, seed: seed)
        case .realism: return summary(Neighbourhoods(features, reference).realism, seed: seed)
        case .pixelEntropy: return summary(pixelEntropies(images), seed: seed)
        case .aesthetic:
            guard let head = reference.aestheticHead else {
                throw LaurelError.input(
                    "the property aesthetic needs a linear head, and none was given", at: name,
                    next: "give a head's weights, or labels to fit one")
            }
            return summary(head.scores(features), seed: seed)
        }
    }

    /// Extracts features and measures several properties at once, in their order.
    package static func measure(
        _ properties: [Property], images: ImageBatch, reference: Reference, seed: UInt64 = 0
    ) throws -> [Measurement] {
        let features = try reference.extractor.features(images)
        return try properties.map {
            try $0.measure(features: features, images: images, reference: reference, seed: seed)
        }
    }

    private func labelProbabilities(_ images: ImageBatch, _ reference: Reference) throws -> Matrix {
        guard let classifier = reference.classifier else {
            throw LaurelError.input(
                "the property \(name) needs a classifier, and none was trained", at: name,
                next: "measure against pictures with labels, or use inception_score")
        }
        return try classifier.probabilities(images)
    }

    private func summary(_ scores: [Double], seed: UInt64) -> Measurement {
        guard let level = quantileLevel else { return Measurement(meanOf: scores) }
        return quantile(scores, at: level, seed: seed)
    }
}
