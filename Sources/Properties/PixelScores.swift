import Foundation
package import Images
import Numerics

/// The Shannon entropy in bits of each picture's luma histogram with 256 levels.
package func pixelEntropies(_ images: ImageBatch) -> [Double] {
    images.images.map { image in
        let grey = image.converted(toChannels: 1).pixels
        var counts = [Int](repeating: 0, count: 256)
        for sample in grey { counts[Int(sample)] += 1 }
        return counts.reduce(0) { sum, count in
            guard count > 0 else { return sum }
            let share = Double(count) / Double(grey.count)
            return sum - share * log2(share)
        }
    }
}

/// The upper quantile of one score a picture, interpolated between neighbours (NumPy's default); bootstrap variance.
package func quantile(_ scores: [Double], at level: Double, seed: UInt64) -> Measurement {
    func value(of sorted: [Double]) -> Double {
        let position = level * Double(sorted.count - 1)
        let lower = Int(position)
        let upper = min(lower + 1, sorted.count - 1)
        return sorted[lower] + (position - Double(lower)) * (sorted[upper] - sorted[lower])
    }
    let sorted = scores.sorted()
    var random = RandomStream(seed: seed, "bootstrap of a quantile")
    let repeats = (0..<200).map { _ in
        value(of: sorted.map { _ in random.int(below: sorted.count) }.sorted().map { sorted[$0] })
    }
    let mean = repeats.reduce(0, +) / Double(repeats.count)
    let squares = repeats.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return Measurement(value: value(of: sorted), variance: squares / Double(repeats.count - 1))
}
