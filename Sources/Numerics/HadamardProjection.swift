internal import CKernels
import Glibc

/// A randomised Hadamard transform in blocks: numbers are taken in blocks of ``dimension``, each is multiplied by its own
/// random sign, every block is transformed by the orthonormal Walsh–Hadamard matrix, and the blocks are added.
///
/// Within a block inner products are kept exactly; between blocks the signs make the error zero in the mean. Unlike a
/// sketch every result depends on every number. The transform is linear, so the signed blocks are added first and their
/// sum is transformed once: one pass over the numbers, and `log₂ dimension` additions for each result.
package final class HadamardProjection: GradientProjection {
    package let dimension: Int
    package let rows: Network.Floats
    private let images: Int
    private let arena = Arena()
    /// One byte of signs for eight positions.
    private let signs: [UInt8]

    /// A projection of vectors of `count` numbers to `dimension`, a power of two from 8.
    package init(count: Int, dimension: Int, images: Int, seed: UInt64) {
        precondition(dimension >= 8 && dimension.nonzeroBitCount == 1, "blocks of a power of two")
        (self.dimension, self.images) = (dimension, images)
        var stream = RandomStream(seed: seed, "gradient.hadamard")
        signs = (0..<(count + 7) / 8).map { _ in UInt8(truncatingIfNeeded: stream.next()) }
        rows = arena.floats(dimension * images)
    }

    package func begin() { rows.update(repeating: 0, count: dimension * images) }

    package func receive(_ range: Range<Int>, of image: Int, _ values: UnsafePointer<Float>) {
        precondition(range.lowerBound % 8 == 0, "pieces begin at a multiple of eight")
        signs.withUnsafeBufferPointer { signs in
            guard let first = signs.baseAddress else { return }
            var position = range.lowerBound
            while position < range.upperBound {
                let place = position % dimension
                let part = min(range.upperBound - position, dimension - place)
                laurel_add_signed(
                    part, values + position - range.lowerBound, first + position / 8, rows + image * dimension + place)
                position += part
            }
        }
    }

    package func finish() {
        let scale = 1 / Float(dimension).squareRoot()
        for image in 0..<images { laurel_hadamard(dimension, rows + image * dimension, scale) }
    }

    /// The sign of the number at `position`.
    package func sign(of position: Int) -> Float { signs[position / 8] >> UInt8(position % 8) & 1 == 1 ? -1 : 1 }
}
