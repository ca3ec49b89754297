package import Documents

/// The rules of one period's game, fixed before anything is scored.
///
/// Everything that can influence the credits is in here (players, properties and their weights, the design's digest,
/// seeds, estimator, when it stops, what a coalition's value is and how it is computed), so its digest, printed first, commits to the
/// outcome's rules without knowing the outcome.
package struct CreditPlan: Hashable, Sendable {
    /// What the players are.
    package enum PlayerKind: String, Hashable, Sendable, CaseIterable {
        case contributor, dataset
    }

    /// How the evaluated coalitions are chosen.
    package struct Design: Hashable, Sendable {
        /// Coalitions other than ∅ and everyone, duplicates not counted.
        package let coalitions: Int
        /// How often ∅ and everyone are evaluated each, with different seeds.
        package let endRepeats: Int
        /// How many coalitions are evaluated a second time, to measure noise.
        package let duplicates: Int

        /// How many evaluations that makes.
        package var taskCount: Int { coalitions + 2 * endRepeats + duplicates }

        package init(coalitions: Int, endRepeats: Int, duplicates: Int) {
            self.coalitions = coalitions
            self.endRepeats = endRepeats
            self.duplicates = duplicates
        }
    }

    /// The run's id, `run-2026-10-1`.
    package let run: String
    package let period: Period
    package let playerKind: PlayerKind
    /// Ids of the players, ascending as bytes, each once.
    package let players: [String]
    package let properties: [WeightedProperty]
    package let design: Design
    /// Every random choice of the run comes from streams of this seed; below 2⁵³.
    package let seed: Int64
    /// The estimator whose values are paid, by its name on the command line.
    package let estimator: String
    package let negativeRule: NegativeRule
    package let evaluator: EvaluatorRule
    /// Stop when less than this share of the pool, in millionths, is undecided; nil evaluates everything.
    package let stopWidthMillionths: Int?
    /// The digest of the complete task list, see ``TaskList/digest``.
    package let tasksDigest: Digest

    package init(
        run: String, period: Period, playerKind: PlayerKind, players: [String], properties: [WeightedProperty],
        design: Design, seed: Int64, estimator: String, negativeRule: NegativeRule, evaluator: EvaluatorRule,
        stopWidthMillionths: Int? = nil, tasksDigest: Digest
    ) {
        self.run = run
        self.period = period
        self.playerKind = playerKind
        self.players = players
        self.properties = properties
        self.design = design
        self.seed = seed
        self.estimator = estimator
        self.negativeRule = negativeRule
        self.evaluator = evaluator
        self.stopWidthMillionths = stopWidthMillionths
        self.tasksDigest = tasksDigest
    }

    /// The same rules under another run id, for comparing what a person asks for with a plan that exists.
    package func renamed(_ run: String) -> CreditPlan {
        CreditPlan(
            run: run, period: period, playerKind: playerKind, players: players, properties: properties, design: design,
            seed: seed, estimator: estimator, negativeRule: negativeRule, evaluator: evaluator,
            stopWidthMillionths: stopWidthMillionths, tasksDigest: tasksDigest)
    }
}
