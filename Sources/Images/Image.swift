package import Documents

/// A picture in memory: 8 bits a sample, grey or RGB, rows from the top, no transparency.
///
/// Sample `c` of the pixel in column `x` and row `y` is `pixels[(y * width + x) * channels + c]`.
package struct Image: Sendable, Hashable {
    /// Columns, at least 1.
    package let width: Int
    /// Rows, at least 1.
    package let height: Int
    /// 1 (grey) or 3 (red, green, blue).
    package let channels: Int
    /// `width * height * channels` samples.
    package let pixels: [UInt8]

    /// A picture from its samples; the counts are the caller's promise.
    package init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0, "an image has at least one pixel")
        precondition(channels == 1 || channels == 3, "an image is grey or RGB")
        precondition(pixels.count == width * height * channels, "one sample per pixel and channel")
        self.width = width
        self.height = height
        self.channels = channels
        self.pixels = pixels
    }

    /// The samples as RGB bytes; a grey picture repeats each sample three times.
    package var rgbBytes: [UInt8] {
        guard channels == 1 else { return pixels }
        var bytes = [UInt8]()
        bytes.reserveCapacity(pixels.count * 3)
        for sample in pixels {
            bytes.append(sample)
            bytes.append(sample)
            bytes.append(sample)
        }
        return bytes
    }

    /// SHA-256 of the RGB bytes: equal for two files that show the same pixels, whatever their encoding.
    ///
    /// The size is not part of it, as in the manifests that Laurel reads.
    package var pixelDigest: Digest {
        Digest.sha256(rgbBytes)
    }

    /// The same picture with 1 or 3 channels; colour becomes grey by the luma weights of Rec. 601.
    package func converted(toChannels wanted: Int) -> Image {
        precondition(wanted == 1 || wanted == 3, "an image is grey or RGB")
        if wanted == channels { return self }
        if wanted == 3 { return Image(width: width, height: height, channels: 3, pixels: rgbBytes) }
        var grey = [UInt8]()
        grey.reserveCapacity(width * height)
        for pixel in stride(from: 0, to: pixels.count, by: 3) {
            let red = 299 * Int(pixels[pixel])
            let green = 587 * Int(pixels[pixel + 1])
            let blue = 114 * Int(pixels[pixel + 2])
            grey.append(UInt8((red + green + blue + 500) / 1000))
        }
        return Image(width: width, height: height, channels: 1, pixels: grey)
    }
}
