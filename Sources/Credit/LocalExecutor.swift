import Errors

/// How a run is going.
package struct ExecutionProgress: Hashable, Sendable {
    package let done: Int
    package let total: Int
    /// How the last evaluation's time was spent, and of how large a coalition.
    package let detail: String
}

/// Executes the tasks of a run with workers of this process, each on its own thread.
///
/// Tasks are leased one at a time, so that any number of executors may come, die and come back: a lease that is not
/// prolonged runs out, and the fence keeps the late result of its owner out.
package struct LocalExecutor: Sendable {
    /// The times and limits of leasing.
    package struct Limits: Hashable, Sendable {
        package let lease: Duration
        package let heartbeat: Duration
        /// The first attempt and the retries of a task.
        package let attempts: Int

        package init(lease: Duration = .seconds(60), heartbeat: Duration = .seconds(20), attempts: Int = 4) {
            self.lease = lease
            self.heartbeat = heartbeat
            self.attempts = attempts
        }
    }

    let store: RunStore
    let run: String
    let workers: Int
    let owner: String
    let codeVersion: String
    let limits: Limits
    let make: EvaluatorMaker

    package init(
        store: RunStore, run: String, workers: Int, owner: String, codeVersion: String, limits: Limits = Limits(),
        make: @escaping EvaluatorMaker
    ) {
        self.store = store
        self.run = run
        self.workers = workers
        self.owner = owner
        self.codeVersion = codeVersion
        self.limits = limits
        self.make = make
    }

    /// Works until no task is open, or until `isDecided` says that enough is known.
    ///
    /// - Parameters:
    ///   - isDecided: asked after every stored evaluation.
    ///   - progress: told after every stored evaluation.
    /// - Throws: ``LaurelError`` when a task failed for good; `CancellationError` after what was under way has been
    ///   stored.
    package func execute(
        isDecided: @escaping @Sendable () async throws -> Bool = { false },
        progress: @escaping @Sendable (ExecutionProgress) -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<workers {
                group.addTask {
                    try await work(name: "\(owner)/\(index + 1)", isDecided: isDecided, progress: progress)
                }
            }
            // The first error cancels the other workers, which store what they have under way.
            try await group.waitForAll()
        }
    }

    private func work(
        name: String, isDecided: @Sendable () async throws -> Bool, progress: @Sendable (ExecutionProgress) -> Void
    ) async throws {
        let thread = EvaluatorThread(name: name, make: make)
        defer { thread.stop() }
        while try await !isDecided() {
            try Task.checkCancellation()
            guard let leased = try await store.claim(run, owner: name, lease: limits.lease) else {
                let counts = try await store.counts(run)
                if counts.waiting + counts.leased == 0 { return }
                // Another worker still has tasks, which may come back.
                try await Task.sleep(for: .milliseconds(250))
                continue
            }
            // What was begun is finished and stored even when the command is asked to stop meanwhile.
            let detail = try await Task { try await evaluate(leased, on: thread) }.value
            let counts = try await store.counts(run)
            progress(ExecutionProgress(done: counts.done, total: counts.total, detail: detail))
        }
    }

    private func evaluate(_ leased: LeasedTask, on thread: EvaluatorThread) async throws -> String {
        do {
            let evaluation = try await withHeartbeat(leased) { try await thread.evaluate(leased.task) }
            let isStored = try await store.finish(leased, evaluation, codeVersion: codeVersion)
            return isStored ? evaluation.detail : "lease of task \(leased.task.number) was lost, its result dropped"
        } catch let failure as EvaluationFailure {
            let most = failure.isRetryable ? limits.attempts : 0
            let isHeld = try await store.release(leased, error: failure.message, mostAttempts: most)
            guard isHeld, leased.attempts >= most else { return failure.message }
            throw LaurelError.environment(
                "task \(leased.task.number) failed \(leased.attempts) times: \(failure.message)", at: run,
                next: "mend the evaluator and run again, what is stored is kept")
        } catch let error as LaurelError {
            _ = try await store.release(leased, error: error.description, mostAttempts: limits.attempts)
            throw error
        }
    }

    /// Prolongs the lease every now and then while `body` works. A lost lease is not noticed here: the fence refuses the
    /// result in the end.
    private func withHeartbeat<Result: Sendable>(
        _ leased: LeasedTask, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                var isHeld = true
                while isHeld {
                    do { try await Task.sleep(for: limits.heartbeat) } catch { return nil }
                    isHeld = try await store.prolong(leased, lease: limits.lease)
                }
                return nil
            }
            group.addTask { try await body() }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            preconditionFailure("the body returns a result or throws")
        }
    }
}
