package import Errors
package import Numerics

/// Three convolutions with SiLU (the second and third halve the side), the mean over pixels, and a linear layer.
///
/// Made for one batch size; set ``input``, call ``forward()``, read ``logits`` and ``pooled``. While training set
/// ``logitGradient``, call ``backward()``, read ``gradients``. After every change of ``parameters`` call ``pack()``.
package final class ClassifierNetwork {
    /// Channels after each convolution.
    static let widths = [32, 48, 64]
    /// What the linear layer reads of a picture: the last width.
    static var features: Int { widths[2] }

    /// Pictures in a batch.
    package let images: Int
    /// Labels to tell apart.
    package let classes: Int
    /// Images × side² × channels.
    package let input: Network.Floats
    /// All parameters, stage after stage.
    package let parameters: Network.Floats
    /// Their gradients, in the same order.
    package let gradients: Network.Floats
    /// Images × classes.
    package let logits: Network.Floats
    /// The gradient of the loss with respect to ``logits``.
    package let logitGradient: Network.Floats
    /// Images × the last width: what the linear layer reads.
    let pooled: Network.Floats
    private let context: NetworkContext
    private let stages: [Stage]
    private let sides: [Int]
    private let headOffset: Int

    private struct Stage {
        let convolution: Convolution
        /// Before and after SiLU, and their gradients.
        let raw, active, rawGradient, activeGradient: Network.Floats
        let count: Int
    }

    /// Number of parameters: for each convolution weights and biases, then the linear layer's weights and biases.
    package static func parameterCount(channels: Int, classes: Int) -> Int {
        zip([channels] + widths, widths).reduce(0) { $0 + 9 * $1.0 * $1.1 + $1.1 } + (widths[2] + 1) * classes
    }

    /// A network with all parameters 0, for pictures whose side 4 divides.
    package init(images: Int, side: Int, channels: Int, classes: Int) throws(LaurelError) {
        (self.images, self.classes) = (images, classes)
        context = try NetworkContext()
        let arena = context.arena
        let total = Self.parameterCount(channels: channels, classes: classes)
        parameters = arena.floats(total)
        gradients = arena.floats(total)
        input = arena.floats(images * side * side * channels)
        logits = arena.floats(images * classes)
        logitGradient = arena.floats(images * classes)
        pooled = arena.floats(images * Self.widths[2])
        sides = [side, side, side / 2, side / 4]
        var stages: [Stage] = []
        var offset = 0
        var (x, dx): (Network.Floats, Network.Floats?) = (input, nil)
        for (index, width) in Self.widths.enumerated() {
            let inputs = index == 0 ? channels : Self.widths[index - 1]
            let count = images * sides[index + 1] * sides[index + 1] * width
            let values = (0..<4).map { _ in arena.floats(count) }
            let bias = offset + 9 * inputs * width
            let convolution = try Convolution(
                context,
                Convolution.Shape(
                    images: images, side: sides[index], input: inputs, output: width, stride: index == 0 ? 1 : 2),
                Convolution.Buffers(
                    x: x, y: values[0], weights: parameters + offset, bias: parameters + bias,
                    gradients: Convolution.Gradients(
                        dy: values[2], dx: dx, weights: gradients + offset, bias: gradients + bias)))
            stages.append(
                Stage(
                    convolution: convolution, raw: values[0], active: values[1], rawGradient: values[2],
                    activeGradient: values[3], count: count))
            (x, dx) = (values[1], values[3])
            offset = bias + width
        }
        self.stages = stages
        headOffset = offset
        try context.seal()
    }

    /// Brings the parameters into the convolutions' order.
    package func pack() { for stage in stages { stage.convolution.pack() } }

    /// Computes ``pooled`` and ``logits``.
    package func forward() {
        for stage in stages {
            stage.convolution.forward()
            Network.silu(stage.count, stage.raw, into: stage.active)
        }
        let (width, pixels) = (Self.widths[2], sides[3] * sides[3])
        let last = stages[2].active
        for image in 0..<images {
            for channel in 0..<width {
                var sum: Float = 0
                for pixel in 0..<pixels { sum += last[(image * pixels + pixel) * width + channel] }
                pooled[image * width + channel] = sum / Float(pixels)
            }
        }
        let (weights, bias) = (parameters + headOffset, parameters + headOffset + width * classes)
        for image in 0..<images {
            for label in 0..<classes {
                var sum = bias[label]
                for channel in 0..<width { sum += weights[label * width + channel] * pooled[image * width + channel] }
                logits[image * classes + label] = sum
            }
        }
    }

    /// Computes ``gradients`` from ``logitGradient``.
    package func backward() {
        let (width, pixels) = (Self.widths[2], sides[3] * sides[3])
        let weights = parameters + headOffset
        let (weightGradient, biasGradient) = (gradients + headOffset, gradients + headOffset + width * classes)
        weightGradient.update(repeating: 0, count: (width + 1) * classes)
        for image in 0..<images {
            let row = logitGradient + image * classes
            for label in 0..<classes {
                biasGradient[label] += row[label]
                for channel in 0..<width {
                    weightGradient[label * width + channel] += row[label] * pooled[image * width + channel]
                }
            }
            for channel in 0..<width {
                var sum: Float = 0
                for label in 0..<classes { sum += row[label] * weights[label * width + channel] }
                for pixel in 0..<pixels {
                    stages[2].activeGradient[(image * pixels + pixel) * width + channel] = sum / Float(pixels)
                }
            }
        }
        for stage in stages.reversed() {
            Network.siluBackward(stage.count, dy: stage.activeGradient, x: stage.raw, into: stage.rawGradient)
            stage.convolution.backwardWeights()
            stage.convolution.backwardData()
        }
    }
}
