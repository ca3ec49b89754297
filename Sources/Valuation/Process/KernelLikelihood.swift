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

    /// How the rows answer to changes of the parameters, and what they tell about them.
    struct Response {
        /// L⁻¹ times the derivatives of the rows' covariance times C⁻¹·targets: rows × parameters.
        let rows: Matrix
        /// The cost's second derivatives, averaged between what is observed and what is expected; positive definite.
        let information: Matrix
    }

    /// The average of observed and expected information (Gilmour, Thompson and Cullis 1995), which needs no product of
    /// matrices: with uₚ = ∂C/∂p·C⁻¹Y it is ½·uₚᵀC⁻¹u_q. O(rows²).
    func response(at point: Point) -> Response {
        var derivatives = geometry.responses(to: point.weights, KernelSlopes(point.kernel))
        let noise = CoalitionKernel.Parameter.noise.rawValue
        for (row, count) in repeats.enumerated() {
            derivatives[row, noise] = point.weights[row] * point.kernel.noise / count
        }
        let half = point.cholesky.solveLower(derivatives)
        var information = LinearAlgebra.symmetricProduct(half, transposed: true)
        for index in point.logs.indices {
            for other in point.logs.indices { information[index, other] /= 2 }
            information[index, index] += 1 / (spread[index] * spread[index])
        }
        return Response(rows: half, information: information)
    }

    /// The cost's gradient by the logarithms, and what every target differs by from its prediction by the others; twice the
    /// price of the point itself.
    func gradient(at point: Point) -> (gradient: [Double], unseenResiduals: [Double]) {
        let weights = point.weights
        var difference = point.cholesky.inverse()
        let unseenResiduals = zip(weights, difference.diagonal).map { $0 / $1 }
        let count = geometry.count
        difference.values.withUnsafeMutableBufferPointer { elements in
            for i in 0..<count {
                for j in 0...i { elements[i &* count &+ j] -= weights[i] * weights[j] }
            }
        }
        var gradient = geometry.halfTraces(of: difference, KernelSlopes(point.kernel))
        let noise = CoalitionKernel.Parameter.noise.rawValue
        for (row, count) in repeats.enumerated() {
            gradient[noise] += difference[row, row] * point.kernel.noise / count / 2
        }
        for index in gradient.indices {
            gradient[index] += (point.logs[index] - centre[index]) / (spread[index] * spread[index])
        }
        return (gradient, unseenResiduals)
    }
}
