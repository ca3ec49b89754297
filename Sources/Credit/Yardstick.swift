package import Documents

/// What pictures of a game are measured with: sealed in the plan, so that nobody can change a property's meaning unseen.
///
/// A value depends on nothing else but the generated pictures and the names of the properties.
package struct Yardstick: Hashable, Sendable {
    /// In which space distance means difference.
    package enum Features: String, Hashable, Sendable, CaseIterable {
        /// The descriptor without weights.
        case hand416 = "hand416-v1"
        /// What the last layer of a classifier of the snapshot's labels reads.
        case classifier
    }

    package let features: Features
    /// What the classifier tells apart: `contributor`, or a column of the manifests.
    package let labels: String
    /// The frozen classifier; nil when neither features nor a property asks for one.
    package let classifierDigest: Digest?
    /// The linear head of the property `aesthetic`; nil when nobody asks for it.
    package let aestheticHeadDigest: Digest?
    /// Features of the snapshot's pictures, settings, seed, head and classifier.
    package let referenceDigest: Digest

    package init(
        features: Features, labels: String, classifierDigest: Digest?, aestheticHeadDigest: Digest?,
        referenceDigest: Digest
    ) {
        self.features = features
        self.labels = labels
        self.classifierDigest = classifierDigest
        self.aestheticHeadDigest = aestheticHeadDigest
        self.referenceDigest = referenceDigest
    }

    var document: CanonicalValue {
        var members: [String: CanonicalValue] = [
            "features": .string(features.rawValue),
            "labels": .string(labels),
            "reference_sha256": .string(referenceDigest.hex),
        ]
        members["classifier_sha256"] = classifierDigest.map { .string($0.hex) }
        members["aesthetic_head_sha256"] = aestheticHeadDigest.map { .string($0.hex) }
        return .object(members)
    }

    init(_ reader: PlanReader) throws {
        self.init(
            features: try reader.choice("features"), labels: try reader.text("labels"),
            classifierDigest: try reader.optionalDigest("classifier_sha256"),
            aestheticHeadDigest: try reader.optionalDigest("aesthetic_head_sha256"),
            referenceDigest: try reader.digest("reference_sha256"))
    }
}
