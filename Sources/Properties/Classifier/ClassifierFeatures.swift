import Documents
package import Images
package import Numerics

/// Features that a classifier learned: what its last layer reads of a picture. Distance means difference to somebody who
/// learned to tell the snapshot's labels apart, where ``DescriptorHand416`` is nobody's opinion.
package struct ClassifierFeatures: FeatureExtractor {
    private let classifier: LabelClassifier
    /// `classifier` and its digest: another training is another extractor.
    package let name: String

    /// The features of a frozen classifier.
    package init(_ classifier: LabelClassifier) {
        self.classifier = classifier
        name = "classifier \(classifier.digest.hex)"
    }

    package var dimension: Int { ClassifierNetwork.features }

    package func features(_ batch: ImageBatch) throws -> Matrix { try classifier.pooled(batch) }
}
