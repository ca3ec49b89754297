import Credit
import Documents
import Errors
import Foundation
import Properties
import Registry

/// Makes what a plan measures with: when it is planned, from what is asked for; when it runs, from what was sealed.
struct YardstickMaker {
    /// What a person asks for.
    struct Wish {
        var features = Yardstick.Features.hand416
        /// `contributor`, or a column of the manifests.
        var labels = YardstickMaker.contributor
        /// A file with a linear head.
        var aestheticHead: URL?
        /// The properties that will be measured.
        var properties: [Property] = []
        var seed: UInt64 = 1
    }

    /// The labels that every snapshot has.
    static let contributor = "contributor"

    let material: CreditMaterial
    let files: FrozenFiles

    /// Freezes classifier and head, and computes the digests that a plan seals.
    ///
    /// - Parameter planned: The yardstick of a plan with the same snapshot, model and seed: its classifier is taken where
    ///   the labels agree, and its head where no other is wished for.
    /// - Throws: ``LaurelError`` of kind `input` when a property needs a head and there is none, or pictures lack labels.
    func plan(_ wish: Wish, onto planned: Yardstick?) throws -> Yardstick {
        let needsClassifier =
            wish.features == .classifier
            || wish.properties.contains { $0.kind.needsLabels }
        let needsHead = wish.properties.contains { $0.kind == .aesthetic }
        let classifier = needsClassifier ? try classifier(wish, planned) : nil
        let head = needsHead ? try head(wish, planned) : nil
        if let file = wish.aestheticHead, !needsHead {
            throw LaurelError.input(
                "a linear head is given, and no property reads it", at: file.path,
                next: "add --property aesthetic, or leave the head out")
        }
        let extractor = try extractor(wish.features, classifier)
        let digest = try Reference.digest(
            features: try extractor.features(material.images), extractor: extractor, seed: wish.seed,
            aestheticHead: head, classifier: classifier)
        return Yardstick(
            features: wish.features, labels: wish.labels, classifierDigest: classifier?.digest,
            aestheticHeadDigest: head?.digest, referenceDigest: digest)
    }

    /// Fits the reference of a plan.
    ///
    /// - Throws: ``LaurelError`` of kind `refused` when what is measured with is not what the plan sealed.
    func reference(_ sealed: Yardstick, seed: UInt64) throws -> Reference {
        let classifier = try sealed.classifierDigest.map(files.classifier)
        let head = try sealed.aestheticHeadDigest.map(files.head)
        let reference = try Reference(
            images: material.images, extractor: try extractor(sealed.features, classifier), seed: seed,
            aestheticHead: head, classifier: classifier)
        guard reference.digest == sealed.referenceDigest else {
            throw LaurelError.refused(
                "pictures would be measured against \(reference.digest.hex), the plan sealed "
                    + sealed.referenceDigest.hex, at: "yardstick",
                next: "run it with the program and on the kind of processor that planned it, or plan with --supersede")
        }
        return reference
    }

    private func extractor(
        _ features: Yardstick.Features, _ classifier: LabelClassifier?
    ) throws -> any FeatureExtractor {
        switch (features, classifier) {
        case (.hand416, _): return DescriptorHand416()
        case (.classifier, let classifier?): return ClassifierFeatures(classifier)
        case (.classifier, nil):
            throw LaurelError.checkFailed(
                "the plan measures with a classifier and names none", at: "yardstick",
                next: "restore the database from a backup")
        }
    }

    private func classifier(_ wish: Wish, _ planned: Yardstick?) throws -> LabelClassifier {
        if let planned, planned.labels == wish.labels, let digest = planned.classifierDigest {
            return try files.classifier(digest)
        }
        let classifier = try LabelClassifier(
            training: material.images, labels: try material.labels(wish.labels), seed: wish.seed)
        try files.keep(classifier)
        return classifier
    }

    private func head(_ wish: Wish, _ planned: Yardstick?) throws -> LinearHead {
        if let file = wish.aestheticHead { return try files.keepHead(at: file) }
        guard let digest = planned?.aestheticHeadDigest else {
            throw LaurelError.input(
                "the property aesthetic needs a linear head, and none is given", at: "--property",
                next: "give a file with --aesthetic-head, or choose another property")
        }
        return try files.head(digest)
    }
}
