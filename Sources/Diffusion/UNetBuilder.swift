internal import Errors
internal import Numerics

/// What the steps of one U-Net share while they are made and run.
final class UNetBuilder {
    let layout: Layout
    let images: Int
    let purpose: UNet.Purpose
    let context: NetworkContext
    /// All parameters.
    let parameters: Network.Floats
    /// Their gradients: the sums over a batch while training, else those of one layer for one image.
    let gradients: Network.Floats?
    /// Buffers as large as any block's input, for values (forward only) or gradients that live for one step.
    let scratch: [Network.Floats]
    /// SiLU of the time (and class) embedding, images × width, and the sum of its gradients.
    let embedding: Network.Floats
    let embeddingGradient: Network.Floats
    let embeddingWidth: Int
    /// Who receives the gradients of each image, layer by layer, as the way back computes them.
    var receiver: UNet.Receiver?

    /// Whether there is a way back.
    var learns: Bool { purpose != .sampling }

    init(_ layout: Layout, images: Int, purpose: UNet.Purpose, context: NetworkContext) {
        let (arena, side) = (context.arena, layout.architecture.side)
        (self.layout, self.images, self.purpose, self.context) = (layout, images, purpose, context)
        parameters = arena.floats(layout.count)
        gradients =
            switch purpose {
            case .sampling: nil
            case .training: arena.floats(layout.count)
            case .examples: arena.floats(layout.largestLayer)
            }
        var largest = side * side * layout.architecture.channels
        for (level, blocks) in (layout.down + layout.up.reversed()).enumerated() {
            let pixels = (side >> (level % layout.down.count)) * (side >> (level % layout.down.count))
            for block in blocks {
                // The last block's output is doubled in side before the next convolution on the way up.
                let widest = max(
                    layout.width(block.parts), layout.width([block.inner]), 4 * layout.width([block.output]))
                largest = max(largest, pixels * widest)
            }
        }
        let room = largest * images
        scratch = (0..<3).map { _ in arena.floats(room) }
        embeddingWidth = layout.width(["time.output"])
        embedding = arena.floats(images * embeddingWidth)
        embeddingGradient = arena.floats(images * embeddingWidth)
    }

    func tensor(side: Int, channels: Int) -> Tensor {
        let count = images * side * side * channels
        return Tensor(
            context.arena.floats(count), gradient: learns ? context.arena.floats(count) : nil, side: side,
            channels: channels)
    }

    /// Memory for a value that only its own step reads: kept for the way back while learning, shared otherwise.
    func working(_ slot: Int, _ count: Int) -> Network.Floats {
        learns ? context.arena.floats(images * count) : scratch[slot]
    }

    /// The parameters `NAME.weight` and `NAME.bias`, or the former alone.
    func layer(_ name: String) -> LayerParameters { LayerParameters(name, self) }

    /// A normalisation of `channels` channels, which are those of `layer` from `offset` on.
    func norm(_ layer: LayerParameters, offset: Int = 0, side: Int, channels: Int, silu: Bool) -> GroupNorm {
        GroupNorm(
            context, images: images, pixels: side * side, channels: channels, gamma: layer.weights + offset,
            beta: layer.bias + offset, silu: silu)
    }

    /// The convolution of `layer` on images of `side`²; `dy` and `dx` are used on the way back only.
    func convolution(
        _ layer: LayerParameters, side: Int, stride: Int = 1, x: Network.Floats, y: Network.Floats,
        adding addend: Network.Floats? = nil, dy: Network.Floats?, dx: Network.Floats?
    ) throws(LaurelError) -> Convolution {
        var buffers = Convolution.Buffers(x: x, y: y, addend: addend, weights: layer.weights, bias: layer.bias)
        if learns, let dy {
            buffers.gradients = Convolution.Gradients(
                dy: dy, dx: dx, weights: layer.target, bias: layer.target + layer.weightCount)
        }
        return try Convolution(
            context,
            Convolution.Shape(
                images: images, side: side, input: layer.shape[1], output: layer.shape[0], stride: stride), buffers)
    }
}

/// One layer's weights and bias, side by side in the layout, and where their gradients go.
final class LayerParameters {
    let weights: Network.Floats
    let bias: Network.Floats
    /// Extents of the weights.
    let shape: [Int]
    let weightCount: Int
    private let range: Range<Int>
    private unowned let builder: UNetBuilder

    init(_ name: String, _ builder: UNetBuilder) {
        let weight = builder.layout.parameter("\(name).weight")
        let bias = builder.layout.find("\(name).bias")
        precondition(bias.map { $0.offset == weight.offset + weight.count } ?? true, "a bias follows its weights")
        weights = builder.parameters + weight.offset
        self.bias = weights + weight.count
        (shape, weightCount, self.builder) = (weight.shape, weight.count, builder)
        range = weight.offset..<weight.offset + weight.count + (bias?.count ?? 0)
    }

    /// Address of the weights' gradient, that of the bias behind it.
    var target: Network.Floats {
        guard let gradients = builder.gradients else { preconditionFailure("a sampling network has no gradients") }
        return builder.purpose == .training ? gradients + range.lowerBound : gradients
    }

    /// The target of a normalisation that reads this layer from channel `offset` on.
    func normTarget(_ offset: Int = 0) -> (gamma: Network.Floats, beta: Network.Floats) {
        (gamma: target + offset, beta: target + weightCount + offset)
    }

    /// The gradient of a convolution's weights and bias.
    func gradient(of convolution: Convolution) {
        gradient { images in
            if builder.purpose == .training {
                convolution.backwardWeights()
            } else {
                convolution.backwardWeights(image: images.lowerBound, into: target)
            }
        }
    }

    /// The gradient of a linear layer that reads all of this layer's weights.
    func gradient(of linear: Linear, x: Network.Floats, dy: Network.Floats) {
        gradient { images in
            linear.gradient(
                images, of: builder.images, x: x, dy: dy, weights: target, bias: target + weightCount)
        }
    }

    /// The gradient that `compute` adds to the ``target`` when that was set to zero.
    func gradientFromZero(compute: (_ images: Range<Int>) -> Void) {
        gradient { images in
            target.update(repeating: 0, count: range.count)
            compute(images)
        }
    }

    /// The gradient that `compute` writes to the ``target``: of the batch, or of one image after another, each received
    /// while it is in the cache.
    func gradient(compute: (_ images: Range<Int>) -> Void) {
        guard builder.purpose == .examples else { return compute(0..<builder.images) }
        for image in 0..<builder.images {
            compute(image..<image + 1)
            builder.receiver?(range, image, UnsafePointer(target))
        }
    }
}
