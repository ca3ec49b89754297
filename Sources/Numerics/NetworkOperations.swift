internal import CKernels
internal import COpenBLAS

/// The operations between convolutions, on raw memory: thin names over our own kernels and OpenBLAS's `sgemm`.
///
/// All shapes are the caller's promise; everything is dense and row-major unless a stride says otherwise.
package enum Network {
    /// Address of single-precision numbers that the callee may change.
    package typealias Floats = UnsafeMutablePointer<Float>

    /// Channels of one normalisation group, and of one vector register.
    package static let group = Int(LAUREL_GROUP)

    /// `c = scale·op(a)·op(b) + keep·c`, with op(a) rows × inner and op(b) inner × columns.
    package static func multiply(
        rows: Int, columns: Int, inner: Int, _ a: UnsafePointer<Float>, stride aStride: Int,
        transposed aTransposed: Bool = false, _ b: UnsafePointer<Float>, stride bStride: Int,
        secondTransposed bTransposed: Bool = false, into c: Floats, stride cStride: Int, scale: Float = 1,
        keep: Float = 0
    ) {
        cblas_sgemm(
            CblasRowMajor, aTransposed ? CblasTrans : CblasNoTrans, bTransposed ? CblasTrans : CblasNoTrans,
            blasint(rows), blasint(columns), blasint(inner), scale, a, blasint(aStride), b, blasint(bStride), keep, c,
            blasint(cStride))
    }

    /// `y = x·sigmoid(x)`; `count` is a multiple of eight.
    package static func silu(_ count: Int, _ x: Floats, into y: Floats) { laurel_silu_forward(count, x, y) }

    /// The gradient of ``silu(_:_:into:)``, overwriting `dx`, which may be `dy`.
    package static func siluBackward(_ count: Int, dy: Floats, x: Floats, into dx: Floats) {
        laurel_silu_backward(count, dy, x, dx, 0)
    }

    /// Softmax of each row in place; `columns` is a multiple of eight.
    package static func softmax(rows: Int, columns: Int, _ x: Floats) {
        laurel_softmax_forward(rows, Int32(columns), x)
    }

    /// Turns the gradient of a softmax's output `p` into that of its input, in place.
    package static func softmaxBackward(rows: Int, columns: Int, p: Floats, _ gradient: Floats) {
        laurel_softmax_backward(rows, Int32(columns), p, gradient)
    }

    /// `y += x`.
    package static func add(_ count: Int, _ x: Floats, to y: Floats) { laurel_add(count, x, y) }

    /// Adds the sum of all rows of `x` to `sum`.
    package static func sumRows(_ x: Floats, rows: Int, columns: Int, into sum: Floats) {
        laurel_sum_rows(rows, Int32(columns), x, sum)
    }

    /// Doubles the side of each image by repeating pixels.
    package static func upsample(images: Int, side: Int, channels: Int, _ x: Floats, into y: Floats) {
        laurel_upsample_forward(Int32(images), Int32(side), Int32(channels), x, y)
    }

    /// The gradient of ``upsample(images:side:channels:_:into:)``; `side` is that of the small image.
    package static func upsampleBackward(images: Int, side: Int, channels: Int, _ dy: Floats, into dx: Floats) {
        laurel_upsample_backward(Int32(images), Int32(side), Int32(channels), dy, dx)
    }

    /// The pixels of one image under each tap of a 3×3 convolution: a row for each output pixel, in it `channels` × 9.
    package static func unfold(side: Int, channels: Int, stride: Int, _ x: Floats, into columns: Floats) {
        laurel_unfold(Int32(side), Int32(channels), Int32(stride), x, columns)
    }

    /// Keeps the multiply-add units busy with numbers in registers, `rounds` times; returns the number of operations.
    /// What a benchmark calls the processor's peak.
    package static func burst(rounds: Int) -> Double { laurel_burst(rounds) }

    /// The sum of squares, accumulated in double precision in a fixed order.
    package static func sumOfSquares(_ count: Int, _ x: Floats) -> Double { laurel_sum_of_squares(count, x) }
}
