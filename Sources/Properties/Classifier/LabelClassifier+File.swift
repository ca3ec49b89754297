import Errors
package import Foundation

extension LabelClassifier {
    /// What a file of a classifier holds.
    private struct File: Codable {
        let format: String
        let labels: [String]
        let side: Int
        let channels: Int
        /// Little-endian `float32`, in base 64 as JSON has it.
        let parameters: Data
    }

    private static let format = "laurel label classifier 1"

    /// The classifier as one JSON object, for keeping: training it again elsewhere may end in other bits.
    package func encoded() throws -> Data {
        var bytes = Data(capacity: 4 * parameters.count)
        for value in parameters { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) } }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(
            File(format: Self.format, labels: labels, side: side, channels: channels, parameters: bytes))
    }

    /// Reads what ``encoded()`` wrote; `place` is what errors call it.
    ///
    /// - Throws: ``LaurelError`` of kind `input` for anything else.
    package init(parsing data: Data, at place: String) throws {
        func refuse(_ problem: String) -> LaurelError {
            .input(problem, at: place, next: "restore the file from a backup")
        }
        let file: File
        do {
            file = try JSONDecoder().decode(File.self, from: data)
        } catch {
            throw refuse("not a classifier")
        }
        guard file.format == Self.format, file.labels.count > 1, (4...4096).contains(file.side), file.side % 4 == 0,
            file.channels == 1 || file.channels == 3
        else { throw refuse("a classifier of another kind") }
        let count = ClassifierNetwork.parameterCount(channels: file.channels, classes: file.labels.count)
        guard file.parameters.count == 4 * count else {
            throw refuse("the classifier has \(file.parameters.count / 4) parameters of \(count)")
        }
        let values = file.parameters.withUnsafeBytes { buffer in
            (0..<count).map {
                Float(
                    bitPattern: UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
            }
        }
        guard values.allSatisfy(\.isFinite) else { throw refuse("the classifier holds numbers that are not finite") }
        self.init(labels: file.labels, side: file.side, channels: file.channels, parameters: values)
    }
}
