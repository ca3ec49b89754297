import Documents
import Errors
import Foundation
import Images
import Numerics
import Properties
import Testing

@Suite("Features that a classifier learned")
struct ClassifierFeaturesTests {
    /// What NumPy says about the network of ``file(side:count:)`` and the pictures of ``pictures``.
    private struct Expected: Decodable {
        let features: [[Double]]
        let probabilities: [[Double]]
    }

    /// The numbers of `ops/fixtures/classifier.py`.
    private static func numbers(_ count: Int, step: Int, scale: Double) -> [Float] {
        (0..<count).map { Float(Double($0 * step % 2003 - 1001) / 1001 * scale) }
    }

    private static let pictures = ImageBatch(
        count: 5, side: 8, channels: 3, pixels: numbers(5 * 8 * 8 * 3, step: 101, scale: 1))

    /// A classifier's file, with parameters that are whole numbers over 1001.
    private static func file(side: Int = 8, count: Int = 42_675) -> Data {
        var bytes = Data()
        for value in numbers(count, step: 7919, scale: 0.12) {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return Data(
            """
            {"channels": 3, "format": "laurel label classifier 1", "labels": ["a", "b", "c"], "side": \(side),
             "parameters": "\(bytes.base64EncodedString())"}
            """.utf8)
    }

    @Test("Features and probabilities of given parameters are NumPy's")
    func numPy() throws {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/classifier", withExtension: "json"))
        let expected = try JSONDecoder().decode(Expected.self, from: Data(contentsOf: url))
        let classifier = try LabelClassifier(parsing: Self.file(), at: "test")
        let extractor = ClassifierFeatures(classifier)
        let features = try extractor.features(Self.pictures)
        let probabilities = try classifier.probabilities(Self.pictures)
        #expect(features.columns == extractor.dimension && extractor.dimension == 64)
        for (picture, row) in expected.features.enumerated() {
            for (column, value) in row.enumerated() {
                #expect(abs(features[picture, column] - value) < 1e-5, "feature \(column) of \(picture)")
            }
            for (label, share) in expected.probabilities[picture].enumerated() {
                #expect(abs(probabilities[picture, label] - share) < 1e-5)
            }
        }
    }

    @Test("A kept classifier is the same, to the bit, and a damaged file is refused")
    func file() throws {
        let classifier = try LabelClassifier(parsing: Self.file(), at: "test")
        let again = try LabelClassifier(parsing: classifier.encoded(), at: "test")
        #expect(again.digest == classifier.digest)
        #expect(ClassifierFeatures(again).name == "classifier \(classifier.digest.hex)")
        let damaged = [
            Data("{}".utf8), Self.file(side: 6), Self.file(count: 42_674),
            Data(String(decoding: Self.file(), as: UTF8.self).replacing("classifier 1", with: "classifier 2").utf8),
        ]
        for data in damaged {
            #expect(throws: LaurelError.self) { try LabelClassifier(parsing: data, at: "test") }
        }
    }
}
