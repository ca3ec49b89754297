/// What is differentiated for attribution: a function f of the noise that the network predicts for one noised image.
///
/// Means are over all D pixels and channels, so that values compare across sizes. Names follow D-TRAK (Zheng et al.
/// 2024), which found that functions other than the loss attribute better.
package enum OutputFunction: Hashable, Sendable {
    /// mean (ε_θ − ε)²: the denoising loss.
    case simple
    /// β/(2α(1−ᾱ)) · mean (ε_θ − ε)²: the loss weighted as in the variational bound.
    case bound
    /// mean ε_θ².
    case square
    /// mean ε_θ.
    case average
    /// Σ|ε_θ|.
    case norm1
    /// √Σε_θ².
    case norm2
    /// max|ε_θ|.
    case normInfinity
    /// Gradient 2(η·ε_θ − (1−η)·ε)/D: 1 is ``square``, ½ half of ``simple``, 0 the projection on −ε.
    case between(Float)

    /// Writes ∂f/∂ε_θ of one image into `gradient`; `weight` is the bound's.
    func gradient(predicted: [Float], noise: [Float], weight: Float, into gradient: inout [Float]) {
        let share = 1 / Float(predicted.count)
        switch self {
        case .simple, .bound:
            let factor = 2 * share * (self == .bound ? weight : 1)
            for i in predicted.indices { gradient[i] = factor * (predicted[i] - noise[i]) }
        case .square:
            for i in predicted.indices { gradient[i] = 2 * share * predicted[i] }
        case .average:
            for i in predicted.indices { gradient[i] = share }
        case .norm1:
            for i in predicted.indices { gradient[i] = predicted[i] == 0 ? 0 : predicted[i] > 0 ? 1 : -1 }
        case .norm2:
            let norm = Float(predicted.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot())
            for i in predicted.indices { gradient[i] = norm > 0 ? predicted[i] / norm : 0 }
        case .normInfinity:
            var largest = 0
            for i in predicted.indices where abs(predicted[i]) > abs(predicted[largest]) { largest = i }
            for i in predicted.indices { gradient[i] = 0 }
            gradient[largest] = predicted[largest] < 0 ? -1 : 1
        case .between(let share1):
            for i in predicted.indices {
                gradient[i] = 2 * share * (share1 * predicted[i] - (1 - share1) * noise[i])
            }
        }
    }

    /// The value f of one image; ``between(_:)`` has no value of its own and is refused.
    package func value(predicted: [Float], noise: [Float], weight: Float) -> Double {
        let count = Double(predicted.count)
        let squares = zip(predicted, noise).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        switch self {
        case .simple: return squares / count
        case .bound: return Double(weight) * squares / count
        case .square: return predicted.reduce(0) { $0 + Double($1 * $1) } / count
        case .average: return predicted.reduce(0) { $0 + Double($1) } / count
        case .norm1: return predicted.reduce(0) { $0 + Double(abs($1)) }
        case .norm2: return predicted.reduce(0) { $0 + Double($1 * $1) }.squareRoot()
        case .normInfinity: return Double(predicted.map(abs).max() ?? 0)
        case .between: preconditionFailure("this function is given by its gradient")
        }
    }
}
