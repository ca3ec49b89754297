internal import Errors
internal import Numerics

/// A residual block: `shortcut(x) + conv2(act(norm2(conv1(act(norm1(x))) + time)))`.
///
/// Its input may have two parts (the path and a skip connection). They are never joined: a normalisation group lies
/// inside one part, so each part is normalised straight into its place in the first convolution's input.
final class ResidualBlock: UNetStep {
    let output: Tensor
    private let builder: UNetBuilder
    private let parts: [Part]
    private let inputWidth: Int
    private let innerWidth: Int
    private let normalised: Network.Floats
    private let inner: Network.Floats
    private let activated: Network.Floats
    private let shift: Network.Floats
    private let shiftGradient: Network.Floats
    private let norm1: LayerParameters
    private let norm2: LayerParameters
    private let time: LayerParameters
    private let conv1: LayerParameters
    private let conv2: LayerParameters
    private let shortcut: LayerParameters?
    private let secondNorm: GroupNorm
    private let timing: Linear
    private let first: Convolution
    private let second: Convolution

    /// One tensor of the input: its normalisation and its share of the shortcut.
    private struct Part {
        let reading: Tensor.Reading
        /// Position of its first channel in the joined input.
        let offset: Int
        let norm: GroupNorm
        let projection: Linear
    }

    init(_ block: Layout.Block, _ inputs: [Tensor], _ builder: UNetBuilder) throws(LaurelError) {
        self.builder = builder
        let (layout, arena, images, side) = (builder.layout, builder.context.arena, builder.images, inputs[0].side)
        let pixels = side * side
        inputWidth = layout.width(block.parts)
        innerWidth = layout.width([block.inner])
        let outputWidth = layout.width([block.output])
        norm1 = builder.layer("\(block.name).norm1")
        norm2 = builder.layer("\(block.name).norm2")
        time = builder.layer("\(block.name).time")
        conv1 = builder.layer("\(block.name).conv1")
        conv2 = builder.layer("\(block.name).conv2")
        shortcut = block.projects ? builder.layer("\(block.name).shortcut") : nil
        output = builder.tensor(side: side, channels: outputWidth)
        normalised = builder.working(0, pixels * inputWidth)
        inner = builder.working(1, pixels * innerWidth)
        activated = builder.working(2, pixels * innerWidth)
        shift = arena.floats(images * innerWidth)
        shiftGradient = arena.floats(images * innerWidth)
        var (offset, parts) = (0, [Part]())
        for input in inputs {
            parts.append(
                Part(
                    reading: input.read(), offset: offset,
                    norm: builder.norm(norm1, offset: offset, side: side, channels: input.channels, silu: true),
                    projection: Linear(
                        builder.context, rows: images * pixels, input: input.channels, output: outputWidth,
                        weightStride: inputWidth, pointwise: true)))
            offset += input.channels
        }
        self.parts = parts
        secondNorm = builder.norm(norm2, side: side, channels: innerWidth, silu: true)
        timing = Linear(builder.context, rows: images, input: builder.embeddingWidth, output: innerWidth)
        first = try builder.convolution(
            conv1, side: side, x: normalised, y: inner, dy: builder.scratch[1], dx: builder.scratch[0])
        second = try builder.convolution(
            conv2, side: side, x: activated, y: output.value,
            adding: block.projects ? output.value : inputs[0].value, dy: output.gradient, dx: builder.scratch[2])
    }

    func pack() {
        first.pack()
        second.pack()
    }

    func forward() {
        for part in parts {
            part.norm.forward(part.reading.value, into: normalised + part.offset, stride: inputWidth)
        }
        first.forward()
        timing.forward(builder.embedding, weights: time.weights, bias: time.bias, into: shift)
        secondNorm.forward(inner, shift: shift, into: activated, stride: innerWidth)
        if let shortcut {
            for part in parts {
                part.projection.forward(
                    part.reading.value, weights: shortcut.weights + part.offset,
                    bias: part.offset == 0 ? shortcut.bias : nil, adding: part.offset > 0, into: output.value)
            }
        }
        second.forward()
    }

    func backward() {
        let scratch = builder.scratch
        conv2.gradient(of: second)
        second.backwardData()
        norm2.gradientFromZero { images in
            secondNorm.backward(
                images, scratch[2], y: activated, stride: innerWidth, x: inner, target: norm2.normTarget(),
                into: scratch[1], shift: shiftGradient)
        }
        backwardTime()
        conv1.gradient(of: first)
        first.backwardData()
        if let shortcut { backwardShortcut(shortcut) }
        norm1.gradientFromZero { images in
            for part in parts { backwardNorm(part, images) }
        }
    }

    private func backwardNorm(_ part: Part, _ images: Range<Int>) {
        // With a projection the part's gradient already holds what comes through the shortcut.
        let through = shortcut == nil ? output.gradient : part.reading.gradient
        let kept = shortcut == nil && part.reading.addsGradient ? part.reading.gradient : nil
        part.norm.backward(
            images, builder.scratch[0] + part.offset, y: normalised + part.offset, stride: inputWidth,
            x: part.reading.value, target: norm1.normTarget(part.offset), into: part.reading.gradient, adding: through,
            and: kept)
    }

    private func backwardTime() {
        time.gradient(of: timing, x: builder.embedding, dy: shiftGradient)
        timing.backward(shiftGradient, weights: time.weights, adding: true, into: builder.embeddingGradient)
    }

    private func backwardShortcut(_ shortcut: LayerParameters) {
        guard let above = output.gradient else { return }
        let bias = shortcut.target + shortcut.weightCount
        shortcut.gradient { images in
            for part in parts {
                part.projection.gradient(
                    images, of: builder.images, x: part.reading.value, dy: above,
                    weights: shortcut.target + part.offset, bias: part.offset == 0 ? bias : nil)
            }
        }
        for part in parts {
            part.projection.backward(
                above, weights: shortcut.weights + part.offset, adding: part.reading.addsGradient,
                into: part.reading.gradient)
        }
    }
}
