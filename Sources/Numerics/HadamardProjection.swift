internal import CKernels
import Glibc

/// A subsampled randomised Hadamard transform in blocks: numbers are taken in order of arrival in blocks of
/// ``dimension``, each is multiplied by its own random signs and transformed by the orthonormal Walsh–Hadamard matrix, and the
/// blocks are added.
///
/// Within a block inner products are kept exactly; between blocks the signs make the error zero in the mean. Unlike a
/// sketch every result depends on every number. Costs `log₂ dimension` additions a number.
package final class HadamardProjection: GradientProjection {
    package let dimension: Int
    package let rows: Network.Floats
    private let images: Int
    private let arena = Arena()
    private let waiting: Network.Floats
    /// For each image, how much of its waiting block is filled, and the number of that block.
    private var positions: [(filled: Int, block: Int)]
    /// One byte of signs for eight numbers, for every block.
    private let signs: [UInt8]

    /// A projection of vectors of `count` numbers to `dimension`, a power of two from 8.
    package init(count: Int, dimension: Int, images: Int, seed: UInt64) {
        precondition(dimension >= 8 && dimension.nonzeroBitCount == 1, "blocks of a power of two")
        (self.dimension, self.images) = (dimension, images)
        let blocks = (count + dimension - 1) / dimension
        var stream = RandomStream(seed: seed, "gradient.hadamard")
        signs = (0..<blocks * dimension / 8).map { _ in UInt8(truncatingIfNeeded: stream.next()) }
        rows = arena.floats(dimension * images)
        waiting = arena.floats(dimension * images)
        positions = Array(repeating: (0, 0), count: images)
    }

    package func begin() {
        rows.update(repeating: 0, count: dimension * images)
        for image in positions.indices { positions[image] = (0, 0) }
    }

    package func receive(_ range: Range<Int>, of images: Range<Int>, _ values: UnsafePointer<Float>, stride: Int) {
        for (index, image) in images.enumerated() {
            var taken = 0
            while taken < range.count {
                let filled = positions[image].filled
                let part = min(range.count - taken, dimension - filled)
                (waiting + image * dimension + filled).update(from: values + index * stride + taken, count: part)
                taken += part
                positions[image].filled += part
                if positions[image].filled == dimension { transform(image) }
            }
        }
    }

    package func finish() {
        for image in 0..<images where positions[image].filled > 0 {
            let filled = positions[image].filled
            (waiting + image * dimension + filled).update(repeating: 0, count: dimension - filled)
            transform(image)
        }
    }

    private func transform(_ image: Int) {
        let scale = 1 / Float(dimension).squareRoot()
        signs.withUnsafeBufferPointer { signs in
            guard let first = signs.baseAddress else { return }
            laurel_hadamard(
                dimension, waiting + image * dimension, first + positions[image].block * dimension / 8, scale,
                rows + image * dimension)
        }
        positions[image] = (0, positions[image].block + 1)
    }

    /// The sign of the number that arrives at `position`.
    package func sign(of position: Int) -> Float { signs[position / 8] >> UInt8(position % 8) & 1 == 1 ? -1 : 1 }
}
