package import Documents
import Errors
package import Foundation
package import Numerics

/// A linear score on features: `bias + weights · features`, an aesthetic score for instance.
package struct LinearHead: Hashable, Sendable {
    /// The extractor whose features it reads.
    package let extractor: String
    /// One weight a feature.
    package let weights: [Double]
    /// The score of a picture whose features are all 0.
    package let bias: Double

    /// A head from its numbers.
    package init(extractor: String, weights: [Double], bias: Double) {
        self.extractor = extractor
        self.weights = weights
        self.bias = bias
    }

    /// Reads `{"extractor": name, "weights": [...], "bias": number}`.
    ///
    /// - Throws: ``LaurelError`` of kind `input` for anything else.
    package init(contentsOf url: URL) throws {
        struct File: Decodable {
            let extractor: String
            let weights: [Double]
            let bias: Double
        }
        let file: File
        do {
            file = try JSONDecoder().decode(File.self, from: Data(contentsOf: url))
        } catch {
            throw LaurelError.input(
                "not a linear head", at: url.path,
                next: "give a JSON file with the members extractor, weights and bias")
        }
        self.init(extractor: file.extractor, weights: file.weights, bias: file.bias)
    }

    /// Fits a head to labelled pictures by ridge regression on standardised features.
    ///
    /// - Parameters:
    ///   - features: One row a picture.
    ///   - labels: One score a picture.
    ///   - extractor: The name of the features' extractor.
    ///   - penalty: Ridge penalty in units of pictures.
    /// - Throws: ``LaurelError`` of kind `input` without labels or with a label that is no number.
    package init(fitting features: Matrix, labels: [Double], extractor: String, penalty: Double = 1) throws {
        precondition(labels.count == features.rows && penalty > 0, "one label a picture, a positive penalty")
        guard labels.count > 1, labels.allSatisfy(\.isFinite) else {
            throw LaurelError.input("an aesthetic head needs at least two finite labels", at: "labels")
        }
        let mean = columnMeans(features)
        var centred = subtracting(mean, from: features)
        var scales = [Double](repeating: 0, count: features.columns)
        for j in 0..<features.columns {
            let variance = (0..<features.rows).reduce(0) { $0 + centred[$1, j] * centred[$1, j] }
            // A feature that never varies gets weight 0 instead of a division by 0.
            let deviation = (variance / Double(features.rows)).squareRoot()
            scales[j] = deviation > 0 ? 1 / deviation : 0
            for i in 0..<features.rows { centred[i, j] *= scales[j] }
        }
        let average = labels.reduce(0, +) / Double(labels.count)
        var normal = LinearAlgebra.symmetricProduct(centred, transposed: true)
        for j in 0..<features.columns { normal[j, j] += penalty }
        let right = LinearAlgebra.product(centred, labels.map { $0 - average }, transposeA: true)
        let scaled = try Cholesky(normal).solve(right)
        let weights = zip(scaled, scales).map { $0 * $1 }
        let offset = zip(weights, mean).reduce(0) { $0 + $1.0 * $1.1 }
        self.init(extractor: extractor, weights: weights, bias: average - offset)
    }

    /// The score of each row.
    package func scores(_ features: Matrix) -> [Double] {
        LinearAlgebra.product(features, weights).map { $0 + bias }
    }

    /// SHA-256 of the extractor's name and the bits of all numbers.
    package var digest: Digest {
        var hasher = SHA256Hasher()
        hasher.update("laurel linear head 1\n\(extractor)\n".utf8)
        for number in weights + [bias] {
            withUnsafeBytes(of: number.bitPattern.littleEndian) { hasher.update(Array($0)) }
        }
        return hasher.finish()
    }

    /// Refuses features that the head was not made for.
    func check(_ used: any FeatureExtractor) throws {
        guard extractor == used.name, weights.count == used.dimension else {
            throw LaurelError.input(
                "the aesthetic head reads \(weights.count) features of \(extractor), not \(used.dimension) of \(used.name)",
                at: "aesthetic", next: "give a head that was fitted on \(used.name)")
        }
    }
}
