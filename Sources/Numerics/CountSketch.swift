internal import CKernels

/// A count sketch (Charikar, Chen and Farach-Colton 2002), the sparse Johnson–Lindenstrauss transform with one entry a
/// column: every position is added to one bucket with a random sign.
///
/// Inner products are kept without bias because the signs are independent. Eight neighbouring positions go to eight
/// neighbouring buckets, so that a vector unit does them at once; they never collide with one another, and two positions
/// of different eights collide with the same mean probability as in the plain sketch. Costs one pass over the numbers.
package final class CountSketch: GradientProjection {
    package let dimension: Int
    package let rows: Network.Floats
    private let count: Int
    private let images: Int
    private let arena = Arena()
    /// For each eight positions: the block of buckets, and eight signs in the highest byte.
    private let codes: [UInt32]

    /// A sketch of vectors of `count` numbers into `dimension` buckets, a power of two from 8 to 2²⁴.
    package init(count: Int, dimension: Int, images: Int, seed: UInt64) {
        precondition(
            dimension >= 8 && dimension <= 1 << 24 && dimension.nonzeroBitCount == 1, "buckets in a power of two")
        (self.count, self.dimension, self.images) = (count, dimension, images)
        var stream = RandomStream(seed: seed, "gradient.sketch")
        let mask = UInt32(dimension / 8 - 1)
        codes = (0..<(count + 7) / 8).map { _ in
            let word = stream.next()
            return UInt32(truncatingIfNeeded: word) & mask | UInt32(truncatingIfNeeded: word >> 56) << 24
        }
        rows = arena.floats(dimension * images)
    }

    package func begin() { rows.update(repeating: 0, count: dimension * images) }

    package func receive(_ range: Range<Int>, of image: Int, _ values: UnsafePointer<Float>) {
        precondition(range.lowerBound % 8 == 0, "pieces begin at a multiple of eight")
        codes.withUnsafeBufferPointer { codes in
            guard let first = codes.baseAddress else { return }
            laurel_sketch(range.count, values, first + range.lowerBound / 8, rows + image * dimension)
        }
    }

    package func finish() {}

    /// The bucket of a position and the sign with which it is added.
    package func place(of position: Int) -> (bucket: Int, sign: Float) {
        let code = codes[position / 8]
        return (8 * Int(code & 0xFF_FFFF) + position % 8, code >> (24 + UInt32(position % 8)) & 1 == 1 ? -1 : 1)
    }
}
