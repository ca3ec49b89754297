internal import CKernels

/// A linear layer between many rows and few channels: `y = x·wᵀ + b`, which is what 1×1 convolutions are too.
///
/// Weights are output × input, `weightStride` apart, so that a layer can read a part of wider inputs. Channels come in
/// multiples of eight.
package struct Linear {
    private let context: NetworkContext
    private let rows: Int
    private let input: Int
    private let output: Int
    private let weightStride: Int
    private let pointwise: Bool

    /// A layer of one shape in the room of `context`; `weightStride` is `input` unless given. `pointwise` says that it is a
    /// 1×1 convolution, for who measures those.
    package init(
        _ context: NetworkContext, rows: Int, input: Int, output: Int, weightStride: Int? = nil, pointwise: Bool = false
    ) {
        precondition(input % Network.group == 0 && output % Network.group == 0, "channels in multiples of eight")
        (self.context, self.rows, self.input, self.output) = (context, rows, input, output)
        (self.weightStride, self.pointwise) = (weightStride ?? input, pointwise)
        context.reserve(laurel_linear_scratch(Int32(input), Int32(output)))
    }

    /// Computes `y`; with `adding` the result is added to what is there and the bias must be nil.
    package func forward(
        _ x: Network.Floats, weights: Network.Floats, bias: Network.Floats?, adding: Bool = false,
        into y: Network.Floats
    ) {
        precondition(!(adding && bias != nil), "a bias is added once")
        run {
            laurel_linear_forward(
                rows, Int32(input), Int32(output), x, weights, Int32(weightStride), bias, adding ? 1 : 0, y,
                context.scratch)
        }
    }

    /// Computes the gradient of the input, added to what is there with `adding`.
    package func backward(
        _ dy: Network.Floats, weights: Network.Floats, adding: Bool = false, into dx: Network.Floats
    ) {
        run {
            laurel_linear_backward(
                rows, Int32(input), Int32(output), dy, weights, Int32(weightStride), adding ? 1 : 0, dx,
                context.scratch)
        }
    }

    /// Computes the gradients of weights and bias that come from `some` of the batch's images, overwriting. All addresses
    /// are those of the batch, whose images have equally many rows.
    package func gradient(
        _ some: Range<Int>, of images: Int, x: Network.Floats, dy: Network.Floats, weights: Network.Floats,
        bias: Network.Floats?
    ) {
        precondition(rows % images == 0 && some.lowerBound >= 0 && some.upperBound <= images, "images of the batch")
        let (each, first) = (rows / images, some.lowerBound * (rows / images))
        run {
            laurel_linear_gradient(
                some.count * each, Int32(input), Int32(output), x + first * input, dy + first * output, weights,
                Int32(weightStride), bias)
        }
    }

    private func run(_ body: () -> Void) {
        if pointwise { context.convolve(body) } else { body() }
    }
}
