import Numerics

/// Newton's method on the cost of the kernel's parameters, with the average information in place of second derivatives.
struct ParameterSearch {
    /// Where a search ended.
    struct Mode {
        let point: KernelLikelihood.Point
        let response: KernelLikelihood.Response
        /// The parameters' covariance in the Laplace approximation: the inverse of the information.
        let covariance: Matrix
        /// What every target differs by from its prediction by the others, one step before.
        let unseenResiduals: [Double]
    }

    /// Newton's step from somewhere.
    private struct Step {
        let step: [Double]
        /// By how much it would lower the cost if that were quadratic.
        let promise: Double
        let unseenResiduals: [Double]
    }

    let likelihood: KernelLikelihood

    /// Walks downhill at most `iterations` steps, none longer than 2 in any logarithm, and takes the first step that
    /// promises less than `tolerance` as the last, without looking for another.
    ///
    /// - Returns: nil where the information is not a number: amplitudes beyond what doubles hold.
    func descend(from start: KernelLikelihood.Point, iterations: Int, tolerance: Double) -> Mode? {
        var point = start
        var response = likelihood.response(at: point)
        var step: Step?
        for _ in 0..<iterations {
            guard let next = self.step(from: point, response) else { return nil }
            step = next
            guard let lower = lower(than: point, next) else { break }
            point = lower
            response = likelihood.response(at: point)
            if next.promise < tolerance { break }
        }
        guard let step, let factor = factor(response.information) else { return nil }
        return Mode(
            point: point, response: response, covariance: factor.inverse(), unseenResiduals: step.unseenResiduals)
    }

    private func step(from point: KernelLikelihood.Point, _ response: KernelLikelihood.Response) -> Step? {
        guard let factor = factor(response.information) else { return nil }
        let (gradient, residuals) = likelihood.gradient(at: point)
        let step = factor.solve(gradient).map { -$0 }
        return Step(step: step, promise: -LinearAlgebra.dot(step, gradient) / 2, unseenResiduals: residuals)
    }

    /// A point on the way of a step that lowers the cost; nil where there is none.
    private func lower(than point: KernelLikelihood.Point, _ step: Step) -> KernelLikelihood.Point? {
        var length = min(1, 2 / (step.step.map(abs).max() ?? 1))
        for _ in 0..<12 {
            let found = likelihood.point(zip(point.logs, step.step).map { $0 + length * $1 })
            if let found, found.value <= point.value - 2e-4 * length * step.promise { return found }
            length *= 0.4
        }
        return nil
    }

    private func factor(_ information: Matrix) -> Cholesky? {
        do {
            return try Cholesky(information)
        } catch {
            return nil
        }
    }
}
