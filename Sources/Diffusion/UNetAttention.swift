internal import Errors
internal import Numerics

/// Self-attention with one head over the pixels of the lowest resolution: `x + W·softmax(q·kᵀ/√d)·v + b`.
final class AttentionStep: UNetStep {
    let output: Tensor
    private let builder: UNetBuilder
    private let name: String
    private let input: Tensor.Reading
    private let pixels: Int
    private let channels: Int
    private let keyWidth: Int
    private let valueWidth: Int
    private let scale: Float
    private let normalised: Network.Floats
    private let projected: Network.Floats
    private let projectedGradient: Network.Floats
    private let shares: Network.Floats
    private let sharesGradient: Network.Floats
    private let mixed: Network.Floats
    private let statistics: Network.Floats

    private var projectedWidth: Int { 2 * keyWidth + valueWidth }

    init(_ name: String, _ input: Tensor, _ builder: UNetBuilder) {
        (self.name, self.builder) = (name, builder)
        self.input = input.read()
        (pixels, channels) = (input.side * input.side, input.channels)
        keyWidth = builder.layout.width(["\(name).key"])
        valueWidth = builder.layout.width(["\(name).value"])
        scale = 1 / Float(builder.layout.nominalKeyWidth).squareRoot()
        output = builder.tensor(side: input.side, channels: channels)
        let (arena, images) = (builder.context.arena, builder.images)
        normalised = arena.floats(images * pixels * channels)
        projected = arena.floats(images * pixels * (2 * keyWidth + valueWidth))
        projectedGradient = arena.floats(builder.training ? images * pixels * (2 * keyWidth + valueWidth) : 0)
        shares = arena.floats(images * pixels * pixels)
        sharesGradient = arena.floats(builder.training ? pixels * pixels : 0)
        mixed = arena.floats(images * pixels * valueWidth)
        statistics = arena.floats(2 * images * channels / Network.group)
    }

    func pack() {}

    func forward() {
        let (images, rows) = (builder.images, builder.images * pixels)
        Network.normForward(
            images: images, pixels: pixels, channels: channels, input.value,
            gamma: builder.address("\(name).norm.weight"), beta: builder.address("\(name).norm.bias"), silu: false,
            into: normalised, stride: channels, statistics: statistics)
        Network.multiply(
            rows: rows, columns: projectedWidth, inner: channels, normalised, stride: channels,
            builder.address("\(name).qkv.weight"), stride: channels, secondTransposed: true, into: projected,
            stride: projectedWidth)
        Network.addRow(builder.address("\(name).qkv.bias"), rows: rows, columns: projectedWidth, to: projected)
        for image in 0..<images {
            let q = projected + image * pixels * projectedWidth
            let share = shares + image * pixels * pixels
            Network.multiply(
                rows: pixels, columns: pixels, inner: keyWidth, q, stride: projectedWidth, q + keyWidth,
                stride: projectedWidth, secondTransposed: true, into: share, stride: pixels, scale: scale)
            Network.softmax(rows: pixels, columns: pixels, share)
            Network.multiply(
                rows: pixels, columns: valueWidth, inner: pixels, share, stride: pixels, q + 2 * keyWidth,
                stride: projectedWidth, into: mixed + image * pixels * valueWidth, stride: valueWidth)
        }
        output.value.update(from: input.value, count: rows * channels)
        Network.multiply(
            rows: rows, columns: channels, inner: valueWidth, mixed, stride: valueWidth,
            builder.address("\(name).output.weight"), stride: valueWidth, secondTransposed: true, into: output.value,
            stride: channels, keep: 1)
        Network.addRow(builder.address("\(name).output.bias"), rows: rows, columns: channels, to: output.value)
    }

    func backward() {
        guard let above = output.gradient else { return }
        let (images, rows) = (builder.images, builder.images * pixels)
        let mixedGradient = builder.scratch[0]
        Network.multiply(
            rows: channels, columns: valueWidth, inner: rows, above, stride: channels, transposed: true, mixed,
            stride: valueWidth, into: builder.gradient("\(name).output.weight"), stride: valueWidth)
        Network.sumRows(above, rows: rows, columns: channels, into: builder.gradient("\(name).output.bias"))
        Network.multiply(
            rows: rows, columns: valueWidth, inner: channels, above, stride: channels,
            builder.address("\(name).output.weight"), stride: valueWidth, into: mixedGradient, stride: valueWidth)
        for image in 0..<images { backward(image: image, mixedGradient + image * pixels * valueWidth) }
        Network.multiply(
            rows: projectedWidth, columns: channels, inner: rows, projectedGradient, stride: projectedWidth,
            transposed: true, normalised, stride: channels, into: builder.gradient("\(name).qkv.weight"),
            stride: channels)
        Network.sumRows(
            projectedGradient, rows: rows, columns: projectedWidth, into: builder.gradient("\(name).qkv.bias"))
        Network.multiply(
            rows: rows, columns: channels, inner: projectedWidth, projectedGradient, stride: projectedWidth,
            builder.address("\(name).qkv.weight"), stride: channels, into: builder.scratch[1], stride: channels)
        Network.normBackward(
            images: images, pixels: pixels, channels: channels, dy: builder.scratch[1], stride: channels,
            x: input.value, statistics: statistics, gamma: builder.address("\(name).norm.weight"),
            beta: builder.address("\(name).norm.bias"), silu: false, dgamma: builder.gradient("\(name).norm.weight"),
            dbeta: builder.gradient("\(name).norm.bias"), dx: input.gradient, adding: above,
            and: input.addsGradient ? input.gradient : nil, scratch: builder.groupScratch)
    }

    /// From the gradient of one image's mixed values to those of its queries, keys and values.
    private func backward(image: Int, _ mixedGradient: Network.Floats) {
        let q = projected + image * pixels * projectedWidth
        let dq = projectedGradient + image * pixels * projectedWidth
        let share = shares + image * pixels * pixels
        Network.multiply(
            rows: pixels, columns: pixels, inner: valueWidth, mixedGradient, stride: valueWidth, q + 2 * keyWidth,
            stride: projectedWidth, secondTransposed: true, into: sharesGradient, stride: pixels)
        Network.multiply(
            rows: pixels, columns: valueWidth, inner: pixels, share, stride: pixels, transposed: true, mixedGradient,
            stride: valueWidth, into: dq + 2 * keyWidth, stride: projectedWidth)
        Network.softmaxBackward(rows: pixels, columns: pixels, p: share, sharesGradient)
        Network.multiply(
            rows: pixels, columns: keyWidth, inner: pixels, sharesGradient, stride: pixels, q + keyWidth,
            stride: projectedWidth, into: dq, stride: projectedWidth, scale: scale)
        Network.multiply(
            rows: pixels, columns: keyWidth, inner: pixels, sharesGradient, stride: pixels, transposed: true, q,
            stride: projectedWidth, into: dq + keyWidth, stride: projectedWidth, scale: scale)
    }
}
