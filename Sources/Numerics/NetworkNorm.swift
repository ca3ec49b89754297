internal import CKernels

/// Group normalisation over each image's pixels and eight channels, followed by SiLU or by nothing; see `kernels.h`.
package struct GroupNorm {
    private let images: Int
    private let pixels: Int
    private let channels: Int
    private let gamma: Network.Floats
    private let beta: Network.Floats
    private let silu: Bool
    private let statistics: Network.Floats
    private let context: NetworkContext

    /// A normalisation of one shape with its parameters; the room for what the way back needs comes from `context`.
    package init(
        _ context: NetworkContext, images: Int, pixels: Int, channels: Int, gamma: Network.Floats, beta: Network.Floats,
        silu: Bool
    ) {
        precondition(channels % Network.group == 0 && pixels % 4 == 0, "whole groups, and pixels in fours")
        (self.context, self.images, self.pixels, self.channels) = (context, images, pixels, channels)
        (self.gamma, self.beta, self.silu) = (gamma, beta, silu)
        statistics = context.arena.floats(2 * images * channels / Network.group)
        context.reserve(2 * Network.group * pixels)
    }

    /// Normalises `x` into `y`, whose pixels are `stride` apart. With `shift`, one number an image and channel, `x`
    /// becomes `x + shift` first.
    package func forward(_ x: Network.Floats, shift: Network.Floats? = nil, into y: Network.Floats, stride: Int) {
        laurel_norm_forward(
            Int32(images), Int32(pixels), Int32(channels), x, shift, Int32(channels), gamma, beta, silu ? 1 : 0, y,
            Int32(stride), statistics)
    }

    /// The gradient of some images of the last forward pass: into their part of `dx`, with `first` and `second` added to it,
    /// and their sums added to `target`. `y` is that pass's result, whose pixels are `stride` apart as those of `dy` are;
    /// without SiLU it is not read. All addresses are those of the batch.
    package func backward(
        _ some: Range<Int>, _ dy: Network.Floats, y: Network.Floats, stride: Int, x: Network.Floats,
        target: (gamma: Network.Floats, beta: Network.Floats), into dx: Network.Floats,
        adding first: Network.Floats? = nil, and second: Network.Floats? = nil, shift: Network.Floats? = nil
    ) {
        precondition(some.lowerBound >= 0 && some.upperBound <= images, "images of the batch")
        laurel_norm_backward(
            Int32(some.lowerBound), Int32(some.upperBound), Int32(pixels), Int32(channels), dy, Int32(stride), x,
            statistics, gamma, beta, silu ? y : nil, Int32(stride), target.gamma, target.beta, dx, first, second, shift,
            Int32(channels), context.scratch)
    }
}
