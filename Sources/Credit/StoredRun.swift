package import Documents

/// A plan as the database holds it.
package struct StoredRun: Hashable, Sendable {
    /// How far a run is.
    package enum State: String, Hashable, Sendable, CaseIterable {
        case planned, running, estimated, superseded
    }

    package let plan: CreditPlan
    /// Of the stored bytes of the plan.
    package let digest: Digest
    package let state: State
    package let createdAt: Timestamp

    package init(plan: CreditPlan, digest: Digest, state: State, createdAt: Timestamp) {
        self.plan = plan
        self.digest = digest
        self.state = state
        self.createdAt = createdAt
    }
}

/// How many tasks of a run are in which state.
package struct TaskCounts: Hashable, Sendable {
    package let waiting: Int
    package let leased: Int
    package let done: Int
    package let failed: Int
    /// The latest error of a task that is not done.
    package let lastError: String?

    package var total: Int { waiting + leased + done + failed }

    package init(waiting: Int, leased: Int, done: Int, failed: Int, lastError: String?) {
        self.waiting = waiting
        self.leased = leased
        self.done = done
        self.failed = failed
        self.lastError = lastError
    }
}

/// A task with the lease that entitles to change it.
package struct LeasedTask: Hashable, Sendable {
    package let run: String
    package let task: EvaluationTask
    /// Shown with every change; a later lease of the same task has a higher one.
    package let fence: Int64
    /// Attempts so far, this one included.
    package let attempts: Int
}

/// One stored row of evidence.
package struct StoredEvaluation: Hashable, Sendable {
    package let task: Int
    package let property: String
    package let coalition: [String]
    package let pairSeed: Int64
    package let value: Double
    package let variance: Double?
    package let seconds: Double

    package init(
        task: Int, property: String, coalition: [String], pairSeed: Int64, value: Double, variance: Double?,
        seconds: Double
    ) {
        self.task = task
        self.property = property
        self.coalition = coalition
        self.pairSeed = pairSeed
        self.value = value
        self.variance = variance
        self.seconds = seconds
    }
}
