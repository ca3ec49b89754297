import Errors
import Foundation
package import Images
import Numerics

extension LabelClassifier {
    /// How a classifier is trained.
    package struct Training: Hashable, Sendable {
        /// Optimiser steps.
        package var steps = 400
        /// Pictures in a step.
        package var batch = 64
        /// Highest learning rate; it falls to 0 by a half cosine.
        package var learningRate = 2e-3
        /// AdamW's decoupled weight decay.
        package var weightDecay = 0.05
        /// The share of the target that is spread over all labels, so that the network never becomes certain.
        package var smoothing = 0.1
        /// Standard deviation of the noise that is added to the pictures, which are mirrored at random too.
        package var noise = 0.05

        /// What works on a thousand pictures of ten artists.
        package init() {}
    }

    /// Trains a classifier; deterministic in its arguments on one kind of processor.
    ///
    /// - Parameters:
    ///   - images: Pictures whose side 4 divides.
    ///   - labels: One label a picture; at least two different ones.
    ///   - seed: Opens the streams of start, batches and noise.
    /// - Throws: ``LaurelError`` of kind `input` for labels or sizes that cannot be learned from.
    package init(
        training images: ImageBatch, labels: [String], seed: UInt64, _ training: Training = Training()
    ) throws {
        precondition(labels.count == images.count, "one label a picture")
        let known = Set(labels).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard known.count > 1 else {
            throw LaurelError.input(
                "a classifier needs pictures with at least two labels", at: "labels",
                next: "use cluster assignments instead")
        }
        guard images.side % 4 == 0 else {
            throw LaurelError.input(
                "side \(images.side) cannot be halved twice", at: "classifier", next: "use a multiple of 4")
        }
        NetworkContext.useOneThread()
        let network = try ClassifierNetwork(
            images: training.batch, side: images.side, channels: images.channels, classes: known.count)
        let count = ClassifierNetwork.parameterCount(channels: images.channels, classes: known.count)
        Self.start(network, channels: images.channels, seed: seed)
        let arena = Arena()
        let state = AdamW.State(first: arena.floats(count), second: arena.floats(count), average: nil)
        var optimiser = AdamW()
        optimiser.decay = Float(training.weightDecay)
        let targets = labels.map { label in known.firstIndex(of: label) ?? 0 }
        for step in 1...training.steps {
            let drawn = Self.draw(images, into: network, step: step, seed: seed, noise: training.noise)
            network.pack()
            network.forward()
            Self.differentiate(network, drawn.map { targets[$0] }, smoothing: training.smoothing)
            network.backward()
            let rate = training.learningRate * 0.5 * (1 + cos(Double.pi * Double(step - 1) / Double(training.steps)))
            optimiser.step(
                step, rate: Float(rate), scale: 1, ema: 0, count: count, parameters: network.parameters,
                gradient: network.gradients, state)
        }
        let parameters = Array(UnsafeBufferPointer(start: network.parameters, count: count))
        guard parameters.allSatisfy(\.isFinite) else {
            throw LaurelError.checkFailed("the classifier's training diverged", next: "lower the learning rate")
        }
        self.init(labels: known, side: images.side, channels: images.channels, parameters: parameters)
    }

    /// Normal weights with variance 2 over the inputs (He et al. 2015), zero biases.
    private static func start(_ network: ClassifierNetwork, channels: Int, seed: UInt64) {
        var stream = RandomStream(seed: seed, "classifier.start")
        var offset = 0
        var inputs = channels
        for width in ClassifierNetwork.widths {
            let deviation = (2 / Double(9 * inputs)).squareRoot()
            for index in 0..<9 * inputs * width {
                network.parameters[offset + index] = Float(stream.normal() * deviation)
            }
            offset += 9 * inputs * width + width
            inputs = width
        }
        for index in 0..<inputs * network.classes {
            network.parameters[offset + index] = Float(stream.normal() / Double(inputs).squareRoot())
        }
    }

    /// Fills the network's input with pictures, half of them mirrored, all of them slightly noisy.
    private static func draw(
        _ images: ImageBatch, into network: ClassifierNetwork, step: Int, seed: UInt64, noise: Double
    ) -> [Int] {
        var stream = RandomStream(seed: seed, "classifier.batch", index: UInt64(step))
        let (side, channels, size) = (images.side, images.channels, images.itemSize)
        return (0..<network.images).map { slot in
            let item = stream.int(below: images.count)
            let isMirrored = stream.uniform() < 0.5
            for y in 0..<side {
                for x in 0..<side {
                    let from = item * size + (y * side + (isMirrored ? side - 1 - x : x)) * channels
                    let to = slot * size + (y * side + x) * channels
                    for channel in 0..<channels {
                        network.input[to + channel] = images.pixels[from + channel] + Float(stream.normal() * noise)
                    }
                }
            }
            return item
        }
    }

    /// The gradient of the mean cross-entropy against smoothed targets.
    package static func differentiate(_ network: ClassifierNetwork, _ targets: [Int], smoothing: Double) {
        let classes = network.classes
        for (image, target) in targets.enumerated() {
            let shares = softmax(network.logits + image * classes, count: classes)
            for label in 0..<classes {
                let wanted = smoothing / Double(classes) + (label == target ? 1 - smoothing : 0)
                network.logitGradient[image * classes + label] = Float((shares[label] - wanted) / Double(targets.count))
            }
        }
    }
}
