package import Documents
import Errors
package import Images
package import Numerics

/// What generated pictures are compared with: everything that is fitted once on the snapshot's pictures.
///
/// Deterministic in (pictures, extractor, seed); ``digest`` names it, so that an evaluation can say against what it
/// was measured.
package struct Reference: Sendable {
    /// The numbers that shape a reference; part of its digest.
    package struct Settings: Hashable, Sendable {
        /// Principal components in which clusters are sought.
        package var components = 32
        /// Soft k-means clusters of the cluster Inception Score.
        package var softClusters = 24
        /// The soft clusters' temperature is the median distance to a centre over this. With 4, as first tried, pictures
        /// differ so little that a dozen of them, repeated, score like all of them; with 32 they score half.
        package var sharpness = 32.0
        /// Hard clusters of the cluster entropy.
        package var hardClusters = 20
        /// Neighbours that span the manifolds of precision, recall, density and coverage.
        package var neighbours = 5
        /// Ward linkage up to here, k-means beyond: Ward keeps all pairwise distances in memory.
        package var wardLimit = 3_000

        /// The published or measured defaults.
        package init() {}
    }

    /// Turns pictures into features, for the reference and for what is measured against it.
    package let extractor: any FeatureExtractor
    /// The settings it was fitted with.
    package let settings: Settings
    /// One row of features for each picture of the snapshot.
    package let features: Matrix
    /// A linear score on the features, for the property `aesthetic`.
    package let aestheticHead: LinearHead?
    /// Tells the snapshot's labels apart, for the properties of labels.
    package let classifier: LabelClassifier?
    /// Rows and columns of the pictures; nil when only their features are known.
    package let side: Int?
    /// Names pictures' features, settings, seed, head and classifier.
    package let digest: Digest

    /// The features' mean.
    let mean: [Double]
    /// The trace of the features' covariance.
    let covarianceTrace: Double
    /// `L` with `L Lᵀ` = covariance, one column an eigenvector.
    let covarianceRoot: Matrix
    /// Unit vectors, one row a principal component.
    let components: Matrix
    /// The snapshot's pictures in principal components.
    let projected: Matrix
    /// Centres of the soft clusters, in principal components.
    let centres: Matrix
    /// Scale of the distances to the centres.
    let temperature: Double
    /// The hard cluster of each picture.
    let hardLabels: [Int]
    /// The published method's cluster of each picture.
    let publishedLabels: [Int]
    /// Squared distance of each picture to its `neighbours`-th nearest other.
    let squaredRadii: [Double]

    /// Fits a reference.
    ///
    /// - Parameters:
    ///   - images: The snapshot's pictures at the model's size.
    ///   - extractor: What features to use.
    ///   - seed: Opens the streams of k-means.
    ///   - aestheticHead: Only needed for the property `aesthetic`.
    ///   - classifier: Only needed for the properties of labels.
    ///   - settings: The defaults unless a study asks for others.
    /// - Throws: ``LaurelError`` of kind `input` for fewer than `neighbours + 1` pictures.
    /// - Complexity: For n pictures O(n² d) time and O(n²) memory.
    package init(
        images: ImageBatch, extractor: any FeatureExtractor = DescriptorHand416(), seed: UInt64,
        aestheticHead: LinearHead? = nil, classifier: LabelClassifier? = nil, settings: Settings = Settings()
    ) throws {
        try self.init(
            features: extractor.features(images), extractor: extractor, seed: seed, side: images.side,
            aestheticHead: aestheticHead, classifier: classifier, settings: settings)
    }

    /// Fits a reference to features that were extracted before; `side` is that of the pictures, where it is known.
    ///
    /// - Throws: ``LaurelError`` of kind `input` for too few rows, for features that are not finite, and for features
    ///   that are all alike.
    package init(
        features: Matrix, extractor: any FeatureExtractor, seed: UInt64, side: Int? = nil,
        aestheticHead: LinearHead? = nil, classifier: LabelClassifier? = nil, settings: Settings = Settings()
    ) throws {
        let count = features.rows
        guard count > settings.neighbours else {
            throw LaurelError.input(
                "\(count) reference images are too few to measure against", at: "snapshot",
                next: "register at least \(settings.neighbours + 1) images")
        }
        guard features.values.allSatisfy(\.isFinite) else {
            throw LaurelError.input(
                "the reference's features hold numbers that are not finite", at: extractor.name,
                next: "compute the features again")
        }
        digest = try Self.digest(
            features: features, extractor: extractor, seed: seed, aestheticHead: aestheticHead, classifier: classifier,
            settings: settings)
        self.side = side
        self.classifier = classifier
        self.extractor = extractor
        self.settings = settings
        self.features = features
        self.aestheticHead = aestheticHead

        mean = columnMeans(features)
        let centred = subtracting(mean, from: features)
        let moments = try Self.moments(of: centred)
        // All distances would be 0, and every property a division by it or a constant.
        guard moments.trace > 0 else {
            throw LaurelError.input(
                "all \(count) reference images are alike", at: "snapshot", next: "register images that differ")
        }
        covarianceTrace = moments.trace
        covarianceRoot = moments.root
        let kept = min(settings.components, features.columns)
        components = Matrix(
            rows: kept, columns: features.columns,
            values: Array(moments.directions.values.prefix(kept * features.columns)))
        projected = LinearAlgebra.product(centred, components, transposeB: true)

        centres = KMeans.centres(of: projected, count: min(settings.softClusters, count), seed: seed)
        let toCentres = squaredDistances(projected, centres).values.map { $0.squareRoot() }.sorted()
        temperature = max(toCentres[toCentres.count / 2] / settings.sharpness, .leastNormalMagnitude)
        hardLabels = Self.hardLabels(projected, seed: seed, settings: settings)
        publishedLabels = Self.publishedLabels(features, seed: seed, settings: settings)
        squaredRadii = neighbourRadii(squaredDistances(features, features), neighbours: settings.neighbours)
    }

    /// Generated features in the reference's principal components.
    func project(_ generated: Matrix) -> Matrix {
        LinearAlgebra.product(subtracting(mean, from: generated), components, transposeB: true)
    }

    private static func moments(of centred: Matrix) throws -> (trace: Double, root: Matrix, directions: Matrix) {
        var covariance = LinearAlgebra.symmetricProduct(centred, transposed: true)
        let scale = 1 / Double(centred.rows - 1)
        for index in covariance.values.indices { covariance.values[index] *= scale }
        let eigen = try LinearAlgebra.symmetricEigen(covariance)
        let dimension = covariance.rows
        var root = Matrix(rows: dimension, columns: dimension)
        var directions = Matrix(rows: dimension, columns: dimension)
        for column in 0..<dimension {
            let length = max(0, eigen.values[column]).squareRoot()
            for row in 0..<dimension {
                root[row, column] = eigen.vectors[row, column] * length
                directions[dimension - 1 - column, row] = eigen.vectors[row, column]
            }
        }
        return (covariance.diagonal.reduce(0, +), root, directions)
    }

    private static func hardLabels(_ points: Matrix, seed: UInt64, settings: Settings) -> [Int] {
        let count = min(settings.hardClusters, points.rows)
        if points.rows <= settings.wardLimit { return WardLinkage.labels(of: points, count: count) }
        let centres = KMeans.centres(of: points, count: count, seed: seed)
        let distances = squaredDistances(points, centres)
        return (0..<points.rows).map { item in
            (0..<centres.rows).min { distances[item, $0] < distances[item, $1] } ?? 0
        }
    }

    /// Lu et al. (2025): distance is `max(E Eᵀ) − E Eᵀ` with a zero diagonal, clusters are Ward's. Beyond the limit of
    /// memory k-means on the same features stands in.
    private static func publishedLabels(_ features: Matrix, seed: UInt64, settings: Settings) -> [Int] {
        guard features.rows <= settings.wardLimit else { return hardLabels(features, seed: seed, settings: settings) }
        var distances = LinearAlgebra.product(features, features, transposeB: true)
        let largest = distances.values.max() ?? 0
        for i in 0..<distances.rows {
            for j in 0..<distances.columns {
                let distance = i == j ? 0 : largest - distances[i, j]
                distances[i, j] = distance * distance
            }
        }
        return WardLinkage.labels(squaredDistances: distances, count: min(settings.hardClusters, features.rows))
    }

    /// What ``digest`` will be, without the work of fitting: the same arguments, and the same refusal of a head that reads
    /// other features.
    package static func digest(
        features: Matrix, extractor: any FeatureExtractor, seed: UInt64, aestheticHead: LinearHead? = nil,
        classifier: LabelClassifier? = nil, settings: Settings = Settings()
    ) throws -> Digest {
        if let head = aestheticHead { try head.check(extractor) }
        let models = "head \(aestheticHead?.digest.hex ?? "none"), classifier \(classifier?.digest.hex ?? "none")"
        var hasher = SHA256Hasher()
        let header = [
            "laurel reference 2", extractor.name, "\(features.rows)×\(features.columns)", "seed \(seed)",
            "\(settings.components) \(settings.softClusters) \(settings.hardClusters) \(settings.neighbours)",
            "\(settings.wardLimit) \(settings.sharpness)", models,
        ]
        hasher.update(header.joined(separator: "\n").utf8)
        features.values.withUnsafeBytes { hasher.update(Array($0)) }
        return hasher.finish()
    }
}
