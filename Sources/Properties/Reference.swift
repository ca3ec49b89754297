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
    /// Names pictures' features, settings, seed and head.
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
    /// Squared distance of each picture to its `neighbours`-th nearest other.
    let squaredRadii: [Double]

    /// Fits a reference.
    ///
    /// - Parameters:
    ///   - images: The snapshot's pictures at the model's size.
    ///   - extractor: What features to use.
    ///   - seed: Opens the streams of k-means.
    ///   - aestheticHead: Only needed for the property `aesthetic`.
    ///   - settings: The defaults unless a study asks for others.
    /// - Throws: ``LaurelError`` of kind `input` for fewer than `neighbours + 1` pictures.
    /// - Complexity: For n pictures O(n² d) time and O(n²) memory.
    package init(
        images: ImageBatch, extractor: any FeatureExtractor = DescriptorHand416(), seed: UInt64,
        aestheticHead: LinearHead? = nil, settings: Settings = Settings()
    ) throws {
        try self.init(
            features: extractor.features(images), extractor: extractor, seed: seed, aestheticHead: aestheticHead,
            settings: settings)
    }

    /// Fits a reference to features that were extracted before.
    package init(
        features: Matrix, extractor: any FeatureExtractor, seed: UInt64, aestheticHead: LinearHead? = nil,
        settings: Settings = Settings()
    ) throws {
        let count = features.rows
        guard count > settings.neighbours else {
            throw LaurelError.input(
                "\(count) reference images are too few to measure against", at: "snapshot",
                next: "register at least \(settings.neighbours + 1) images")
        }
        if let head = aestheticHead { try head.check(extractor) }
        self.extractor = extractor
        self.settings = settings
        self.features = features
        self.aestheticHead = aestheticHead
        digest = Self.digest(features, extractor, seed, aestheticHead, settings)

        mean = columnMeans(features)
        let centred = subtracting(mean, from: features)
        let moments = try Self.moments(of: centred)
        covarianceTrace = moments.trace
        covarianceRoot = moments.root
        let kept = min(settings.components, features.columns)
        components = Matrix(
            rows: kept, columns: features.columns,
            values: Array(moments.directions.values.prefix(kept * features.columns)))
        projected = LinearAlgebra.product(centred, components, transposeB: true)

        centres = KMeans.centres(of: projected, count: min(settings.softClusters, count), seed: seed)
        let toCentres = squaredDistances(projected, centres).values.map { $0.squareRoot() }.sorted()
        temperature = max(toCentres[toCentres.count / 2] / 4, .leastNormalMagnitude)
        hardLabels = Self.hardLabels(projected, seed: seed, settings: settings)
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

    private static func digest(
        _ features: Matrix, _ extractor: any FeatureExtractor, _ seed: UInt64, _ head: LinearHead?, _ settings: Settings
    ) -> Digest {
        var hasher = SHA256Hasher()
        let header = [
            "laurel reference 1", extractor.name, "\(features.rows)×\(features.columns)", "seed \(seed)",
            "\(settings.components) \(settings.softClusters) \(settings.hardClusters) \(settings.neighbours)",
            "\(settings.wardLimit)", "head \(head?.digest.hex ?? "none")",
        ]
        hasher.update(header.joined(separator: "\n").utf8)
        features.values.withUnsafeBytes { hasher.update(Array($0)) }
        return hasher.finish()
    }
}
