internal import Errors
internal import Numerics

/// A residual block: `shortcut(x) + conv2(act(norm2(conv1(act(norm1(x))) + time)))`.
///
/// Its input may have two parts (the path and a skip connection). They are never joined: a normalisation group lies
/// inside one part, so each part is normalised straight into its place in the first convolution's input.
final class ResidualBlock: UNetStep {
    let output: Tensor
    private let builder: UNetBuilder
    private let name: String
    private let parts: [Tensor.Reading]
    private let inputWidth: Int
    private let innerWidth: Int
    private let outputWidth: Int
    private let projects: Bool
    private let pixels: Int
    private let normalised: Network.Floats
    private let inner: Network.Floats
    private let activated: Network.Floats
    private let shift: Network.Floats
    private let shiftGradient: Network.Floats
    private let statistics1: [Network.Floats]
    private let statistics2: Network.Floats
    private let first: Convolution
    private let second: Convolution

    init(_ block: Layout.Block, _ inputs: [Tensor], _ builder: UNetBuilder) throws(LaurelError) {
        self.builder = builder
        name = block.name
        parts = inputs.map { $0.read() }
        let side = inputs[0].side
        pixels = side * side
        inputWidth = builder.layout.width(block.parts)
        innerWidth = builder.layout.width([block.inner])
        outputWidth = builder.layout.width([block.output])
        projects = block.projects
        output = builder.tensor(side: side, channels: outputWidth)
        normalised = builder.working(0, pixels * inputWidth)
        inner = builder.working(1, pixels * innerWidth)
        activated = builder.working(2, pixels * innerWidth)
        let arena = builder.context.arena
        shift = arena.floats(builder.images * innerWidth)
        shiftGradient = arena.floats(builder.images * innerWidth)
        statistics1 = inputs.map { arena.floats(2 * builder.images * $0.channels / Network.group) }
        statistics2 = arena.floats(2 * builder.images * innerWidth / Network.group)
        first = try builder.convolution(
            "\(name).conv1", side: side, x: normalised, y: inner, dy: builder.scratch[1], dx: builder.scratch[0])
        second = try builder.convolution(
            "\(name).conv2", side: side, adding: true, x: activated, y: output.value, dy: output.gradient,
            dx: builder.scratch[2])
    }

    func pack() {
        first.pack()
        second.pack()
    }

    func forward() {
        let images = builder.images
        var offset = 0
        for (part, statistics) in zip(parts, statistics1) {
            Network.normForward(
                images: images, pixels: pixels, channels: part.tensor.channels, part.value,
                gamma: builder.address("\(name).norm1.weight") + offset,
                beta: builder.address("\(name).norm1.bias") + offset, silu: true, into: normalised + offset,
                stride: inputWidth, statistics: statistics)
            offset += part.tensor.channels
        }
        first.forward()
        Network.multiply(
            rows: images, columns: innerWidth, inner: builder.embeddingWidth, builder.embedding,
            stride: builder.embeddingWidth, builder.address("\(name).time.weight"), stride: builder.embeddingWidth,
            secondTransposed: true, into: shift, stride: innerWidth)
        Network.addRow(builder.address("\(name).time.bias"), rows: images, columns: innerWidth, to: shift)
        Network.normForward(
            images: images, pixels: pixels, channels: innerWidth, inner, shift: shift,
            gamma: builder.address("\(name).norm2.weight"), beta: builder.address("\(name).norm2.bias"), silu: true,
            into: activated, stride: innerWidth, statistics: statistics2)
        if projects {
            project()
        } else {
            output.value.update(from: parts[0].value, count: images * pixels * outputWidth)
        }
        second.forward()
    }

    private func project() {
        let rows = builder.images * pixels
        var offset = 0
        for part in parts {
            let width = part.tensor.channels
            Network.multiply(
                rows: rows, columns: outputWidth, inner: width, part.value, stride: width,
                builder.address("\(name).shortcut.weight") + offset, stride: inputWidth, secondTransposed: true,
                into: output.value, stride: outputWidth, keep: offset == 0 ? 0 : 1)
            offset += width
        }
        Network.addRow(builder.address("\(name).shortcut.bias"), rows: rows, columns: outputWidth, to: output.value)
    }

    func backward() {
        let images = builder.images
        let scratch = builder.scratch
        second.backwardWeights()
        second.backwardData()
        Network.normBackward(
            images: images, pixels: pixels, channels: innerWidth, dy: scratch[2], stride: innerWidth, x: inner,
            statistics: statistics2, gamma: builder.address("\(name).norm2.weight"),
            beta: builder.address("\(name).norm2.bias"), silu: true, dgamma: builder.gradient("\(name).norm2.weight"),
            dbeta: builder.gradient("\(name).norm2.bias"), dx: scratch[1], dshift: shiftGradient,
            scratch: builder.groupScratch)
        backwardShift()
        first.backwardWeights()
        first.backwardData()
        if projects { backwardProjection() }
        var offset = 0
        for (part, statistics) in zip(parts, statistics1) {
            // With a projection the part's gradient already holds what comes through the shortcut.
            let through = projects ? part.gradient : output.gradient
            let kept = !projects && part.addsGradient ? part.gradient : nil
            Network.normBackward(
                images: images, pixels: pixels, channels: part.tensor.channels, dy: scratch[0] + offset,
                stride: inputWidth, x: part.value, statistics: statistics,
                gamma: builder.address("\(name).norm1.weight") + offset,
                beta: builder.address("\(name).norm1.bias") + offset, silu: true,
                dgamma: builder.gradient("\(name).norm1.weight") + offset,
                dbeta: builder.gradient("\(name).norm1.bias") + offset, dx: part.gradient, adding: through, and: kept,
                scratch: builder.groupScratch)
            offset += part.tensor.channels
        }
    }

    private func backwardShift() {
        let (images, width) = (builder.images, builder.embeddingWidth)
        Network.multiply(
            rows: innerWidth, columns: width, inner: images, shiftGradient, stride: innerWidth, transposed: true,
            builder.embedding, stride: width, into: builder.gradient("\(name).time.weight"), stride: width)
        Network.sumRows(
            shiftGradient, rows: images, columns: innerWidth, into: builder.gradient("\(name).time.bias"))
        Network.multiply(
            rows: images, columns: width, inner: innerWidth, shiftGradient, stride: innerWidth,
            builder.address("\(name).time.weight"), stride: width, into: builder.embeddingGradient, stride: width,
            keep: 1)
    }

    private func backwardProjection() {
        guard let above = output.gradient else { return }
        let rows = builder.images * pixels
        var offset = 0
        for part in parts {
            let width = part.tensor.channels
            Network.multiply(
                rows: outputWidth, columns: width, inner: rows, above, stride: outputWidth, transposed: true,
                part.value, stride: width, into: builder.gradient("\(name).shortcut.weight") + offset,
                stride: inputWidth)
            Network.multiply(
                rows: rows, columns: width, inner: outputWidth, above, stride: outputWidth,
                builder.address("\(name).shortcut.weight") + offset, stride: inputWidth, into: part.gradient,
                stride: width, keep: part.addsGradient ? 1 : 0)
            offset += width
        }
        Network.sumRows(above, rows: rows, columns: outputWidth, into: builder.gradient("\(name).shortcut.bias"))
    }
}
