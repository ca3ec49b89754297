import Foundation
import Images
import Numerics

/// Eight ways in which a generator can be worse than the pictures it learned from, done to real pictures.
enum Degradation: String, CaseIterable {
    case noise, mildNoise, blur, faded, shuffledBlocks, averagedPairs, oneArtist, fewPictures

    /// Whether pictures themselves get worse, or only their variety.
    var hurtsQuality: Bool {
        switch self {
        case .noise, .mildNoise, .blur, .faded, .shuffledBlocks, .averagedPairs: true
        case .oneArtist, .fewPictures: false
        }
    }

    /// The degraded set, as large as `real`.
    ///
    /// - Parameters:
    ///   - real: Pictures with a side that 4 divides.
    ///   - owners: The artist of each.
    func callAsFunction(_ real: ImageBatch, owners: [String]) -> ImageBatch {
        switch self {
        case .noise: return Self.noisy(real, deviation: 0.3)
        case .mildNoise: return Self.noisy(real, deviation: 0.1)
        case .blur: return ImageBatch(real.images.map { $0.resampled(side: 6) }, side: real.side, channels: 3)
        case .faded: return Self.mapped(real) { pixels, _ in pixels.map { $0 * 0.5 } }
        case .shuffledBlocks: return Self.mapped(real) { Self.shuffled($0, side: real.side, item: $1) }
        case .averagedPairs:
            return Self.mapped(real) { pixels, item in
                let other = (item * 7 + 3) % real.count * real.itemSize
                return pixels.enumerated().map { ($1 + real.pixels[other + $0]) / 2 }
            }
        case .oneArtist:
            let counts = Dictionary(grouping: owners) { $0 }.mapValues(\.count)
            let largest = counts.keys.sorted().max { (counts[$0] ?? 0) < (counts[$1] ?? 0) }
            let own = owners.indices.filter { owners[$0] == largest }
            return real.selecting((0..<real.count).map { own[$0 % own.count] })
        case .fewPictures: return real.selecting((0..<real.count).map { $0 % 12 })
        }
    }

    private static func noisy(_ batch: ImageBatch, deviation: Double) -> ImageBatch {
        var random = RandomStream(seed: 6, "noise")
        return mapped(batch) { pixels, _ in pixels.map { $0 + Float(random.normal() * deviation) } }
    }

    private static func mapped(_ batch: ImageBatch, _ change: (ArraySlice<Float>, Int) -> [Float]) -> ImageBatch {
        let size = batch.itemSize
        let pixels = (0..<batch.count).flatMap { change(batch.pixels[$0 * size..<($0 + 1) * size], $0) }
        return ImageBatch(count: batch.count, side: batch.side, channels: batch.channels, pixels: pixels)
    }

    /// The picture's 4 × 4 blocks in a random order.
    private static func shuffled(_ pixels: ArraySlice<Float>, side: Int, item: Int) -> [Float] {
        var random = RandomStream(seed: 8, "blocks", index: UInt64(item))
        var order = Array(0..<16)
        random.shuffle(&order)
        let block = side / 4
        var result = Array(pixels)
        for (target, source) in order.enumerated() {
            for y in 0..<block {
                for x in 0..<block * 3 {
                    let to = ((target / 4 * block + y) * side + target % 4 * block) * 3 + x
                    let from = ((source / 4 * block + y) * side + source % 4 * block) * 3 + x
                    result[to] = pixels[pixels.startIndex + from]
                }
            }
        }
        return result
    }
}
