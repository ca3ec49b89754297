import Errors

/// A number measured on a set of generated pictures, against the snapshot's: the utility of the credit game.
package struct Property: Hashable, Sendable, CustomStringConvertible {
    /// Which way is better.
    package enum Direction: String, Hashable, Sendable {
        case higherIsBetter
        case lowerIsBetter
    }

    /// The properties that need no parameter, by their names on the command line.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case inceptionScore = "inception_score"
        case frechetDistance = "frechet_distance"
        case precision
        case recall
        case density
        case coverage
        case clusterEntropy = "cluster_entropy"
        case softClusterEntropy = "soft_cluster_entropy"
        case publishedClusterEntropy = "published_cluster_entropy"
        case labelInceptionScore = "label_inception_score"
        case labelEntropy = "label_entropy"
        case vendiScore = "vendi_score"
        case pixelEntropy = "pixel_entropy"
        case realism
        case aesthetic

        /// Whether only a reference with something more than pictures can measure it: a linear head, or a classifier.
        package var needsModel: Bool { self == .aesthetic || needsLabels }

        /// Whether only a reference with a classifier of labels can measure it.
        package var needsLabels: Bool { self == .labelInceptionScore || self == .labelEntropy }

        /// Whether each picture has a score of its own, of which a quantile can be taken.
        package var isPerImage: Bool {
            switch self {
            case .density, .pixelEntropy, .realism, .aesthetic: true
            case .inceptionScore, .frechetDistance, .precision, .recall, .coverage, .clusterEntropy,
                .softClusterEntropy, .publishedClusterEntropy, .labelInceptionScore, .labelEntropy, .vendiScore:
                false
            }
        }
    }

    /// What is measured.
    package let kind: Kind
    /// The level between 0 and 1 when a quantile is taken instead of the mean.
    package let quantileLevel: Double?
    /// The name as it was given: `vendi_score`, `quantile:aesthetic:0.9`.
    package let name: String

    /// A property without parameters.
    package init(_ kind: Kind) {
        self.kind = kind
        quantileLevel = nil
        name = kind.rawValue
    }

    /// A property by its name on the command line.
    ///
    /// - Throws: ``LaurelError`` of kind `input` that lists the names, for any other.
    package init(name: String) throws {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 1, let kind = Kind(rawValue: name) {
            self.kind = kind
            quantileLevel = nil
            self.name = name
            return
        }
        guard parts.first == "quantile" else { throw Self.unknown(name) }
        guard parts.count == 3, let kind = Kind(rawValue: String(parts[1])), kind.isPerImage else {
            let names = Kind.allCases.filter(\.isPerImage).map(\.rawValue).joined(separator: ", ")
            throw LaurelError.input(
                "a quantile needs a score of single images and a level", at: name,
                next: "write quantile:NAME:Q with NAME one of \(names)")
        }
        guard let level = Double(parts[2]), level > 0, level < 1 else {
            throw LaurelError.input(
                "the level \(parts[2]) of a quantile is not between 0 and 1", at: name,
                next: "write for example quantile:\(kind.rawValue):0.9")
        }
        self.kind = kind
        quantileLevel = level
        self.name = name
    }

    package var description: String { name }

    /// Which way is better.
    package var direction: Direction {
        kind == .frechetDistance ? .lowerIsBetter : .higherIsBetter
    }

    /// What one unit of the value is.
    package var units: String {
        switch kind {
        case .inceptionScore: "effective clusters"
        case .labelInceptionScore: "effective labels"
        case .frechetDistance: "squared feature distance"
        case .precision, .recall, .coverage: "share of images"
        case .density: "reference balls over k"
        case .clusterEntropy, .softClusterEntropy, .publishedClusterEntropy, .labelEntropy: "bits"
        case .vendiScore: "effective images"
        case .pixelEntropy: "bits a pixel"
        case .realism: "ratio of distances"
        case .aesthetic: "points"
        }
    }

    private static func unknown(_ name: String) -> LaurelError {
        .input(
            "there is no property of this name", at: name,
            next: "choose one of \(Kind.allCases.map(\.rawValue).joined(separator: ", ")), quantile:NAME:Q")
    }
}
