import Errors
import Glibc
import Numerics

/// The default estimator: a Gaussian process on coalitions, and the semivalue as a linear functional of it.
///
/// Value, covariance and prediction are closed forms once the kernel's parameters are known. These are found by marginal
/// likelihood and then integrated over (Laplace approximation as proposal, importance weights), because the single best
/// set would make the intervals too short on small runs. One Cholesky factor of the rows' covariance for each parameter
/// set: O(M³/3 + n·M²).
struct GaussianProcess {
    /// At most so many rows inform the nine parameters; more would not move them and would cost their cube.
    static let rowsForParameters = 500

    let data: Evaluations
    let index: SemivalueIndex
    private let seed: UInt64
    private let scale: Double
    let likelihood: KernelLikelihood

    /// Prepares a fit; nil when the values hold no information beside the ends (all on the line between them).
    init?(_ data: Evaluations, index: SemivalueIndex, seed: UInt64) {
        self.data = data
        self.index = index
        self.seed = seed
        let residuals = data.interior.map { $0.value - GaussianProcess.expectation(data, size: $0.size) }
        let mean = residuals.reduce(0, +) / Double(residuals.count)
        let variance = residuals.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(residuals.count)
        let magnitude = abs(data.empty.value) + abs(data.full.value)
        let spread = variance.squareRoot() > 1e-12 * magnitude ? variance.squareRoot() : abs(mean)
        guard spread > 1e-12 * magnitude, spread > 0 else { return nil }
        scale = spread
        let noise = GaussianProcess.noisePrior(data, scale: spread)
        likelihood = GaussianProcess.likelihood(
            data, rows: Array(data.interior.indices), scale: spread, noise: noise)
    }

    /// The line between the ends, which is the prior mean: Δ·k/n above v(∅).
    private static func expectation(_ data: Evaluations, size: Int) -> Double {
        data.empty.value + data.gain * Double(size) / Double(data.playerCount)
    }

    /// Prior of the noise's logarithm: centred on what repeats measured, or wide.
    private static func noisePrior(_ data: Evaluations, scale: Double) -> (centre: Double, spread: Double) {
        let known =
            data.interior.reduce(0) { $0 + $1.knownVariance * Double($1.repeats) } / Double(data.interior.count)
        guard let measured = data.repeatVariance else { return (log(0.1), 2) }
        let excess = max(measured - known, 0.05 * measured) / (scale * scale)
        return (log(max(excess, 1e-8)), min(2, max(0.2, (2 / Double(data.repeatFreedom)).squareRoot())))
    }

    private static func likelihood(
        _ data: Evaluations, rows: [Int], scale: Double, noise: (centre: Double, spread: Double)
    ) -> KernelLikelihood {
        let chosen = rows.map { data.interior[$0] } + [data.empty, data.full]
        return KernelLikelihood(
            geometry: CoalitionGeometry(chosen.map(\.coalition), playerCount: data.playerCount),
            targets: chosen.map { ($0.value - expectation(data, size: $0.size)) / scale },
            repeats: chosen.map { Double($0.repeats) },
            knownVariances: chosen.map { $0.knownVariance / (scale * scale) },
            centre: [
                log(0.5), log(0.3), log(0.5), log(0.5), log(1), log(0.3), log(0.3), log(0.1 * Double(data.playerCount)),
                noise.centre,
            ],
            spread: [2, 2, 2, 1.5, 1.5, 1.2, 0.5, 1.5, noise.spread])
    }

    /// Fits and integrates.
    func solve() throws(LaurelError) -> Solution {
        let informing = subset()
        let best = try fit(informing)
        let draws = integrationPoints(around: best, informing)
        do {
            let law = index.sizeLaw(playerCount: data.playerCount)
            let nodes = try index.quadrature(count: data.playerCount / 2 + 1)
            var solution = try mixture(
                draws.map { try posterior($0.logs, law: law, nodes: nodes) }, draws.map(\.weight))
            try predict(at: best.point, into: &solution)
            return solution
        } catch {
            throw GaussianProcess.failure
        }
    }

    /// The most probable parameters.
    private func fit(_ informing: KernelLikelihood) throws(LaurelError) -> Minimiser.Minimum {
        guard
            let best = Minimiser.minimise(
                from: informing.centre, iterations: 40, tolerance: 1e-3, { informing.evaluate($0) })
        else { throw GaussianProcess.failure }
        return best
    }

    /// The most probable parameters, as a kernel.
    func fittedKernel() throws(LaurelError) -> CoalitionKernel {
        CoalitionKernel(playerCount: data.playerCount, logs: try fit(subset()).point)
    }

    static let failure = LaurelError.input(
        "the covariance of the coalitions cannot be factored", next: "look for values of wildly different magnitude")

    /// The rows that inform the parameters: all, or whole pairs drawn by the seed.
    private func subset() -> KernelLikelihood {
        let limit = GaussianProcess.rowsForParameters
        let noise = CoalitionKernel.Parameter.noise.rawValue
        guard data.interior.count > limit else { return likelihood }
        var units = BootstrapUnits(data).units
        var stream = RandomStream(seed: seed, "valuation.gp.rows")
        stream.shuffle(&units)
        var rows: [Int] = []
        for unit in units where rows.count + unit.count <= limit { rows += unit }
        return GaussianProcess.likelihood(
            data, rows: rows.sorted(), scale: scale, noise: (likelihood.centre[noise], likelihood.spread[noise]))
    }

    /// Parameter sets with weights that stand for their posterior law.
    private func integrationPoints(
        around best: Minimiser.Minimum, _ informing: KernelLikelihood
    ) -> [(logs: [Double], weight: Double)] {
        let count = best.point.count
        let draws = data.interior.count > 1500 ? 2 : 6
        guard let shape = proposal(around: best.point, informing) else { return [(best.point, 1)] }
        var stream = RandomStream(seed: seed, "valuation.gp.parameters")
        var points: [(logs: [Double], weight: Double)] = []
        for _ in 0..<draws {
            let normals = (0..<count).map { _ in stream.normal() }
            let shift = LinearAlgebra.product(shape, normals)
            let density = -LinearAlgebra.dot(normals, normals) / 2
            for sign in [1.0, -1.0] {
                let logs = zip(best.point, shift).map { $0 + sign * $1 }
                guard let value = informing.evaluate(logs)?.value else { continue }
                points.append((logs, exp(min(20, best.value - value - density))))
            }
        }
        let total = points.reduce(0) { $0 + $1.weight }
        guard total > 0 else { return [(best.point, 1)] }
        // Truncated importance sampling (Ionides 2008): one lucky point must not speak for all.
        let cap = total / Double(points.count).squareRoot()
        points = points.map { ($0.logs, min($0.weight, cap)) }
        let capped = points.reduce(0) { $0 + $1.weight }
        return points.map { ($0.logs, $0.weight / capped) }
    }

    /// A square root of the inverse Hessian at the mode, from differences of gradients; nil where it does not exist.
    private func proposal(around mode: [Double], _ informing: KernelLikelihood) -> Matrix? {
        guard let centre = informing.evaluate(mode) else { return nil }
        let step = 0.1
        var hessian = Matrix(rows: mode.count, columns: mode.count)
        for index in mode.indices {
            var moved = mode
            moved[index] += step
            guard let found = informing.evaluate(moved) else { return nil }
            for other in mode.indices {
                let slope = (found.gradient[other] - centre.gradient[other]) / step
                hessian[index, other] += slope / 2
                hessian[other, index] += slope / 2
            }
        }
        let eigen: LinearAlgebra.SymmetricEigen
        do {
            eigen = try LinearAlgebra.symmetricEigen(hessian)
        } catch {
            return nil
        }
        var root = eigen.vectors
        for column in mode.indices {
            // No direction is wider than the widest prior, whatever the curvature at the mode says.
            let deviation = min(2, 1 / max(eigen.values[column], 0.1).squareRoot())
            for row in mode.indices { root[row, column] *= deviation }
        }
        return root
    }

    /// The evaluated coalitions in the order of the covariance's rows.
    var coalitions: [Coalition] {
        data.interior.map(\.coalition) + [data.empty.coalition, data.full.coalition]
    }

    /// Posterior mean and covariance of the values for one parameter set, in units of the property.
    private func posterior(
        _ logs: [Double], law: [Double], nodes: [(q: Double, weight: Double)]
    ) throws(LinearAlgebraError) -> Solution {
        let n = data.playerCount
        let kernel = CoalitionKernel(playerCount: n, logs: logs)
        let functional = SemivalueFunctional(kernel, law: law, nodes: nodes)
        let cholesky = try Cholesky(
            likelihood.geometry.covariance(kernel, diagonal: likelihood.noiseDiagonal(kernel)))
        let cross = functional.crossCovariance(of: coalitions)
        let half = cholesky.solveLower(cross)
        let mean = LinearAlgebra.product(half, cholesky.solveLower(likelihood.targets), transposeA: true)
        var covariance = LinearAlgebra.symmetricProduct(half, transposed: true)
        let square = scale * scale
        for i in 0..<n {
            for j in 0..<n {
                let prior = i == j ? functional.variance : functional.covariance
                covariance[i, j] = square * (prior - covariance[i, j])
            }
        }
        let share = data.gain / Double(n)
        return Solution(values: mean.map { scale * $0 + share }, covariance: covariance)
    }

    /// The law of total variance over parameter sets.
    private func mixture(_ members: [Solution], _ weights: [Double]) -> Solution {
        let n = data.playerCount
        var values = [Double](repeating: 0, count: n)
        for (member, weight) in zip(members, weights) {
            for i in 0..<n { values[i] += weight * member.values[i] }
        }
        var covariance = Matrix(rows: n, columns: n)
        for (member, weight) in zip(members, weights) {
            let apart = zip(member.values, values).map { $0 - $1 }
            for i in 0..<n {
                for j in 0..<n { covariance[i, j] += weight * (member.covariance[i, j] + apart[i] * apart[j]) }
            }
        }
        for i in 0..<n { covariance[i, i] = max(0, covariance[i, i]) }
        return Solution(values: values, covariance: covariance)
    }

    /// Noise and leave-one-out skill at the best parameters: the residual without row i is [C⁻¹Y]ᵢ/[C⁻¹]ᵢᵢ.
    private func predict(at logs: [Double], into solution: inout Solution) throws(LinearAlgebraError) {
        let kernel = CoalitionKernel(playerCount: data.playerCount, logs: logs)
        let cholesky = try Cholesky(
            likelihood.geometry.covariance(kernel, diagonal: likelihood.noiseDiagonal(kernel)))
        let weights = cholesky.solve(likelihood.targets)
        let diagonal = cholesky.inverse().diagonal
        let values = data.interior.map(\.value)
        let mean = values.reduce(0, +) / Double(values.count)
        let total = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let missed = values.indices.reduce(0.0) { sum, row in
            let residual = scale * weights[row] / diagonal[row]
            return sum + residual * residual
        }
        if total > 0 { solution.looR2 = 1 - missed / total }
        let known = data.interior.reduce(0) { $0 + $1.knownVariance * Double($1.repeats) } / Double(values.count)
        solution.noiseVariance = kernel.noise * scale * scale + known
    }
}
