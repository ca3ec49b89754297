import Errors
import Glibc
import Numerics

extension GaussianProcess {
    /// The search for the parameters begins on so many rows, which cost next to nothing; every further stage has twice as
    /// many, up to ``rowsOfLastStage``, and all rows come last.
    private static let rowsOfFirstStage = 60
    private static let rowsOfLastStage = 500

    /// The most probable parameters.
    ///
    /// One Newton step from where the stage before ended is enough, unless it promises a lot: what is integrated over
    /// afterwards need not be found to the last digit.
    func fit() throws(LaurelError) -> ParameterSearch.Mode {
        var stages: [KernelLikelihood] = []
        var units = BootstrapUnits(data).units
        var stream = RandomStream(seed: seed, "valuation.gp.rows")
        stream.shuffle(&units)
        var limit = GaussianProcess.rowsOfFirstStage
        while 3 * limit / 2 <= data.interior.count, limit <= GaussianProcess.rowsOfLastStage {
            stages.append(subset(limit, of: units))
            limit *= 2
        }
        stages.append(likelihood)
        var mode: ParameterSearch.Mode?
        for stage in stages {
            let start = mode.map { stage.point($0.point.logs) } ?? GaussianProcess.start(stage)
            guard let start,
                let found = ParameterSearch(likelihood: stage).descend(
                    from: start, iterations: 20, tolerance: stages.count > 1 ? 8 : 2)
            else { throw GaussianProcess.failure }
            mode = found
        }
        guard let mode else { throw GaussianProcess.failure }
        return mode
    }

    /// Where the search may start: parameters of games in which size is all but everything, in which players are shares in a
    /// mixture, and in which they add up; the base's weight is in units of its prior's centre. Where the search ends does
    /// not depend on it, only how soon.
    private static let starts: [[Double]] = [
        [-5.8, -3.8, -7, -5, -5.4, 1.4, -1.2, 0.1, -4.8],
        [-4, -1, -8, -4.2, -4, -0.3, -1.2, -0.2, -2.4],
        [-2, -1.3, -6.2, -3.5, -2.1, -0.2, -1.1, 1.5, -1.7],
    ]

    /// The likeliest of ``starts``.
    private static func start(_ likelihood: KernelLikelihood) -> KernelLikelihood.Point? {
        let base = CoalitionKernel.Parameter.base.rawValue
        let noise = CoalitionKernel.Parameter.noise.rawValue
        return starts.compactMap { start in
            var logs = start
            logs[base] += likelihood.centre[base]
            // What repeats have measured is better than a guess.
            if likelihood.spread[noise] < 2 { logs[noise] = likelihood.centre[noise] }
            return likelihood.point(logs)
        }.min { $0.value < $1.value }
    }

    /// The first whole pairs, as many as make at most `limit` rows.
    private func subset(_ limit: Int, of units: [[Int]]) -> KernelLikelihood {
        let noise = CoalitionKernel.Parameter.noise.rawValue
        var rows: [Int] = []
        for unit in units where rows.count + unit.count <= limit { rows += unit }
        return GaussianProcess.likelihood(
            data, rows: GaussianProcess.ordered(data, rows.sorted().map { data.interior[$0] }), scale: scale,
            noise: (likelihood.centre[noise], likelihood.spread[noise]))
    }

    /// Derivatives of the values (standardised) by the logarithms of the parameters: parameters × players.
    ///
    /// With φ = cᵀC⁻¹Y: ∂φ/∂p = (∂c/∂p)ᵀC⁻¹Y − cᵀC⁻¹(∂C/∂p)C⁻¹Y.
    func sensitivities(
        _ mode: ParameterSearch.Mode, half: Matrix, law: [Double], nodes: [(q: Double, weight: Double)]
    ) -> Matrix {
        let n = data.playerCount
        var result = LinearAlgebra.product(mode.response.rows, half, transposeA: true, scale: -1)
        // Weights of the rows with each player, and of all rows, by size.
        var sums = Matrix(rows: n + 1, columns: n)
        var totals = [Double](repeating: 0, count: n + 1)
        for (coalition, weight) in zip(coalitions, mode.point.weights) {
            let size = coalition.count
            totals[size] += weight
            for player in coalition.members { sums[size, player] += weight }
        }
        let slopes = SemivalueFunctional.slopes(mode.point.logs, playerCount: n, law: law, nodes: nodes)
        for (parameter, tables) in slopes.enumerated() {
            let rest = LinearAlgebra.dot(tables.outside, totals)
            let gaps = zip(tables.inside, tables.outside).map { $0 - $1 }
            let joined = LinearAlgebra.product(sums, gaps, transposeA: true)
            for player in 0..<n { result[parameter, player] += rest + joined[player] }
        }
        return result
    }
}
