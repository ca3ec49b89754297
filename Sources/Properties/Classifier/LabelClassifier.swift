package import Documents
import Errors
import Foundation
package import Images
package import Numerics

/// A small convolutional network that tells a snapshot's labels apart (contributors or categories), trained once and
/// frozen: class probabilities that mean something on these pictures, as a second opinion beside clusters.
///
/// Its pictures have the reference's size; ``digest`` names every bit of it. ``ClassifierFeatures`` are what its last
/// layer reads.
package struct LabelClassifier: Sendable {
    /// The labels, ascending as bytes.
    package let labels: [String]
    /// Rows and columns of a picture; a multiple of four.
    package let side: Int
    /// 1 or 3.
    package let channels: Int
    let parameters: [Float]
    private static let batch = 64

    init(labels: [String], side: Int, channels: Int, parameters: [Float]) {
        (self.labels, self.side, self.channels, self.parameters) = (labels, side, channels, parameters)
    }

    /// SHA-256 over shape, labels and the bits of all parameters.
    package var digest: Digest {
        var hasher = SHA256Hasher()
        hasher.update("laurel label classifier 1\n\(side) \(channels)\n\(labels.joined(separator: "\n"))\n".utf8)
        for value in parameters {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { hasher.update(Array($0)) }
        }
        return hasher.finish()
    }

    /// One row of probabilities a picture, in the order of ``labels``.
    ///
    /// - Throws: ``LaurelError`` of kind `input` for pictures of another size.
    package func probabilities(_ images: ImageBatch) throws -> Matrix {
        try answers(images, columns: labels.count) { network, image in
            softmax(network.logits + image * labels.count, count: labels.count)
        }
    }

    /// One row of what the last layer reads a picture: the mean over pixels of each channel of the last convolution.
    ///
    /// - Throws: ``LaurelError`` of kind `input` for pictures of another size.
    func pooled(_ images: ImageBatch) throws -> Matrix {
        let width = ClassifierNetwork.features
        return try answers(images, columns: width) { network, image in
            (0..<width).map { Double(network.pooled[image * width + $0]) }
        }
    }

    /// Runs the network over pictures, batch after batch, and takes a row for each from it.
    private func answers(
        _ images: ImageBatch, columns: Int, _ row: (ClassifierNetwork, Int) -> [Double]
    ) throws -> Matrix {
        guard images.side == side, images.channels == channels else {
            throw LaurelError.input(
                "the images are \(images.side)² with \(images.channels) channels, the classifier reads \(side)² with \(channels)",
                at: "classifier", next: "measure images of its size")
        }
        NetworkContext.useOneThread()
        let network = try ClassifierNetwork(images: Self.batch, side: side, channels: channels, classes: labels.count)
        for (index, value) in parameters.enumerated() { network.parameters[index] = value }
        network.pack()
        var result = Matrix(rows: images.count, columns: columns)
        for first in stride(from: 0, to: images.count, by: Self.batch) {
            let count = min(Self.batch, images.count - first)
            for index in 0..<count * images.itemSize {
                network.input[index] = images.pixels[first * images.itemSize + index]
            }
            network.forward()
            for image in 0..<count {
                for (column, value) in row(network, image).enumerated() { result[first + image, column] = value }
            }
        }
        return result
    }
}

/// Probabilities from logits.
func softmax(_ logits: UnsafePointer<Float>, count: Int) -> [Double] {
    let largest = (0..<count).map { logits[$0] }.max() ?? 0
    let weights = (0..<count).map { exp(Double(logits[$0] - largest)) }
    let total = weights.reduce(0, +)
    return weights.map { $0 / total }
}
