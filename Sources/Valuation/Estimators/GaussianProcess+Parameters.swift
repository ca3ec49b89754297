import Errors
import Glibc
import Numerics

extension GaussianProcess {
    /// At most so many rows inform the nine parameters; more would not move them and would cost their cube.
    static let rowsForParameters = 500
    /// The search begins on so many rows, which cost next to nothing, and ends on those that inform.
    static let rowsForStart = 80

    /// Where the search for the parameters ended, and what it looked at on the way.
    struct ParameterSearch {
        /// The most probable parameters.
        let best: Minimiser.Minimum
        /// The rows that inform the parameters.
        let informing: KernelLikelihood
        /// A square root of the parameters' covariance around there; nil where the curvature is unknown.
        let shape: Matrix?
    }

    /// A parameter set with its weight in the posterior law.
    struct IntegrationPoint {
        let logs: [Double]
        var weight: Double
        /// Its factor over all rows, where all rows inform the parameters.
        let point: KernelLikelihood.Point?
    }

    /// Finds the most probable parameters, first on few rows, from there on all that inform.
    func search() throws(LaurelError) -> ParameterSearch {
        let informing = subset(GaussianProcess.rowsForParameters)
        let sample = subset(GaussianProcess.rowsForStart)
        guard
            let start = Minimiser.minimise(
                from: sample.centre, iterations: 40, tolerance: 0.02, { sample.evaluate($0) })
        else { throw GaussianProcess.failure }
        let growth = Double(informing.geometry.count) / Double(sample.geometry.count)
        let shape = GaussianProcess.shape(of: sample, at: start.point, growth: growth)
        guard growth > 1 else { return ParameterSearch(best: start, informing: informing, shape: shape) }
        guard
            let best = Minimiser.minimise(
                from: start.point, iterations: 12, tolerance: 0.05,
                inverse: shape.map { LinearAlgebra.symmetricProduct($0) } ?? start.inverse,
                { informing.evaluate($0) })
        else { throw GaussianProcess.failure }
        return ParameterSearch(best: best, informing: informing, shape: shape)
    }

    /// The most probable parameters, as a kernel.
    func fittedKernel() throws(LaurelError) -> CoalitionKernel {
        CoalitionKernel(playerCount: data.playerCount, logs: try search().best.point)
    }

    /// Whole pairs drawn by the seed, as many as make at most `limit` rows; all rows where there are no more.
    private func subset(_ limit: Int) -> KernelLikelihood {
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

    /// Parameter sets with weights that stand for their posterior law; none where the curvature at the mode is unknown.
    ///
    /// Importance sampling from the Laplace approximation, in pairs on both sides of the mode.
    func integrationPoints(around search: ParameterSearch) -> [IntegrationPoint] {
        let mode = search.best.point
        let rows = data.interior.count
        let pairs = rows > 1500 ? 2 : rows > 200 ? 4 : 8
        guard let shape = search.shape else { return [] }
        let isWhole = search.informing.geometry.count == likelihood.geometry.count
        var stream = RandomStream(seed: seed, "valuation.gp.parameters")
        var points: [IntegrationPoint] = []
        for _ in 0..<pairs {
            let normals = mode.map { _ in stream.normal() }
            let shift = LinearAlgebra.product(shape, normals)
            let density = -LinearAlgebra.dot(normals, normals) / 2
            for sign in [1.0, -1.0] {
                let logs = zip(mode, shift).map { $0 + sign * $1 }
                guard let point = search.informing.point(logs) else { continue }
                let weight = exp(min(20, search.best.value - point.value - density))
                points.append(IntegrationPoint(logs: logs, weight: weight, point: isWhole ? point : nil))
            }
        }
        let total = points.reduce(0) { $0 + $1.weight }
        guard total > 0 else { return [] }
        // Truncated importance sampling (Ionides 2008): one lucky point must not speak for all.
        let cap = total / Double(points.count).squareRoot()
        for index in points.indices { points[index].weight = min(points[index].weight, cap) }
        let capped = points.reduce(0) { $0 + $1.weight }
        for index in points.indices { points[index].weight /= capped }
        return points
    }

    /// A square root of the inverse Hessian at a point, from differences of gradients; nil where it does not exist.
    ///
    /// The differences are taken on a sample of the rows; the likelihood's curvature grows with the number of rows, that of
    /// the priors does not.
    private static func shape(of sample: KernelLikelihood, at mode: [Double], growth: Double) -> Matrix? {
        guard let centre = sample.evaluate(mode) else { return nil }
        let step = 0.1
        var hessian = Matrix(rows: mode.count, columns: mode.count)
        for index in mode.indices {
            var moved = mode
            moved[index] += step
            guard let found = sample.evaluate(moved) else { return nil }
            for other in mode.indices {
                let slope = (found.gradient[other] - centre.gradient[other]) / step
                hessian[index, other] += growth * slope / 2
                hessian[other, index] += growth * slope / 2
            }
            hessian[index, index] -= (growth - 1) / (sample.spread[index] * sample.spread[index])
        }
        let eigen: LinearAlgebra.SymmetricEigen
        do {
            eigen = try LinearAlgebra.symmetricEigen(hessian)
        } catch {
            return nil
        }
        var root = eigen.vectors
        for column in mode.indices {
            // No direction is wider than this, whatever the curvature at the mode says.
            let deviation = min(2, 1 / max(eigen.values[column], 0.1).squareRoot())
            for row in mode.indices { root[row, column] *= deviation }
        }
        return root
    }
}
