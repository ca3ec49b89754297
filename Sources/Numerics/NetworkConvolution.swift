package import Errors

/// A 3×3 convolution with bias, stride 1 or 2, padding 1, NHWC.
///
/// Stride 1 between channels in multiples of eight runs on our own Winograd kernels (``WinogradConvolution``), which need
/// a quarter of the multiplications; an image's one or three channels on either side and stride 2 run on our own direct
/// kernels (``DirectConvolution``), and what is left on oneDNN (``LibraryConvolution``). Weights stay in the order output,
/// input, row, column of the common checkpoint formats; what a method reads instead is packed from them by ``pack()``
/// whenever the parameters have changed.
package final class Convolution {
    /// What a convolution computes: its extents.
    package struct Shape: Hashable, Sendable {
        /// Images in a batch.
        package var images: Int
        /// Rows and columns of the input.
        package var side: Int
        /// Input channels.
        package var input: Int
        /// Output channels.
        package var output: Int
        /// 1, or 2 on an even side.
        package var stride: Int

        package init(images: Int, side: Int, input: Int, output: Int, stride: Int = 1) {
            precondition(stride == 1 || (stride == 2 && side % 2 == 0), "stride 1, or 2 on an even side")
            (self.images, self.side, self.input, self.output, self.stride) = (images, side, input, output, stride)
        }

        /// Rows and columns of the output.
        package var outSide: Int { side / stride }
        /// Number of weights.
        package var weights: Int { 9 * input * output }
        /// Multiplications and additions of one pass when done directly.
        package var operations: Double { 2 * 9 * Double(images * outSide * outSide * input * output) }
    }

    /// Where a convolution reads and writes; all addresses are bound for good when it is made.
    package struct Buffers {
        /// Input, images × side² × input channels.
        package var x: Network.Floats
        /// Output, images × (side/stride)² × output channels.
        package var y: Network.Floats
        /// Added to the output when given; as large as it, and may be it.
        package var addend: Network.Floats?
        /// Parameters: weights, output × input × 3 × 3.
        package var weights: Network.Floats
        /// Parameters: one bias per output channel.
        package var bias: Network.Floats
        /// Gradients of the same four; nil where no gradient is wanted.
        package var gradients: Gradients?

        package init(
            x: Network.Floats, y: Network.Floats, addend: Network.Floats? = nil, weights: Network.Floats,
            bias: Network.Floats, gradients: Gradients? = nil
        ) {
            (self.x, self.y, self.addend) = (x, y, addend)
            (self.weights, self.bias, self.gradients) = (weights, bias, gradients)
        }
    }

    /// Where the backward pass reads (dy) and writes (the others, overwriting).
    package struct Gradients {
        /// Gradient of the output.
        package var dy: Network.Floats
        /// Gradient of the input; nil for the first layer of a network.
        package var dx: Network.Floats?
        /// Gradient of the weights.
        package var weights: Network.Floats
        /// Gradient of the bias.
        package var bias: Network.Floats

        package init(dy: Network.Floats, dx: Network.Floats?, weights: Network.Floats, bias: Network.Floats) {
            (self.dy, self.dx, self.weights, self.bias) = (dy, dx, weights, bias)
        }
    }

    /// Who computes.
    package enum Method: Sendable {
        /// Our own kernels; see ``WinogradConvolution/fits(_:)``.
        case winograd
        /// Our own kernels for few channels and for stride 2; see ``DirectConvolution/fits(_:data:)``.
        case direct
        /// oneDNN.
        case library
    }

    /// What is computed.
    package let shape: Shape
    private let context: NetworkContext
    private let method: any ConvolutionMethod

    /// Makes the room and the primitives of one shape; `method` is the fastest that fits unless one is named.
    package init(
        _ context: NetworkContext, _ shape: Shape, _ buffers: Buffers, method: Method? = nil
    ) throws(LaurelError) {
        (self.context, self.shape) = (context, shape)
        let fastest: Method =
            WinogradConvolution.fits(shape)
            ? .winograd : DirectConvolution.fits(shape, data: buffers.gradients?.dx != nil) ? .direct : .library
        switch method ?? fastest {
        case .winograd: self.method = WinogradConvolution(context, shape, buffers)
        case .direct: self.method = DirectConvolution(context, shape, buffers)
        case .library: self.method = try LibraryConvolution(context, shape, buffers)
        }
    }

    /// Brings the parameters into the method's order; after every change of the parameters, before the next pass.
    package func pack() { context.convolve { method.pack() } }

    /// Computes the output.
    package func forward() { context.convolve { method.forward() } }

    /// Computes the gradient of the input; `adding` adds it to what is there, which needs one of our own methods.
    package func backwardData(adding: Bool = false) { context.convolve { method.backwardData(adding: adding) } }

    /// Computes the gradients of weights and bias, summed over the images.
    package func backwardWeights() { context.convolve { method.backwardWeights() } }

    /// Computes the gradients of one image by itself: weights, then bias, `weights + output` numbers at `row`.
    package func backwardWeights(image: Int, into row: Network.Floats) {
        context.convolve { method.backwardWeights(image: image, into: row) }
    }
}

/// A way to compute convolutions of one shape; the members are those of ``Convolution``.
protocol ConvolutionMethod: AnyObject {
    func pack()
    func forward()
    func backwardData(adding: Bool)
    func backwardWeights()
    func backwardWeights(image: Int, into row: Network.Floats)
}
