internal import Errors
internal import Numerics

/// The first convolution, or one with stride 2 that halves the side.
final class ConvolutionStep: UNetStep {
    let output: Tensor
    private let input: Tensor.Reading?
    private let layer: LayerParameters
    private let convolution: Convolution

    /// From a tensor of the network.
    init(_ name: String, halving input: Tensor, _ builder: UNetBuilder) throws(LaurelError) {
        self.input = input.read()
        layer = builder.layer(name)
        output = builder.tensor(side: input.side / 2, channels: layer.shape[0])
        convolution = try builder.convolution(
            layer, side: input.side, stride: 2, x: input.value, y: output.value, dy: output.gradient,
            dx: input.gradient)
    }

    /// From the network's input, which needs no gradient.
    init(_ name: String, from images: Network.Floats, side: Int, _ builder: UNetBuilder) throws(LaurelError) {
        input = nil
        layer = builder.layer(name)
        output = builder.tensor(side: side, channels: layer.shape[0])
        convolution = try builder.convolution(
            layer, side: side, x: images, y: output.value, dy: output.gradient, dx: nil)
    }

    func pack() { convolution.pack() }

    func forward() { convolution.forward() }

    func backward() {
        layer.gradient(of: convolution)
        if let input { convolution.backwardData(adding: input.addsGradient) }
    }
}

/// Doubles the side by repeating pixels, then convolves.
final class UpsampleStep: UNetStep {
    let output: Tensor
    private let builder: UNetBuilder
    private let input: Tensor.Reading
    private let large: Network.Floats
    private let layer: LayerParameters
    private let convolution: Convolution

    init(_ name: String, _ input: Tensor, _ builder: UNetBuilder) throws(LaurelError) {
        self.builder = builder
        self.input = input.read()
        let side = 2 * input.side
        layer = builder.layer(name)
        output = builder.tensor(side: side, channels: layer.shape[0])
        large = builder.working(0, side * side * input.channels)
        convolution = try builder.convolution(
            layer, side: side, x: large, y: output.value, dy: output.gradient, dx: builder.scratch[1])
    }

    func pack() { convolution.pack() }

    func forward() {
        let tensor = input.tensor
        Network.upsample(
            images: builder.images, side: tensor.side, channels: tensor.channels, tensor.value, into: large)
        convolution.forward()
    }

    func backward() {
        // The path on the way up has one reader, so the gradient is written, never added to.
        precondition(!input.addsGradient, "an upsampled tensor has no other reader")
        layer.gradient(of: convolution)
        convolution.backwardData()
        let tensor = input.tensor
        Network.upsampleBackward(
            images: builder.images, side: tensor.side, channels: tensor.channels, builder.scratch[1],
            into: input.gradient)
    }
}

/// The last normalisation and convolution, which give the network's answer.
final class HeadStep: UNetStep {
    let result: Network.Floats
    /// Gradient of the answer, to be filled by the loss.
    let resultGradient: Network.Floats
    private let builder: UNetBuilder
    private let input: Tensor.Reading
    private let normalised: Network.Floats
    private let normLayer: LayerParameters
    private let layer: LayerParameters
    private let norm: GroupNorm
    private let convolution: Convolution

    init(_ input: Tensor, _ builder: UNetBuilder) throws(LaurelError) {
        self.builder = builder
        self.input = input.read()
        let (arena, pixels) = (builder.context.arena, input.side * input.side)
        let count = builder.images * pixels * builder.layout.architecture.channels
        result = arena.floats(count)
        resultGradient = arena.floats(builder.learns ? count : 0)
        normalised = builder.working(0, pixels * input.channels)
        normLayer = builder.layer("head.norm")
        layer = builder.layer("head")
        norm = builder.norm(normLayer, side: input.side, channels: input.channels, silu: true)
        convolution = try builder.convolution(
            layer, side: input.side, x: normalised, y: result, dy: resultGradient, dx: builder.scratch[1])
    }

    func pack() { convolution.pack() }

    func forward() {
        norm.forward(input.value, into: normalised, stride: input.tensor.channels)
        convolution.forward()
    }

    func backward() {
        layer.gradient(of: convolution)
        convolution.backwardData()
        normLayer.gradientFromZero { images in
            norm.backward(
                images, builder.scratch[1], y: normalised, stride: input.tensor.channels, x: input.value,
                target: normLayer.normTarget(), into: input.gradient, and: input.addsGradient ? input.gradient : nil)
        }
    }
}
