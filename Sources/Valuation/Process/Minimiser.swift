import Numerics

/// Quasi-Newton minimisation (BFGS with backtracking) of a smooth function of a few variables.
enum Minimiser {
    /// Where the search ended.
    struct Minimum {
        var point: [Double]
        var value: Double
        /// The inverse Hessian as far as the steps have shown it.
        var inverse: Matrix
    }

    /// Walks downhill from `start`; at most `iterations` steps, none longer than 2 in any variable.
    ///
    /// A point where `function` is nil counts as infinitely high. With `inverse`, an inverse Hessian known from elsewhere,
    /// the first steps are as long as the later ones.
    ///
    /// - Returns: nil when the function has no value at the start.
    static func minimise(
        from start: [Double], iterations: Int, tolerance: Double, inverse known: Matrix? = nil,
        _ function: ([Double]) -> (value: Double, gradient: [Double])?
    ) -> Minimum? {
        guard var current = function(start) else { return nil }
        var point = start
        let count = start.count
        var inverse = known ?? .identity(count)
        var isScaled = known != nil
        for _ in 0..<iterations {
            var step = LinearAlgebra.product(inverse, current.gradient).map { -$0 }
            var slope = LinearAlgebra.dot(step, current.gradient)
            if slope >= 0 {  // rounding has spoilt the curvature: start again downhill
                inverse = .identity(count)
                step = current.gradient.map { -$0 }
                slope = LinearAlgebra.dot(step, current.gradient)
            }
            if -slope < tolerance { break }
            let longest = step.map(abs).max() ?? 0
            var length = min(1, (isScaled ? 2 : 0.5) / longest)
            var accepted: (point: [Double], value: Double, gradient: [Double])?
            for _ in 0..<12 {
                let candidate = zip(point, step).map { $0 + length * $1 }
                if let found = function(candidate), found.value <= current.value + 1e-4 * length * slope {
                    accepted = (candidate, found.value, found.gradient)
                    break
                }
                length *= 0.4
            }
            guard let accepted else { break }
            update(
                &inverse, step: zip(accepted.point, point).map { $0 - $1 },
                change: zip(accepted.gradient, current.gradient).map { $0 - $1 }, isFirst: !isScaled)
            isScaled = true
            point = accepted.point
            current = (accepted.value, accepted.gradient)
        }
        return Minimum(point: point, value: current.value, inverse: inverse)
    }

    /// The BFGS update of the inverse Hessian; skipped where the curvature along the step is not positive.
    private static func update(_ inverse: inout Matrix, step: [Double], change: [Double], isFirst: Bool) {
        let curvature = LinearAlgebra.dot(step, change)
        guard curvature > 1e-12 else { return }
        if isFirst {
            let scale = curvature / LinearAlgebra.dot(change, change)
            for i in step.indices { inverse[i, i] = scale }
        }
        let projected = LinearAlgebra.product(inverse, change)
        let factor = (1 + LinearAlgebra.dot(change, projected) / curvature) / curvature
        for i in step.indices {
            for j in step.indices {
                inverse[i, j] +=
                    factor * step[i] * step[j] - (projected[i] * step[j] + step[i] * projected[j]) / curvature
            }
        }
    }
}
