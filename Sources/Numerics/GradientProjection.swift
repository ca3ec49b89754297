/// Takes long gradient vectors piece by piece, one row an image, and keeps short ones with nearly the same inner products.
///
/// A pass is ``begin()``, any number of ``receive(_:of:_:)`` that together bring every position of every image once,
/// ``finish()``; then ``rows`` holds the results. Results of different passes may be added: a projection is linear.
package protocol GradientProjection: AnyObject {
    /// Numbers in a result.
    var dimension: Int { get }
    /// The results, images × ``dimension``.
    var rows: Network.Floats { get }
    /// Starts a pass: the results are zero.
    func begin()
    /// Takes the numbers of positions `range` of an image.
    func receive(_ range: Range<Int>, of image: Int, _ values: UnsafePointer<Float>)
    /// Ends a pass.
    func finish()
}

/// Keeps everything: for small networks, and to compare with.
package final class WholeGradient: GradientProjection {
    package let dimension: Int
    package let rows: Network.Floats
    private let images: Int
    private let arena = Arena()

    /// Room for `images` vectors of `count` numbers.
    package init(count: Int, images: Int) {
        (dimension, self.images) = (count, images)
        rows = arena.floats(count * images)
    }

    package func begin() { rows.update(repeating: 0, count: dimension * images) }

    package func receive(_ range: Range<Int>, of image: Int, _ values: UnsafePointer<Float>) {
        (rows + image * dimension + range.lowerBound).update(from: values, count: range.count)
    }

    package func finish() {}
}
