import Credit

/// What a person asks for when planning a credit run; what is left out has the default of ``CreditDefaults``, or the
/// value of the plan that exists.
package struct CreditRequest: Sendable {
    /// `YYYY-MM`.
    package var period: String
    /// Id of the model whose pruned version plays; nil with an external evaluator.
    package var model: String?
    /// `NAME` or `NAME:WEIGHT`.
    package var properties: [String] = []
    package var coalitions: Int?
    package var seed: Int64?
    /// `contributor` or `dataset`.
    package var playerKind: String?
    /// Ids of the players with an external evaluator; empty means all active contributors.
    package var players: [String] = []
    package var estimator: String?
    package var negativeRule: String?
    /// The command of an external evaluator.
    package var evaluator: String?
    /// `untrained`, `pruned` or `recovered`: what every coalition starts from.
    package var start: String?
    /// The same of what nobody's data is worth.
    package var baseline: String?
    /// `hand416-v1` or `classifier`.
    package var features: String?
    /// `contributor`, or a column of the manifests: what a classifier tells apart.
    package var labels: String?
    /// A file with the linear head of the property `aesthetic`.
    package var aestheticHead: String?
    package var endRepeats: Int?
    package var duplicates: Int?
    package var fineTuneSteps: Int?
    /// `NAME[:SETTING=VALUE,...]`.
    package var approximation: String?
    package var images: Int?
    /// Stop when the intervals' half-widths, as a share of the gain, add up to less.
    package var stopMoneyWidth: Double?

    package init(period: String) {
        self.period = period
    }
}

/// How a credit run is executed: nothing here influences the values.
package struct CreditExecution: Sendable {
    package var workers: Int?
    /// The longest answer of an external evaluator that is waited for.
    package var evaluatorTimeoutSeconds = 3600.0

    package init() {}
}

/// The values of what a plan leaves open: the recipe that followed retraining best at a twentieth of its cost, as
/// `ops/bench fidelity` measured it.
enum CreditDefaults {
    static let seed: Int64 = 1
    static let endRepeats = 5
    static let duplicates = 4
    /// The same whatever the base model's seed, where the bare pruned network is a matter of luck.
    static let baseline = PrunedModelGame.Stage.untrained
    static let batch = 16
    static let images = 256
    static let samplingSteps = 12

    /// Fine-tuning bends the recovered network; the others are meant for the whole model, as published.
    static func start(for kind: ApproximationRule.Kind) -> PrunedModelGame.Stage {
        kind == .fineTuning ? .recovered : .unpruned
    }

    /// Enough for an estimate within a small budget: six coalitions a player, at least 64, all where there are fewer.
    static func coalitions(playerCount: Int) -> Int {
        let wanted = max(64, 6 * playerCount)
        return playerCount < 20 ? min(wanted, (1 << playerCount) - 2) : wanted
    }
}
