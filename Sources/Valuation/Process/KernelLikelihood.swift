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

    /// Value and gradient at the given logarithms; nil where the matrix is not positive definite in doubles.
    func evaluate(_ logs: [Double]) -> (value: Double, gradient: [Double])? {
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
        var difference = cholesky.inverse()
        let count = geometry.count
        difference.values.withUnsafeMutableBufferPointer { elements in
            for i in 0..<count {
                for j in 0...i { elements[i &* count &+ j] -= weights[i] * weights[j] }
            }
        }
        var gradient = self.gradient(kernel, difference)
        for index in gradient.indices {
            let deviation = (logs[index] - centre[index]) / spread[index]
            value += 0.5 * deviation * deviation
            gradient[index] += deviation / spread[index]
        }
        return (value, gradient)
    }

    /// ½ tr((C⁻¹ − αα ᵀ)·∂C/∂p) for each logarithm p.
    private func gradient(_ kernel: CoalitionKernel, _ difference: Matrix) -> [Double] {
        let sums = geometry.sums(of: difference)
        let n = Double(geometry.playerCount)
        let interaction = kernel.interactionTable
        let bySize = kernel.sizeTable
        var result = [Double](repeating: 0, count: CoalitionKernel.Parameter.allCases.count)
        for step in 0...geometry.playerCount {
            let distance = Double(step) / n
            let bell = kernel.bell(step, CoalitionKernel.driftLength)
            result[CoalitionKernel.Parameter.linear.rawValue] += sums.effectBySize[step] * kernel.linear
            result[CoalitionKernel.Parameter.drift.rawValue] += sums.effectBySize[step] * kernel.drift * bell
            let decay = sums.byDistance[step] * interaction[step]
            result[CoalitionKernel.Parameter.interaction.rawValue] += decay
            result[CoalitionKernel.Parameter.reach.rawValue] += decay * distance / kernel.reach
            let smooth = sums.bySize[step] * bySize[step]
            result[CoalitionKernel.Parameter.size.rawValue] += smooth
            result[CoalitionKernel.Parameter.smoothness.rawValue] +=
                smooth * distance * distance / (kernel.smoothness * kernel.smoothness)
        }
        for (index, count) in repeats.enumerated() {
            result[CoalitionKernel.Parameter.noise.rawValue] += difference[index, index] * kernel.noise / count
        }
        return result.map { $0 / 2 }
    }
}
