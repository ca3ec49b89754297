/// Stops a run when the money is decided: when the intervals' half-widths add up to less than a share of the gain.
///
/// Asked only at fixed places of the tasks' order (every eighth pair, all before it done), in order, so that where a run
/// stops depends neither on the number of workers nor on interruptions.
package actor MoneyRule {
    /// Tasks between two questions.
    private static let step = 16
    /// The first question: fewer evaluations than this leave the estimator without a sense of its own error.
    private static let minimum = 32

    private let store: RunStore
    private let plan: CreditPlan
    private var next = MoneyRule.minimum
    /// How many tasks decided; nil while nothing is decided.
    package private(set) var decidedAt: Int?

    /// - Parameters:
    ///   - store: the runs.
    ///   - plan: of the run, with the share of the pool that may stay undecided; without one nothing stops early.
    package init(store: RunStore, plan: CreditPlan) {
        self.store = store
        self.plan = plan
    }

    /// Whether the tasks done so far decide.
    package func isDecided() async throws -> Bool {
        guard let millionths = plan.stopWidthMillionths, decidedAt == nil else { return decidedAt != nil }
        let width = Double(millionths) / 1_000_000
        let done = try await store.donePrefix(plan.run)
        while decidedAt == nil, next <= done {
            let asked = next
            next += MoneyRule.step
            let evaluations = try await store.evaluations(plan.run, firstTasks: asked)
            if try Conclusion.undecidedShare(plan, evaluations) <= width { decidedAt = asked }
        }
        return decidedAt != nil
    }
}
