import Foundation
package import Images
package import Numerics

/// The default features: shape and colour of a small picture, by hand, without weights that drift or need a licence.
///
/// The picture is cut into 4×4 cells. In this order:
/// - 128: histograms of oriented gradients of the luma, 8 unsigned orientations a cell, each cell scaled to length 1;
/// - 128: the same, unscaled (mean gradient magnitude), so that contrast counts;
/// - 96: mean and standard deviation of red, green and blue in each cell;
/// - 64: square roots of the joint 4×4×4 colour histogram of the whole picture.
///
/// Works for any side and for grey pictures (as three equal channels); samples are clipped to the visible range.
package struct DescriptorHand416: FeatureExtractor {
    package let name = "hand416-v1"
    package let dimension = 416

    private static let cells = 16
    private static let orientations = 8
    /// Keeps the direction of a nearly flat cell from being noise; in units of mean gradient magnitude.
    private static let flatness: Float = 0.02

    /// The descriptor has no settings.
    package init() {}

    package func features(_ batch: ImageBatch) -> Matrix {
        var result = Matrix(rows: batch.count, columns: dimension)
        var scratch = Scratch(side: batch.side)
        batch.pixels.withUnsafeBufferPointer { pixels in
            for item in 0..<batch.count {
                let picture = UnsafeBufferPointer(rebasing: pixels[item * batch.itemSize..<(item + 1) * batch.itemSize])
                scratch.load(picture, channels: batch.channels)
                let values = gradientFeatures(&scratch) + colourFeatures(scratch) + histogramFeatures(scratch)
                for (column, value) in values.enumerated() {
                    result[item, column] = Double(value)
                }
            }
        }
        return result
    }

    /// The picture as planes in 0…1, reused for every picture of a batch.
    private struct Scratch {
        let side: Int
        let pixelCount: Int
        /// The cell of each pixel, and the pixels of each cell.
        let cell: [Int]
        let cellSizes: [Float]
        var red: [Float]
        var green: [Float]
        var blue: [Float]
        var luma: [Float]

        init(side: Int) {
            self.side = side
            pixelCount = side * side
            var cell = [Int]()
            var sizes = [Float](repeating: 0, count: DescriptorHand416.cells)
            for y in 0..<side {
                for x in 0..<side {
                    let index = y * 4 / side * 4 + x * 4 / side
                    cell.append(index)
                    sizes[index] += 1
                }
            }
            self.cell = cell
            cellSizes = sizes.map { max($0, 1) }
            red = [Float](repeating: 0, count: pixelCount)
            green = red
            blue = red
            luma = red
        }

        mutating func load(_ picture: UnsafeBufferPointer<Float>, channels: Int) {
            for pixel in 0..<pixelCount {
                let at = pixel * channels
                let second = channels == 3 ? at + 1 : at
                let third = channels == 3 ? at + 2 : at
                red[pixel] = min(1, max(0, picture[at] * 0.5 + 0.5))
                green[pixel] = min(1, max(0, picture[second] * 0.5 + 0.5))
                blue[pixel] = min(1, max(0, picture[third] * 0.5 + 0.5))
                luma[pixel] = 0.299 * red[pixel] + 0.587 * green[pixel] + 0.114 * blue[pixel]
            }
        }
    }

    private func gradientFeatures(_ scratch: inout Scratch) -> [Float] {
        let side = scratch.side
        let bins = Self.orientations
        var raw = [Float](repeating: 0, count: Self.cells * bins)
        for y in 0..<side {
            let above = max(0, y - 1) * side
            let below = min(side - 1, y + 1) * side
            for x in 0..<side {
                let across = scratch.luma[y * side + min(side - 1, x + 1)] - scratch.luma[y * side + max(0, x - 1)]
                let down = scratch.luma[below + x] - scratch.luma[above + x]
                let magnitude = (across * across + down * down).squareRoot() * 0.5
                if magnitude == 0 { continue }
                // Unsigned orientation in units of bins, shared between the two nearest bins.
                var turn = atan2f(down, across) / Float.pi
                if turn < 0 { turn += 1 }
                let position = turn * Float(bins)
                let lower = Int(position)
                let fraction = position - Float(lower)
                let first = scratch.cell[y * side + x] * bins
                raw[first + lower % bins] += magnitude * (1 - fraction)
                raw[first + (lower + 1) % bins] += magnitude * fraction
            }
        }
        var normalised = raw
        for cell in 0..<Self.cells {
            var square = Self.flatness * Self.flatness
            for bin in cell * bins..<(cell + 1) * bins {
                raw[bin] /= scratch.cellSizes[cell]
                square += raw[bin] * raw[bin]
            }
            let length = square.squareRoot()
            for bin in cell * bins..<(cell + 1) * bins {
                normalised[bin] = raw[bin] / length
            }
        }
        return normalised + raw
    }

    private func colourFeatures(_ scratch: Scratch) -> [Float] {
        var values = [Float]()
        values.reserveCapacity(Self.cells * 6)
        for plane in [scratch.red, scratch.green, scratch.blue] {
            var sums = [Float](repeating: 0, count: Self.cells)
            for pixel in 0..<scratch.pixelCount { sums[scratch.cell[pixel]] += plane[pixel] }
            for cell in 0..<Self.cells { sums[cell] /= scratch.cellSizes[cell] }
            var squares = [Float](repeating: 0, count: Self.cells)
            for pixel in 0..<scratch.pixelCount {
                let offset = plane[pixel] - sums[scratch.cell[pixel]]
                squares[scratch.cell[pixel]] += offset * offset
            }
            values.append(contentsOf: sums)
            for cell in 0..<Self.cells { values.append((squares[cell] / scratch.cellSizes[cell]).squareRoot()) }
        }
        return values
    }

    private func histogramFeatures(_ scratch: Scratch) -> [Float] {
        var counts = [Float](repeating: 0, count: 64)
        for pixel in 0..<scratch.pixelCount {
            let red = min(3, Int(scratch.red[pixel] * 4))
            let green = min(3, Int(scratch.green[pixel] * 4))
            let blue = min(3, Int(scratch.blue[pixel] * 4))
            counts[red * 16 + green * 4 + blue] += 1
        }
        return counts.map { ($0 / Float(scratch.pixelCount)).squareRoot() }
    }
}
