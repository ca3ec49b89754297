internal import Numerics

/// Low-rank adapters over some of a network's weights: `W = W₀ + (α/r)·B·A`, of which only A and B learn.
///
/// The full gradient of W is computed anyway, and A's and B's follow from it: `dB = (α/r)·dW·Aᵀ`, `dA = (α/r)·Bᵀ·dW`.
final class LowRankAdapters {
    /// One adapted weight, seen as a matrix of output rows.
    private struct Place {
        let offset: Int
        let rows: Int
        let columns: Int
        /// Positions in the flat vectors of all A and all B.
        let aOffset: Int
        let bOffset: Int
    }

    private let places: [Place]
    private let rank: Int
    private let scale: Float
    private let arena = Arena()
    private let start: Network.Floats
    private let (aCount, bCount): (Int, Int)
    private let a: Network.Floats
    private let b: Network.Floats
    private let aGradient: Network.Floats
    private let bGradient: Network.Floats
    private let aState: AdamW.State
    private let bState: AdamW.State

    /// Adapters for `layout` around `parameters`: A is random by `seed`, B is zero, so nothing changes at first. Nil when
    /// the network has no such weights.
    init?(_ layout: Layout, at place: AdapterPlace, rank: Int, alpha: Float, around parameters: [Float], seed: UInt64) {
        var (places, a, b) = ([Place](), 0, 0)
        for parameter in layout.parameters where parameter.shape.count > 1 {
            let isAttention = parameter.name.hasSuffix(".qkv.weight")
            guard place == .everything || isAttention else { continue }
            let (rows, columns) = (parameter.shape[0], parameter.count / parameter.shape[0])
            places.append(Place(offset: parameter.offset, rows: rows, columns: columns, aOffset: a, bOffset: b))
            a += rank * columns
            b += rows * rank
        }
        guard !places.isEmpty else { return nil }
        (self.places, self.rank, scale) = (places, rank, alpha / Float(rank))
        (aCount, bCount) = (a, b)
        start = arena.floats(parameters.count)
        for (index, value) in parameters.enumerated() { start[index] = value }
        (self.a, aGradient) = (arena.floats(a), arena.floats(a))
        (self.b, bGradient) = (arena.floats(b), arena.floats(b))
        aState = AdamW.State(first: arena.floats(a), second: arena.floats(a), average: nil)
        bState = AdamW.State(first: arena.floats(b), second: arena.floats(b), average: nil)
        var stream = RandomStream(seed: seed, "diffusion.adapters")
        for place in places {
            let deviation = 1 / Double(place.columns).squareRoot()
            for i in 0..<rank * place.columns { self.a[place.aOffset + i] = Float(stream.normal() * deviation) }
        }
    }

    /// Step number `step`, from the gradient of all weights to new `parameters`; the gradient is multiplied by `clip`.
    func advance(
        _ step: Int, gradient: Network.Floats, clip: Float, rate: Float, ratio: Float, parameters: Network.Floats
    ) {
        for place in places {
            let (dW, count) = (gradient + place.offset, rank)
            Network.multiply(
                rows: place.rows, columns: count, inner: place.columns, dW, stride: place.columns, a + place.aOffset,
                stride: place.columns, secondTransposed: true, into: bGradient + place.bOffset, stride: count,
                scale: scale)
            Network.multiply(
                rows: count, columns: place.columns, inner: place.rows, b + place.bOffset, stride: count,
                transposed: true, dW, stride: place.columns, into: aGradient + place.aOffset, stride: place.columns,
                scale: scale)
        }
        let optimiser = AdamW()
        optimiser.step(
            step, rate: rate, scale: clip, ema: 0, count: aCount, parameters: a, gradient: aGradient, aState)
        optimiser.step(
            step, rate: rate * ratio, scale: clip, ema: 0, count: bCount, parameters: b, gradient: bGradient, bState)
        for place in places {
            let weights = parameters + place.offset
            weights.update(from: start + place.offset, count: place.rows * place.columns)
            Network.multiply(
                rows: place.rows, columns: place.columns, inner: rank, b + place.bOffset, stride: rank,
                a + place.aOffset, stride: place.columns, into: weights, stride: place.columns, scale: scale, keep: 1)
        }
    }
}
