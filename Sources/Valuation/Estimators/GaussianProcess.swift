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

    /// The likelihood of some of the interior rows and both ends.
    ///
    /// The priors of the logarithms are wide: amplitudes may be any from a millionth of the values' spread to all of it. That
    /// of `early`, whose factor at one player is about (n/2b)³ times that at n/2, is centred lower accordingly.
    static func likelihood(
        _ data: Evaluations, rows: [Int], scale: Double, noise: (centre: Double, spread: Double)
    ) -> KernelLikelihood {
        let chosen = rows.map { data.interior[$0] } + [data.empty, data.full]
        return KernelLikelihood(
            geometry: CoalitionGeometry(chosen.map(\.coalition), playerCount: data.playerCount),
            targets: chosen.map { ($0.value - expectation(data, size: $0.size)) / scale },
            repeats: chosen.map { Double($0.repeats) },
            knownVariances: chosen.map { $0.knownVariance / (scale * scale) },
            centre: [-2, -2, -6, -2, -2, 0, log(0.3), log(0.1 * Double(data.playerCount)), noise.centre],
            spread: [4, 4, 5, 4, 4, 2, 1.2, 1.5, noise.spread])
    }

    /// Fits and integrates.
    func solve() throws(LaurelError) -> Solution {
        let search = try search()
        do {
            let law = index.sizeLaw(playerCount: data.playerCount)
            let nodes = try index.quadrature(count: data.playerCount / 2 + 1)
            let members = integrationPoints(around: search)
            guard let best = likelihood.point(search.best.point) else { throw GaussianProcess.failure }
            var solution =
                members.isEmpty
                ? posterior(best, law: law, nodes: nodes)
                : mixture(
                    try members.map { try posterior(of: $0, law: law, nodes: nodes) }, members.map(\.weight))
            predict(at: best, into: &solution)
            return solution
        } catch {
            throw GaussianProcess.failure
        }
    }

    static let failure = LaurelError.input(
        "the covariance of the coalitions cannot be factored", next: "look for values of wildly different magnitude")

    /// The evaluated coalitions in the order of the covariance's rows.
    var coalitions: [Coalition] {
        data.interior.map(\.coalition) + [data.empty.coalition, data.full.coalition]
    }

    /// Posterior mean and covariance of the values for one parameter set, in units of the property.
    private func posterior(
        _ point: KernelLikelihood.Point, law: [Double], nodes: [(q: Double, weight: Double)]
    ) -> Solution {
        let n = data.playerCount
        let functional = SemivalueFunctional(point.kernel, law: law, nodes: nodes)
        let cross = functional.crossCovariance(of: coalitions)
        let mean = LinearAlgebra.product(cross, point.weights, transposeA: true)
        let half = point.cholesky.solveLower(cross)
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

    /// The same for a weighted parameter set, factoring all rows where the search saw only some.
    private func posterior(
        of member: IntegrationPoint, law: [Double], nodes: [(q: Double, weight: Double)]
    ) throws(LaurelError) -> Solution {
        guard let point = member.point ?? likelihood.point(member.logs) else { throw GaussianProcess.failure }
        return posterior(point, law: law, nodes: nodes)
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
    private func predict(at point: KernelLikelihood.Point, into solution: inout Solution) {
        let weights = point.weights
        let diagonal = point.cholesky.inverse().diagonal
        let values = data.interior.map(\.value)
        let mean = values.reduce(0, +) / Double(values.count)
        let total = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let missed = values.indices.reduce(0.0) { sum, row in
            let residual = scale * weights[row] / diagonal[row]
            return sum + residual * residual
        }
        if total > 0 { solution.looR2 = 1 - missed / total }
        let known = data.interior.reduce(0) { $0 + $1.knownVariance * Double($1.repeats) } / Double(values.count)
        solution.noiseVariance = point.kernel.noise * scale * scale + known
    }
}
