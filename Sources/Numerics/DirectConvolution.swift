internal import CKernels

/// Convolutions by our own direct kernels, where an image's one or three channels come in or go out and where the side is
/// halved; see `direct.h` for the method.
final class DirectConvolution: ConvolutionMethod {
    private let context: NetworkContext
    private let shape: Convolution.Shape
    private let buffers: Convolution.Buffers
    private let packed: Network.Floats
    private let turned: Network.Floats?

    /// Whether the kernels can compute this shape, with the gradient of the input if `data`.
    static func fits(_ shape: Convolution.Shape, data: Bool) -> Bool {
        let eights = (input: shape.input % Network.group == 0, output: shape.output % Network.group == 0)
        func narrow(_ channels: Int) -> Bool { (channels == 1 || channels == 3) && shape.side % Network.group == 0 }
        if shape.stride == 2 { return eights.input && eights.output }
        if eights.output { return data ? narrow(shape.input) : shape.input < Network.group }
        return eights.input && narrow(shape.output)
    }

    init(_ context: NetworkContext, _ shape: Convolution.Shape, _ buffers: Convolution.Buffers) {
        let data = buffers.gradients?.dx != nil
        precondition(DirectConvolution.fits(shape, data: data), "a shape that the kernels can compute")
        precondition(buffers.addend == nil, "only the kernels for stride 1 and many channels add to what is there")
        (self.context, self.shape, self.buffers) = (context, shape, buffers)
        let count = laurel_direct_packed(Int32(shape.input), Int32(shape.output))
        packed = context.arena.floats(count)
        turned = data ? context.arena.floats(count) : nil
        context.reserve(laurel_direct_scratch(Int32(shape.side), Int32(shape.input), Int32(shape.output)))
    }

    /// Whether the output has an image's channels.
    private var ends: Bool { shape.output % Network.group != 0 }

    func pack() {
        let (input, output) = (Int32(shape.input), Int32(shape.output))
        if ends {
            laurel_narrow_pack(input, output, buffers.weights, 0, packed)
            if let turned { laurel_direct_pack(output, input, buffers.weights, 1, turned) }
        } else {
            laurel_direct_pack(input, output, buffers.weights, 0, packed)
            guard let turned else { return }
            if shape.stride == 2 {
                laurel_halved_pack(input, output, buffers.weights, turned)
            } else {
                laurel_narrow_pack(output, input, buffers.weights, 1, turned)
            }
        }
    }

    func forward() {
        let (images, side) = (Int32(shape.images), Int32(shape.side))
        if ends {
            laurel_narrow_forward(
                images, side, Int32(shape.input), Int32(shape.output), buffers.x, packed, buffers.bias, buffers.y,
                context.scratch)
        } else {
            laurel_direct_forward(
                images, side, Int32(shape.stride), Int32(shape.input), Int32(shape.output), buffers.x, packed,
                buffers.bias, buffers.y, context.scratch)
        }
    }

    func backwardData(adding: Bool) {
        guard let turned, let gradients = buffers.gradients, let dx = gradients.dx else { return }
        let (images, side) = (Int32(shape.images), Int32(shape.side))
        let (input, output) = (Int32(shape.input), Int32(shape.output))
        precondition(!adding || shape.stride == 2, "only a halving convolution adds to what is there")
        if shape.stride == 2 {
            laurel_halved_data(
                images, side, input, output, gradients.dy, turned, adding ? 1 : 0, dx, context.scratch)
        } else if ends {
            laurel_direct_forward(images, side, 1, output, input, gradients.dy, turned, nil, dx, context.scratch)
        } else {
            laurel_narrow_forward(images, side, output, input, gradients.dy, turned, nil, dx, context.scratch)
        }
    }

    func backwardWeights() {
        guard let gradients = buffers.gradients else { return }
        gradient(first: 0, images: shape.images, into: gradients.weights, bias: gradients.bias)
    }

    func backwardWeights(image: Int, into row: Network.Floats) {
        gradient(first: image, images: 1, into: row, bias: row + shape.weights)
    }

    private func gradient(first: Int, images: Int, into weights: Network.Floats, bias: Network.Floats) {
        guard let gradients = buffers.gradients else { return }
        let pixels = shape.outSide * shape.outSide
        let x = buffers.x + first * shape.side * shape.side * shape.input
        let dy = gradients.dy + first * pixels * shape.output
        let (input, output) = (Int32(shape.input), Int32(shape.output))
        if ends {
            laurel_direct_gradient(
                Int32(images), Int32(shape.side), 1, output, input, dy, x, 1, weights, bias,
                context.scratch)
        } else {
            laurel_direct_gradient(
                Int32(images), Int32(shape.side), Int32(shape.stride), input, output, x, dy, 0, weights, bias,
                context.scratch)
        }
    }
}
