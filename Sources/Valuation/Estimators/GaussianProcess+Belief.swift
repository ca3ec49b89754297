import Errors
import Numerics

extension GaussianProcess {
    /// What is believed about coalitions that were not evaluated, and about the values with them; standardised units.
    ///
    /// - Throws: ``LaurelError`` when the evaluated rows cannot be fitted.
    func belief(over candidates: [Coalition]) throws(LaurelError) -> CandidateBelief {
        let kernel = try fit().point.kernel
        let n = data.playerCount
        let count = coalitions.count
        let law = index.sizeLaw(playerCount: n)
        do {
            let nodes = try index.quadrature(count: n / 2 + 1)
            let functional = SemivalueFunctional(kernel, law: law, nodes: nodes)
            let cholesky = try Cholesky(
                likelihood.geometry.covariance(kernel, diagonal: likelihood.noiseDiagonal(kernel)))
            // One geometry over both lists gives the covariances within and between them.
            let all = coalitions + candidates
            let sizes = all.map(\.count)
            let order = all.indices.sorted { (sizes[$0], $0) < (sizes[$1], $1) }
            var place = order
            for (position, original) in order.enumerated() { place[original] = position }
            let joint = CoalitionGeometry(order.map { all[$0] }, playerCount: n)
                .covariance(kernel, diagonal: [Double](repeating: 0, count: all.count))
            func prior(_ a: Int, _ b: Int) -> Double { joint[max(place[a], place[b]), min(place[a], place[b])] }
            var between = Matrix(rows: count, columns: candidates.count)
            var within = Matrix(rows: candidates.count, columns: candidates.count)
            for row in candidates.indices {
                for column in 0..<count { between[column, row] = prior(count + row, column) }
                for column in 0...row {
                    within[row, column] = prior(count + row, count + column)
                    within[column, row] = within[row, column]
                }
            }
            let half = cholesky.solveLower(between)
            let known = cholesky.solveLower(functional.crossCovariance(of: coalitions))
            let explained = LinearAlgebra.symmetricProduct(half, transposed: true)
            let shared = LinearAlgebra.product(half, known, transposeA: true)
            var cross = functional.crossCovariance(of: candidates)
            for position in within.values.indices { within.values[position] -= explained.values[position] }
            for position in cross.values.indices { cross.values[position] -= shared.values[position] }
            return CandidateBelief(candidates: within, cross: cross, noise: kernel.noise + 1e-9)
        } catch {
            throw GaussianProcess.failure
        }
    }
}
