internal import CKernels

/// Convolutions by our own Winograd kernels; see `winograd.h` for the method and its rounding.
final class WinogradConvolution: ConvolutionMethod {
    private let context: NetworkContext
    private let shape: Convolution.Shape
    private let buffers: Convolution.Buffers
    private let packed: Network.Floats
    private let turned: Network.Floats?

    /// Whether the kernels can compute this shape.
    static func fits(_ shape: Convolution.Shape) -> Bool {
        shape.stride == 1 && [4, 8, 16, 32, 64].contains(shape.side) && shape.input % Network.group == 0
            && shape.output % Network.group == 0
    }

    init(_ context: NetworkContext, _ shape: Convolution.Shape, _ buffers: Convolution.Buffers) {
        precondition(WinogradConvolution.fits(shape), "a shape that the kernels can compute")
        (self.context, self.shape, self.buffers) = (context, shape, buffers)
        let count = laurel_conv3_packed(Int32(shape.input), Int32(shape.output))
        packed = context.arena.floats(count)
        turned = buffers.gradients?.dx == nil ? nil : context.arena.floats(count)
        context.reserve(laurel_conv3_scratch(Int32(shape.side), Int32(shape.input), Int32(shape.output)))
    }

    func pack() {
        laurel_conv3_pack(Int32(shape.input), Int32(shape.output), buffers.weights, 0, packed)
        if let turned { laurel_conv3_pack(Int32(shape.output), Int32(shape.input), buffers.weights, 1, turned) }
    }

    func forward() {
        laurel_conv3_forward(
            Int32(shape.images), Int32(shape.side), Int32(shape.input), Int32(shape.output), buffers.x, packed,
            buffers.bias, buffers.addend, buffers.y, context.scratch)
    }

    func backwardData(adding: Bool) {
        guard let turned, let gradients = buffers.gradients, let dx = gradients.dx else { return }
        laurel_conv3_forward(
            Int32(shape.images), Int32(shape.side), Int32(shape.output), Int32(shape.input), gradients.dy, turned, nil,
            adding ? dx : nil, dx, context.scratch)
    }

    func backwardWeights() {
        guard let gradients = buffers.gradients else { return }
        laurel_conv3_gradient(
            Int32(shape.images), Int32(shape.side), Int32(shape.input), Int32(shape.output), buffers.x, gradients.dy,
            gradients.weights, gradients.bias, 0, context.scratch)
    }

    func backwardWeights(image: Int, into row: Network.Floats) {
        guard let gradients = buffers.gradients else { return }
        let pixels = shape.side * shape.side
        laurel_conv3_gradient(
            1, Int32(shape.side), Int32(shape.input), Int32(shape.output), buffers.x + image * pixels * shape.input,
            gradients.dy + image * pixels * shape.output, row, row + shape.weights, shape.weights + shape.output,
            context.scratch)
    }
}
