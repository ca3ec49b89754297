import Errors
import Numerics

/// A game as one resample sees it: how much each interior coalition counts, and jittered ends.
struct Resample: Sendable {
    /// Multiplicity of each interior coalition.
    var weights: [Double]
    /// v(∅).
    var vEmpty: Double
    /// v(N).
    var vFull: Double

    /// v(N) − v(∅).
    var gain: Double { vFull - vEmpty }

    /// The data as they are.
    init(_ data: Evaluations) {
        weights = data.interior.map { Double($0.repeats) }
        vEmpty = data.empty.value
        vFull = data.full.value
    }
}

/// Covariance of an estimator's values by resampling pairs and jittering the ends by their standard errors.
enum Bootstrap {
    /// Runs `estimate` on resamples; 200 of them, fewer where rows and players are many.
    static func covariance(
        _ data: Evaluations, seed: UInt64, name: EstimatorName,
        _ estimate: (Resample) throws(LaurelError) -> [Double]
    ) throws(LaurelError) -> Matrix {
        let n = data.playerCount
        let cells = data.interior.count * n
        let replicates = cells > 5_000_000 ? 40 : cells * n > 500_000_000 ? 60 : 200
        let units = BootstrapUnits(data)
        let noise = (data.repeatVariance ?? 0).squareRoot()
        var stream = RandomStream(seed: seed, "valuation.bootstrap.\(name.rawValue)")
        var draws = Matrix(rows: replicates, columns: n)
        for replicate in 0..<replicates {
            var resample = Resample(data)
            let counts = units.multiplicities(rows: data.interior.count, &stream)
            for row in counts.indices { resample.weights[row] *= counts[row] }
            resample.vEmpty += stream.normal() * noise / Double(data.empty.repeats).squareRoot()
            resample.vFull += stream.normal() * noise / Double(data.full.repeats).squareRoot()
            let values = try estimate(resample)
            for player in 0..<n { draws[replicate, player] = values[player] }
        }
        for player in 0..<n {
            let mean = (0..<replicates).reduce(0.0) { $0 + draws[$1, player] } / Double(replicates)
            for replicate in 0..<replicates { draws[replicate, player] -= mean }
        }
        var covariance = LinearAlgebra.symmetricProduct(draws, transposed: true)
        for position in covariance.values.indices { covariance.values[position] /= Double(replicates - 1) }
        return covariance
    }
}
