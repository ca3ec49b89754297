import Glibc

/// The noise levels of a diffusion process: `x_t = signal[t]·x₀ + noise[t]·ε`.
package struct NoiseSchedule: Sendable {
    /// √ᾱ of each level.
    package let signal: [Float]
    /// √(1−ᾱ) of each level.
    package let noise: [Float]

    /// Computes the levels of `process` in double precision.
    package init(_ process: DiffusionProcess) {
        let count = process.timesteps
        var products = [Double]()
        switch process.schedule {
        case .linear:
            let scale = 1000 / Double(count)
            var product = 1.0
            for t in 0..<count {
                let beta = scale * (1e-4 + (0.02 - 1e-4) * Double(t) / Double(count - 1))
                product *= 1 - min(beta, 0.999)
                products.append(product)
            }
        case .cosine:
            func level(_ t: Double) -> Double {
                let value = cos((t / Double(count) + 0.008) / 1.008 * Double.pi / 2)
                return value * value
            }
            var product = 1.0
            for t in 0..<count {
                let beta = min(0.999, 1 - level(Double(t + 1)) / level(Double(t)))
                product *= 1 - beta
                products.append(product)
            }
        }
        signal = products.map { Float($0.squareRoot()) }
        noise = products.map { Float((1 - $0).squareRoot()) }
    }

    /// β/(2α(1−ᾱ)) of a level, with α = 1−β: the weight of its squared error in the variational bound.
    package func boundWeight(_ level: Int) -> Float {
        let now = Double(signal[level] * signal[level])
        let before = level > 0 ? Double(signal[level - 1] * signal[level - 1]) : 1
        let alpha = now / before
        return Float((1 - alpha) / (2 * alpha * max(1 - now, 1e-12)))
    }

    /// The levels that a sampler of `steps` steps visits, noisiest first: evenly spaced, ending at the least noisy of
    /// its spacing.
    package func levels(steps: Int) -> [Int] {
        let count = signal.count
        return (1...steps).reversed().map { $0 * count / steps - 1 }
    }
}
