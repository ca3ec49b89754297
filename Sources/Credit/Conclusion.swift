import Errors
package import Valuation

/// What one estimator says about one property of a run, and how it compares with the plan's estimator.
package struct ConcludedEstimate: Sendable {
    /// The property, or ``Conclusion/combined``.
    package let property: String
    package let estimate: Estimate
    /// Whether money follows these values: exactly one estimate of a run.
    package let pays: Bool
    /// How it agrees with the plan's estimator; nil for that one itself.
    package let check: CrossCheck?
}

/// The credits of a run: a pure function of its plan and its stored evaluations.
package enum Conclusion {
    /// The name of the mix of several properties by the plan's weights.
    package static let combined = "combined"

    /// The estimators that stand beside the plan's one: the published one, and two that fail in other ways.
    static let beside: [EstimatorName] = [.gp, .kernel, .leverageRidge, .svarm]

    /// Estimates every property, and the mix when there are several.
    ///
    /// - Throws: ``LaurelError`` when the evaluations do not determine the plan's estimate.
    package static func conclude(_ plan: CreditPlan, _ evaluations: [StoredEvaluation]) throws -> [ConcludedEstimate] {
        let main = try EstimatorName(name: plan.estimator)
        return try games(plan, evaluations).flatMap { game in
            try estimates(game, main: main, playerCount: plan.players.count, pays: game.pays)
        }
    }

    /// The half-widths of the paying estimate's intervals, summed, as a share of v(N) − v(∅): the share of the pool that
    /// is not decided yet. Infinite when the gain is zero.
    package static func undecidedShare(_ plan: CreditPlan, _ evaluations: [StoredEvaluation]) throws -> Double {
        guard let game = games(plan, evaluations).first(where: \.pays) else { return .infinity }
        let estimate = try Valuation.estimate(
            rows: game.rows, playerCount: plan.players.count, estimator: try EstimatorName(name: plan.estimator))
        let gain = abs(estimate.vFull - estimate.vEmpty)
        return estimate.values.reduce(0) { $0 + ($1.high - $1.low) / 2 } / gain
    }

    /// The evaluations of one property as a game in which more is better.
    private struct Game {
        let property: String
        let rows: [EvaluationRow]
        let pays: Bool
    }

    /// The rows of every property as more-is-better utilities, in the tasks' order: what is estimated and exported.
    package static func rows(
        _ plan: CreditPlan, _ evaluations: [StoredEvaluation]
    ) -> [(property: WeightedProperty, rows: [EvaluationRow])] {
        let position = Dictionary(uniqueKeysWithValues: plan.players.enumerated().map { ($1, $0) })
        let byProperty = Dictionary(grouping: evaluations, by: \.property)
        return plan.properties.map { property in
            let sign: Double = property.lowerIsBetter ? -1 : 1
            let rows = (byProperty[property.name] ?? []).sorted { $0.task < $1.task }.map { stored in
                EvaluationRow(
                    coalition: Coalition(
                        playerCount: plan.players.count, members: stored.coalition.compactMap { position[$0] }),
                    value: sign * stored.value, variance: stored.variance, seed: UInt64(stored.pairSeed))
            }
            return (property, rows)
        }
    }

    /// The evaluations as the file that `credit estimate` reads; only tasks of which every property is stored, which is
    /// all of them.
    package static func file(_ plan: CreditPlan, _ evaluations: [StoredEvaluation]) -> EvaluationFile {
        EvaluationFile(
            players: plan.players,
            properties: rows(plan, evaluations).map { (name: $0.property.name, rows: $0.rows) })
    }

    private static func games(_ plan: CreditPlan, _ evaluations: [StoredEvaluation]) -> [Game] {
        let properties = rows(plan, evaluations)
        let singles = properties.map { Game(property: $0.property.name, rows: $0.rows, pays: properties.count == 1) }
        guard properties.count > 1 else { return singles }
        return singles + [Game(property: combined, rows: mixed(properties), pays: true)]
    }

    /// Σ weight · value / spread, the spread of a property being the standard deviation of its values over all
    /// evaluations but the ends. The Shapley value is linear, so the credits of the mix are the mix of the credits, and
    /// properties of different units weigh what the plan says. A property that never changes adds nothing.
    private static func mixed(_ properties: [(property: WeightedProperty, rows: [EvaluationRow])]) -> [EvaluationRow] {
        let total = properties.reduce(0) { $0 + Double($1.property.weightMillionths) }
        let factors = properties.map { property, rows in
            let spread = standardDeviation(
                rows.filter { !$0.coalition.isEmpty && !$0.coalition.isEveryone }.map(\.value))
            return spread > 0 ? Double(property.weightMillionths) / total / spread : 0
        }
        guard let first = properties.first?.rows else { return [] }
        return first.indices.map { index in
            let parts = zip(factors, properties).map { (factor: $0, row: $1.rows[index]) }
            // As if independent: the variances come from the same images, but of different features of them.
            let variances = parts.compactMap { part in part.row.variance.map { part.factor * part.factor * $0 } }
            return EvaluationRow(
                coalition: first[index].coalition, value: parts.reduce(0) { $0 + $1.factor * $1.row.value },
                variance: variances.count == parts.count ? variances.reduce(0, +) : nil, seed: first[index].seed)
        }
    }

    private static func standardDeviation(_ values: [Double]) -> Double {
        guard values.count > 1 else { return 0 }
        let mean = values.reduce(0, +) / Double(values.count)
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
    }

    private static func estimates(
        _ game: Game, main: EstimatorName, playerCount: Int, pays: Bool
    ) throws -> [ConcludedEstimate] {
        let chosen = try estimate(rows: game.rows, playerCount: playerCount, estimator: main)
        var concluded = [ConcludedEstimate(property: game.property, estimate: chosen, pays: pays, check: nil)]
        for name in beside where name != main {
            // These rows may be too few for a second opinion of this kind.
            guard let other = try secondOpinion(game, name, playerCount: playerCount) else { continue }
            concluded.append(
                ConcludedEstimate(
                    property: game.property, estimate: other, pays: false, check: compare(chosen, other)))
        }
        return concluded
    }

    private static func secondOpinion(_ game: Game, _ name: EstimatorName, playerCount: Int) throws -> Estimate? {
        do {
            return try estimate(rows: game.rows, playerCount: playerCount, estimator: name)
        } catch {
            guard error.kind == .input else { throw error }
            return nil
        }
    }
}
