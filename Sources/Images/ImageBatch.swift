/// Pictures of one size as a network sees them: floats in −1…1, order item, row, column, channel (NHWC).
package struct ImageBatch: Sendable, Hashable {
    /// How many pictures; may be 0.
    package let count: Int
    /// Rows and columns of each.
    package let side: Int
    /// 1 (grey) or 3 (RGB).
    package let channels: Int
    /// `count * side * side * channels` samples; −1 is black, 1 is full intensity.
    package let pixels: [Float]

    /// Samples in one picture.
    package var itemSize: Int { side * side * channels }

    /// A batch from samples that already are in range and order.
    package init(count: Int, side: Int, channels: Int, pixels: [Float]) {
        precondition(side > 0 && (channels == 1 || channels == 3), "square pictures, grey or RGB")
        precondition(pixels.count == count * side * side * channels, "one sample per pixel and channel")
        self.count = count
        self.side = side
        self.channels = channels
        self.pixels = pixels
    }

    /// A batch of pictures, each resampled to `side` and converted to `channels`.
    package init(_ images: [Image], side: Int, channels: Int) {
        var pixels = [Float]()
        pixels.reserveCapacity(images.count * side * side * channels)
        for image in images {
            let fitted = image.resampled(side: side).converted(toChannels: channels)
            for sample in fitted.pixels {
                pixels.append(Float(sample) / 127.5 - 1)
            }
        }
        self.init(count: images.count, side: side, channels: channels, pixels: pixels)
    }

    /// The pictures as 8-bit images; samples outside −1…1 are clipped, a NaN becomes black.
    package var images: [Image] {
        (0..<count).map { item in
            let samples = pixels[item * itemSize..<(item + 1) * itemSize].map { sample in
                UInt8(min(255, max(0, ((sample + 1) * 127.5).rounded())))
            }
            return Image(width: side, height: side, channels: channels, pixels: samples)
        }
    }

    /// The pictures at the given positions, in that order; repeats are allowed.
    package func selecting(_ items: [Int]) -> ImageBatch {
        var selected = [Float]()
        selected.reserveCapacity(items.count * itemSize)
        for item in items {
            selected.append(contentsOf: pixels[item * itemSize..<(item + 1) * itemSize])
        }
        return ImageBatch(count: items.count, side: side, channels: channels, pixels: selected)
    }
}
