internal import Errors
internal import Numerics

/// What the steps of one U-Net share while they are made and run.
final class UNetBuilder {
    let layout: Layout
    let images: Int
    let training: Bool
    let context: NetworkContext
    /// All parameters, and their gradients while training.
    let parameters: Network.Floats
    let gradients: Network.Floats?
    /// Two buffers as large as any block's input, for values (forward only) or gradients that live for one step.
    let scratch: [Network.Floats]
    /// SiLU of the time (and class) embedding, images × width, and the sum of its gradients.
    let embedding: Network.Floats
    let embeddingGradient: Network.Floats
    let embeddingWidth: Int
    /// Room for one group of one image.
    let groupScratch: Network.Floats

    init(_ layout: Layout, images: Int, training: Bool, context: NetworkContext) {
        let (arena, side) = (context.arena, layout.architecture.side)
        (self.layout, self.images, self.training, self.context) = (layout, images, training, context)
        parameters = arena.floats(layout.count)
        gradients = training ? arena.floats(layout.count) : nil
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
        groupScratch = arena.floats(Network.group * side * side)
    }

    func tensor(side: Int, channels: Int) -> Tensor {
        let count = images * side * side * channels
        return Tensor(
            context.arena.floats(count), gradient: training ? context.arena.floats(count) : nil, side: side,
            channels: channels)
    }

    /// Memory for a value that only its own step reads: kept for the way back while training, shared otherwise.
    func working(_ slot: Int, _ count: Int) -> Network.Floats {
        training ? context.arena.floats(images * count) : scratch[slot]
    }

    func address(_ name: String) -> Network.Floats { parameters + layout.parameter(name).offset }

    func gradient(_ name: String) -> Network.Floats {
        guard let gradients else { preconditionFailure("this network was made without gradients") }
        return gradients + layout.parameter(name).offset
    }

    /// A convolution of the layout; `dy` and `dx` are used while training only.
    func convolution(
        _ name: String, side: Int, stride: Int = 1, adding: Bool = false, x: Network.Floats, y: Network.Floats,
        dy: Network.Floats?, dx: Network.Floats?
    ) throws(LaurelError) -> Convolution {
        let shape = layout.parameter("\(name).weight").shape
        var buffers = Convolution.Buffers(x: x, y: y, weights: address("\(name).weight"), bias: address("\(name).bias"))
        if training, let dy {
            buffers.gradients = Convolution.Gradients(
                dy: dy, dx: dx, weights: gradient("\(name).weight"), bias: gradient("\(name).bias"))
        }
        return try Convolution(
            context, images: images, side: side, input: shape[1], output: shape[0], stride: stride, adding: adding,
            buffers)
    }
}
