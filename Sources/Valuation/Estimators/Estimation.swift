package import Errors
import Numerics

/// Estimates a semivalue of every player from stored evaluations.
///
/// A pure function: equal rows, names and seed give equal bytes. Rows may come in any order and repeat. For Shapley values
/// the result adds up to v(N) − v(∅) exactly, both being means of the ends' evaluations.
///
/// - Parameters:
///   - rows: evaluations; the empty coalition and everyone must be among them.
///   - playerCount: number of players.
///   - estimator: which one; the regressions estimate Shapley values only.
///   - index: which semivalue.
///   - seed: of whatever chance the estimator uses (resampling, integration over parameters).
/// - Returns: values with intervals, their covariance, and what there is to warn of.
/// - Throws: ``LaurelError`` of kind `input` when the rows do not determine an estimate of this kind.
package func estimate(
    rows: [EvaluationRow], playerCount: Int, estimator: EstimatorName = .gp, index: SemivalueIndex = .shapley,
    seed: UInt64 = 0
) throws(LaurelError) -> Estimate {
    let data = try Evaluations(rows, playerCount: playerCount)
    if estimator.isShapleyOnly, !index.isEfficient {
        throw LaurelError.input(
            "estimator \(estimator) estimates Shapley values only",
            next: "use gp, svarm, msr, permutation or exact for index \(index)")
    }
    var solution = try Estimators.solve(data, estimator, index: index, seed: seed)
    let noise = Estimators.noiseVariance(data, solution)
    // The published estimator is left as published: its closed form is efficient already.
    if index.isEfficient {
        solution.makeEfficient(gain: data.gain, gainVariance: data.gainVariance(noise: noise ?? 0))
    }
    return Estimate(
        estimator: estimator, index: index,
        values: solution.values.enumerated().map {
            PlayerValue(value: $1, stdError: max(0, solution.covariance[$0, $0]).squareRoot())
        },
        covariance: solution.covariance, vEmpty: data.empty.value, vFull: data.full.value, evaluations: rows.count,
        noiseSD: noise?.squareRoot(), looR2: solution.looR2,
        warnings: Estimators.warnings(data) + solution.warnings)
}

/// Chooses among the estimators and says what every one of them has to warn of.
enum Estimators {
    static func solve(
        _ data: Evaluations, _ estimator: EstimatorName, index: SemivalueIndex, seed: UInt64
    ) throws(LaurelError) -> Solution {
        let n = data.playerCount
        guard n > 1 else {  // one player: every semivalue is the gain
            return Solution(values: [data.gain], covariance: Matrix(rows: 1, columns: 1))
        }
        let law = index.sizeLaw(playerCount: n)
        switch estimator {
        case .gp: return try gaussianProcess(data, index: index, law: law, seed: seed)
        case .kernel, .kernelPaired:
            let pairsOnly = estimator == .kernelPaired
            let values = try KernelRegression.published(
                data, Resample(data), pairsOnly: pairsOnly, isReplicate: false)
            return try bootstrapped(data, values, estimator, seed) { resample throws(LaurelError) in
                try KernelRegression.published(data, resample, pairsOnly: pairsOnly, isReplicate: true)
            }
        case .kernelUnbiased:
            let values = try KernelRegression.unbiased(data, Resample(data))
            return try bootstrapped(data, values, estimator, seed) { resample throws(LaurelError) in
                try KernelRegression.unbiased(data, resample)
            }
        case .leverage:
            let values = try LeverageRegression.plain(data, Resample(data))
            return try bootstrapped(data, values, estimator, seed) { resample throws(LaurelError) in
                try LeverageRegression.plain(data, resample)
            }
        case .leverageRidge: return try ridge(data)
        case .svarm: return Stratified.svarm(data, law: law)
        case .msr: return try SampleReuse.msr(data, law: law)
        case .permutation: return try Marginals.permutation(data, law: law)
        case .exact: return try Marginals.exact(data, law: law)
        }
    }

    private static func gaussianProcess(
        _ data: Evaluations, index: SemivalueIndex, law: [Double], seed: UInt64
    ) throws(LaurelError) -> Solution {
        let n = data.playerCount
        let isExact = data.isComplete && !data.showsNoise
        guard data.interior.count <= GaussianProcess.mostRows else {
            if isExact { return try Marginals.exact(data, law: law) }
            throw LaurelError.input(
                "estimator gp holds a matrix of all pairs of coalitions, and \(data.interior.count) are too many for it",
                next: "use estimator leverage-ridge or svarm, or at most \(GaussianProcess.mostRows) coalitions")
        }
        guard let process = GaussianProcess(data, index: index, seed: seed) else {
            return Solution(
                values: [Double](repeating: data.gain / Double(n), count: n), covariance: Matrix(rows: n, columns: n),
                noiseVariance: data.repeatVariance,
                warnings: ["all values lie on the line between the ends: nothing tells players apart, all are equal"])
        }
        var solution = try process.solve()
        // Every coalition is there and nothing shows that they are noisy: nothing is left to estimate.
        if isExact { solution.values = try Marginals.exact(data, law: law).values }
        return solution
    }

    private static func ridge(_ data: Evaluations) throws(LaurelError) -> Solution {
        let isExact = data.isComplete && !data.showsNoise
        guard data.playerCount > 1,
            let fit = try LeverageRegression.ridge(data, Resample(data), isExact: isExact)
        else {
            throw LaurelError.input(
                "fewer than two pairs of complementary coalitions were evaluated",
                next: "use a paired design, or estimator gp")
        }
        let share = data.gain / Double(data.playerCount)
        return Solution(values: fit.effects.map { $0 + share }, covariance: fit.covariance)
    }

    private static func bootstrapped(
        _ data: Evaluations, _ values: [Double], _ name: EstimatorName, _ seed: UInt64,
        _ estimate: (Resample) throws(LaurelError) -> [Double]
    ) throws(LaurelError) -> Solution {
        // With everything evaluated there is no sampling to imitate: only the noise of the rows is left.
        let covariance =
            data.isComplete && !data.showsNoise
            ? Matrix(rows: data.playerCount, columns: data.playerCount)
            : try Bootstrap.covariance(data, seed: seed, name: name, estimate)
        return Solution(values: values, covariance: covariance)
    }

    /// The variance of one evaluation: from repeats when there are enough of them, else what the estimator inferred.
    static func noiseVariance(_ data: Evaluations, _ solution: Solution) -> Double? {
        if let measured = data.repeatVariance, data.repeatFreedom >= 8 { return measured }
        return solution.noiseVariance ?? data.repeatVariance
    }

    /// What is remarkable about the rows themselves.
    static func warnings(_ data: Evaluations) -> [String] {
        let n = data.playerCount
        var warnings: [String] = []
        guard n > 1 else { return warnings }
        if data.interior.count < n {
            warnings.append(
                "only \(data.interior.count) coalitions for \(n) players: most of what is said of them is prior")
        }
        var presence = [Int](repeating: 0, count: n)
        for row in data.interior {
            for player in row.coalition.members { presence[player] += 1 }
        }
        let always = presence.count { $0 == data.interior.count }
        let never = presence.count { $0 == 0 }
        if always > 0 { warnings.append("\(always) of the players are in every coalition between the ends") }
        if never > 0 { warnings.append("\(never) of the players are in no coalition between the ends") }
        if data.interior.allSatisfy({ $0.value == data.empty.value }), data.full.value == data.empty.value {
            warnings.append("all values are equal")
        }
        return warnings
    }
}
