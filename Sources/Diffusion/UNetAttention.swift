internal import Errors
internal import Numerics

/// Self-attention with one head over the pixels of the lowest resolution: `x + W·softmax(q·kᵀ/√d)·v + b`.
final class AttentionStep: UNetStep {
    let output: Tensor
    private let builder: UNetBuilder
    private let input: Tensor.Reading
    private let pixels: Int
    private let channels: Int
    private let keyWidth: Int
    private let valueWidth: Int
    private let scale: Float
    private let normLayer: LayerParameters
    private let qkv: LayerParameters
    private let mixing: LayerParameters
    private let norm: GroupNorm
    private let projection: Linear
    private let mixture: Linear
    private let normalised: Network.Floats
    private let projected: Network.Floats
    private let projectedGradient: Network.Floats
    private let shares: Network.Floats
    private let sharesGradient: Network.Floats
    private let mixed: Network.Floats

    private var projectedWidth: Int { 2 * keyWidth + valueWidth }

    init(_ name: String, _ input: Tensor, _ builder: UNetBuilder) {
        self.builder = builder
        self.input = input.read()
        (pixels, channels) = (input.side * input.side, input.channels)
        keyWidth = builder.layout.width(["\(name).key"])
        valueWidth = builder.layout.width(["\(name).value"])
        scale = 1 / Float(builder.layout.nominalKeyWidth).squareRoot()
        output = builder.tensor(side: input.side, channels: channels)
        let (arena, images, learns) = (builder.context.arena, builder.images, builder.learns)
        let width = 2 * keyWidth + valueWidth
        normLayer = builder.layer("\(name).norm")
        qkv = builder.layer("\(name).qkv")
        mixing = builder.layer("\(name).output")
        norm = builder.norm(normLayer, side: input.side, channels: channels, silu: false)
        projection = Linear(builder.context, rows: images * pixels, input: channels, output: width, pointwise: true)
        mixture = Linear(builder.context, rows: images * pixels, input: valueWidth, output: channels, pointwise: true)
        normalised = arena.floats(images * pixels * channels)
        projected = arena.floats(images * pixels * width)
        projectedGradient = arena.floats(learns ? images * pixels * width : 0)
        shares = arena.floats(images * pixels * pixels)
        sharesGradient = arena.floats(learns ? pixels * pixels : 0)
        mixed = arena.floats(images * pixels * valueWidth)
    }

    func pack() {}

    func forward() {
        norm.forward(input.value, into: normalised, stride: channels)
        projection.forward(normalised, weights: qkv.weights, bias: qkv.bias, into: projected)
        for image in 0..<builder.images {
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
        mixture.forward(mixed, weights: mixing.weights, bias: mixing.bias, into: output.value)
        Network.add(builder.images * pixels * channels, input.value, to: output.value)
    }

    func backward() {
        guard let above = output.gradient else { return }
        mixing.gradient(of: mixture, x: mixed, dy: above)
        let mixedGradient = builder.scratch[0]
        mixture.backward(above, weights: mixing.weights, into: mixedGradient)
        for image in 0..<builder.images { backward(image: image, mixedGradient + image * pixels * valueWidth) }
        qkv.gradient(of: projection, x: normalised, dy: projectedGradient)
        projection.backward(projectedGradient, weights: qkv.weights, into: builder.scratch[1])
        normLayer.gradientFromZero { images in
            norm.backward(
                images, builder.scratch[1], y: normalised, stride: channels, x: input.value,
                target: normLayer.normTarget(), into: input.gradient, adding: above,
                and: input.addsGradient ? input.gradient : nil)
        }
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
