extension Image {
    /// The picture inside a square of `side` pixels: aspect ratio kept, centred on white, antialiased.
    ///
    /// Shrinking averages over the exact area that an output pixel covers; enlarging interpolates linearly.
    package func resampled(side: Int) -> Image {
        precondition(side > 0, "a side has at least one pixel")
        if width == side && height == side { return self }
        let longer = max(width, height)
        let innerWidth = max(1, (width * side + longer / 2) / longer)
        let innerHeight = max(1, (height * side + longer / 2) / longer)
        let inner = resampled(width: innerWidth, height: innerHeight)
        if innerWidth == side && innerHeight == side { return inner }
        var pixels = [UInt8](repeating: 255, count: side * side * channels)
        let left = (side - innerWidth) / 2
        let top = (side - innerHeight) / 2
        let row = innerWidth * channels
        for y in 0..<innerHeight {
            let target = ((top + y) * side + left) * channels
            pixels.replaceSubrange(target..<target + row, with: inner.pixels[y * row..<(y + 1) * row])
        }
        return Image(width: side, height: side, channels: channels, pixels: pixels)
    }

    /// The picture stretched to the given size, antialiased; rows first, then columns, rounded once at the end.
    package func resampled(width newWidth: Int, height newHeight: Int) -> Image {
        precondition(newWidth > 0 && newHeight > 0, "an image has at least one pixel")
        if newWidth == width && newHeight == height { return self }
        let columns = ResamplingWeights(from: width, to: newWidth)
        let rows = ResamplingWeights(from: height, to: newHeight)
        var narrowed = [Float](repeating: 0, count: newWidth * height * channels)
        for y in 0..<height {
            for x in 0..<newWidth {
                for channel in 0..<channels {
                    var sum: Float = 0
                    for (offset, weight) in columns[x].weights.enumerated() {
                        sum += weight * Float(pixels[(y * width + columns[x].first + offset) * channels + channel])
                    }
                    narrowed[(y * newWidth + x) * channels + channel] = sum
                }
            }
        }
        let stride = newWidth * channels
        var result = [UInt8]()
        result.reserveCapacity(newHeight * stride)
        for y in 0..<newHeight {
            for column in 0..<stride {
                var sum: Float = 0
                for (offset, weight) in rows[y].weights.enumerated() {
                    sum += weight * narrowed[(rows[y].first + offset) * stride + column]
                }
                result.append(UInt8(min(255, max(0, (sum + 0.5).rounded(.down)))))
            }
        }
        return Image(width: newWidth, height: newHeight, channels: channels, pixels: result)
    }
}

/// Which input samples make up each output sample along one axis, and by how much; the weights of one add up to 1.
private struct ResamplingWeights {
    /// The contributors to one output sample: consecutive inputs from `first` on.
    struct Tap {
        let first: Int
        let weights: [Float]
    }

    private let taps: [Tap]

    init(from source: Int, to target: Int) {
        let scale = Double(source) / Double(target)
        taps = (0..<target).map { index in
            source >= target
                ? Self.area(from: Double(index) * scale, to: Double(index + 1) * scale, count: source)
                : Self.linear(at: (Double(index) + 0.5) * scale - 0.5, count: source)
        }
    }

    subscript(index: Int) -> Tap { taps[index] }

    private static func area(from start: Double, to end: Double, count: Int) -> Tap {
        let first = min(count - 1, Int(start))
        // A rounding error of the scale must not open a sliver of one more sample.
        let last = min(count, Int((end - 1e-9).rounded(.up)))
        let weights = (first..<last).map { sample in
            Float((min(end, Double(sample + 1)) - max(start, Double(sample))) / (end - start))
        }
        return Tap(first: first, weights: weights)
    }

    private static func linear(at position: Double, count: Int) -> Tap {
        let first = max(0, Int(position.rounded(.down)))
        guard position > 0, first < count - 1 else { return Tap(first: min(first, count - 1), weights: [1]) }
        let fraction = Float(position - Double(first))
        return Tap(first: first, weights: [1 - fraction, fraction])
    }
}
