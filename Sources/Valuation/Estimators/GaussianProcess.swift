import Errors
import Glibc
import Numerics

/// The default estimator: a Gaussian process on coalitions, and the semivalue as a linear functional of it.
///
/// Value, covariance and prediction are closed forms once the kernel's parameters are known. These are found by marginal
/// likelihood and then integrated over (`GaussianProcess+Parameters.swift`), because the single best set would make the
/// intervals too short on small runs. One Cholesky factor of the rows' covariance for each parameter set: O(M³/3 + n·M²).
struct GaussianProcess {
    /// More coalitions than these are refused: their covariance alone would take half a gigabyte.
    static let mostRows = 8000

    let data: Evaluations
    let index: SemivalueIndex
    let seed: UInt64
    let scale: Double
    let likelihood: KernelLikelihood
    /// The evaluated coalitions in the order of the covariance's rows: ascending by size, ends included.
    let rows: [Evaluations.Pooled]

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
        rows = GaussianProcess.ordered(data, data.interior)
        likelihood = GaussianProcess.likelihood(data, rows: rows, scale: spread, noise: noise)
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

    /// Interior rows between both ends, ascending by size; rows of one size in the order given.
    static func ordered(_ data: Evaluations, _ interior: [Evaluations.Pooled]) -> [Evaluations.Pooled] {
        var bySize = [[Evaluations.Pooled]](repeating: [], count: data.playerCount + 1)
        for row in interior { bySize[row.size].append(row) }
        return [data.empty] + bySize.joined() + [data.full]
    }

    /// The likelihood of rows in ascending order of size.
    ///
    /// The priors of the logarithms are wide: amplitudes may be any from a millionth of the values' spread to all of it. That
    /// of `early`, whose factor at one player is about (n/2b)³ times that at n/2, is centred lower accordingly.
    static func likelihood(
        _ data: Evaluations, rows chosen: [Evaluations.Pooled], scale: Double,
        noise: (centre: Double, spread: Double)
    ) -> KernelLikelihood {
        return KernelLikelihood(
            geometry: CoalitionGeometry(chosen.map(\.coalition), playerCount: data.playerCount),
            targets: chosen.map { ($0.value - expectation(data, size: $0.size)) / scale },
            repeats: chosen.map { Double($0.repeats) },
            knownVariances: chosen.map { $0.knownVariance / (scale * scale) },
            centre: [-2, -2, -6, -2, -2, 0, log(0.3), log(0.1 * Double(data.playerCount)), noise.centre],
            spread: [4, 4, 5, 4, 4, 2, 1.2, 1.5, noise.spread])
    }

    /// Fits, and adds what the parameters' uncertainty does to the values.
    func solve() throws(LaurelError) -> Solution {
        let mode = try fit()
        do {
            let nodes = try index.quadrature(count: data.playerCount / 2 + 1)
            var solution = posterior(mode, law: index.sizeLaw(playerCount: data.playerCount), nodes: nodes)
            predict(at: mode, into: &solution)
            return solution
        } catch {
            throw GaussianProcess.failure
        }
    }

    static let failure = LaurelError.input(
        "the covariance of the coalitions cannot be factored", next: "look for values of wildly different magnitude")

    /// The coalitions of ``rows``.
    var coalitions: [Coalition] { rows.map(\.coalition) }

    /// Posterior mean and covariance of the values, in units of the property.
    ///
    /// The parameters are integrated over to first order: with θ normal around its mode and Φ = ∂φ/∂θ the covariance grows
    /// by Φ·Cov(θ)·Φᵀ.
    private func posterior(
        _ mode: ParameterSearch.Mode, law: [Double], nodes: [(q: Double, weight: Double)]
    ) -> Solution {
        let n = data.playerCount
        let functional = SemivalueFunctional(mode.point.kernel, law: law, nodes: nodes)
        let cross = functional.crossCovariance(of: coalitions)
        let mean = LinearAlgebra.product(cross, mode.point.weights, transposeA: true)
        let half = mode.point.cholesky.solveLower(cross)
        let explained = LinearAlgebra.symmetricProduct(half, transposed: true)
        let sensitivities = sensitivities(mode, half: half, law: law, nodes: nodes)
        var covariance = LinearAlgebra.product(
            sensitivities, LinearAlgebra.product(mode.covariance, sensitivities), transposeA: true)
        let square = scale * scale
        for i in 0..<n {
            for j in 0..<n {
                let prior = i == j ? functional.variance : functional.covariance
                covariance[i, j] = square * (covariance[i, j] + prior - explained[i, j])
            }
            covariance[i, i] = max(0, covariance[i, i])
        }
        let share = data.gain / Double(n)
        return Solution(values: mean.map { scale * $0 + share }, covariance: covariance)
    }

    /// Noise and leave-one-out skill at the best parameters: the residual without row i is [C⁻¹Y]ᵢ/[C⁻¹]ᵢᵢ.
    private func predict(at mode: ParameterSearch.Mode, into solution: inout Solution) {
        let values = rows.dropFirst().dropLast().map(\.value)
        let mean = values.reduce(0, +) / Double(values.count)
        let total = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let missed = (1...values.count).reduce(0.0) { sum, row in
            let residual = scale * mode.unseenResiduals[row]
            return sum + residual * residual
        }
        if total > 0 { solution.looR2 = 1 - missed / total }
        let known = data.interior.reduce(0) { $0 + $1.knownVariance * Double($1.repeats) } / Double(values.count)
        solution.noiseVariance = mode.point.kernel.noise * scale * scale + known
    }
}
