import Glibc
import Numerics

/// The negative logarithm of the posterior density of the kernel's parameters, with its gradient.
///
/// Marginal likelihood of a Gaussian process (Rasmussen and Williams, eq. 5.8–5.9) times independent normal priors on
/// the logarithms of the parameters. The priors are wide; they keep parameters that the data cannot see from running
/// away, which is what makes the intervals of small runs honest.
struct KernelLikelihood: Sendable {
    let geometry: CoalitionGeometry
    /// Standardised targets.
    let targets: [Double]
    /// How many evaluations stand behind each target.
    let repeats: [Double]
    /// Reported variances of the targets, standardised.
    let knownVariances: [Double]
    /// Prior means of the logarithms.
    let centre: [Double]
    /// Prior standard deviations of the logarithms.
    let spread: [Double]

    /// What stands on the diagonal beside the kernel.
    func noiseDiagonal(_ kernel: CoalitionKernel) -> [Double] {
        zip(repeats, knownVariances).map { kernel.noise / $0 + $1 + 1e-10 }
    }

    /// A parameter set that was looked at: its kernel, the factor of the rows' covariance, and the cost.
    struct Point {
        let logs: [Double]
        let kernel: CoalitionKernel
        let cholesky: Cholesky
        /// The negative logarithm of the posterior density, up to a constant.
        let value: Double
        /// C⁻¹·targets.
        let weights: [Double]
    }

    /// The cost at the given logarithms; nil where the matrix is not positive definite in doubles. O(rows³/3).
    func point(_ logs: [Double]) -> Point? {
        guard logs.allSatisfy({ abs($0) < 40 }) else { return nil }
        let kernel = CoalitionKernel(playerCount: geometry.playerCount, logs: logs)
        let cholesky: Cholesky
        do {
            cholesky = try Cholesky(geometry.covariance(kernel, diagonal: noiseDiagonal(kernel)))
        } catch {
            return nil  // the optimiser steps back
        }
        let weights = cholesky.solve(targets)
        var value = 0.5 * LinearAlgebra.dot(targets, weights) + 0.5 * cholesky.logDeterminant
        for index in logs.indices {
            let deviation = (logs[index] - centre[index]) / spread[index]
            value += 0.5 * deviation * deviation
        }
        guard value.isFinite else { return nil }
        return Point(logs: logs, kernel: kernel, cholesky: cholesky, value: value, weights: weights)
    }

    /// Value and gradient; thrice the price of ``point(_:)``.
    func evaluate(_ logs: [Double]) -> (value: Double, gradient: [Double])? {
        guard let point = point(logs) else { return nil }
        let weights = point.weights
        var difference = point.cholesky.inverse()
        let count = geometry.count
        difference.values.withUnsafeMutableBufferPointer { elements in
            for i in 0..<count {
                for j in 0...i { elements[i &* count &+ j] -= weights[i] * weights[j] }
            }
        }
        var gradient = self.gradient(point.kernel, difference)
        for index in gradient.indices {
            gradient[index] += (logs[index] - centre[index]) / (spread[index] * spread[index])
        }
        return (point.value, gradient)
    }

    /// ½ tr((C⁻¹ − ααᵀ)·∂C/∂p) for each logarithm p.
    private func gradient(_ kernel: CoalitionKernel, _ difference: Matrix) -> [Double] {
        let sums = geometry.sums(of: difference)
        let n = Double(geometry.playerCount)
        let interaction = kernel.interactionTable
        var result = [Double](repeating: 0, count: CoalitionKernel.Parameter.allCases.count)
        func add(_ amount: Double, _ parameter: CoalitionKernel.Parameter) { result[parameter.rawValue] += amount }
        for step in 0...geometry.playerCount {
            let decay = sums.byDistance[step] * interaction[step]
            add(decay, .interaction)
            add(decay * Double(step) / (n * kernel.reach), .reach)
        }
        let felt = kernel.feltSizes
        let fading = kernel.fading
        let bends = self.bends(kernel)
        let side = geometry.playerCount + 1
        for k in 0..<side {
            for l in 0..<side {
                let plain = sums.bySizes[k * side + l]
                let overlap = sums.overlapBySizes[k * side + l]
                if plain == 0, overlap == 0 { continue }
                add(kernel.linear * (4 / n * overlap + plain * (1 - 2 * Double(k + l) / n)), .linear)
                let both = fading[k] * fading[l]
                let unit = 4 / n * both
                let expected = Double(k * l) / n
                let shared = unit * (overlap - plain * expected)
                let share = kernel.mixture * shared
                let early = kernel.early * shared * both * both
                add(share, .mixture)
                add(early, .early)
                let curve =
                    kernel.curvature * unit * unit
                    * (sums.squareBySizes[k * side + l] - 2 * overlap * expected + plain * expected * expected)
                add(curve, .curvature)
                let apart = (felt[k] - felt[l]) / CoalitionKernel.smoothness
                let smooth = plain * kernel.size * exp(-apart * apart / 2)
                add(smooth, .size)
                add(
                    (share + 3 * early + 2 * curve) * (bends.fading[k] + bends.fading[l])
                        - smooth * apart * (bends.felt[k] - bends.felt[l]) / CoalitionKernel.smoothness, .base)
            }
        }
        for (index, count) in repeats.enumerated() {
            add(difference[index, index] * kernel.noise / count, .noise)
        }
        return result.map { $0 / 2 }
    }

    /// Derivatives by the logarithm of the base's weight: of log `fading`, and of the felt sizes.
    private func bends(_ kernel: CoalitionKernel) -> (fading: [Double], felt: [Double]) {
        let n = Double(geometry.playerCount)
        let b = kernel.base
        let whole = log1p(n / b)
        let felt = kernel.feltSizes
        let sizes = (0...geometry.playerCount).map(Double.init)
        return (
            fading: sizes.map { b / (n / 2 + b) - b / ($0 + b) },
            felt: zip(sizes, felt).map { k, u in (-k / (k + b) + u * n / (n + b)) / whole }
        )
    }
}
