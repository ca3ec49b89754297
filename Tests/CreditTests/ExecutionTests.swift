import Credit
import Errors
import Foundation
import Postgres
import Synchronization
import TestSupport
import Testing

@Suite("Execution of credit runs")
struct ExecutionTests {
    @Test("Values do not depend on the number of workers, nor on interruptions")
    func workersDoNotMatter() async throws {
        let alone = try await withDatabase { database in
            let (store, plan) = try await Sample.stored(database)
            try await Sample.executor(store, workers: 1).execute { _ in }
            return try await evidence(store, plan)
        }
        let together = try await withDatabase { database in
            let (store, plan) = try await Sample.stored(database)
            // A first executor is stopped in the middle, a second one carries on.
            let done = Mutex(0)
            let first = Task {
                try await Sample.executor(store, workers: 3).execute { step in
                    if done.withLock({
                        $0 += 1; return $0
                    }) == 7 {
                        withUnsafeCurrentTask { $0?.cancel() }
                    }
                }
            }
            _ = await first.result
            #expect(try await store.counts(plan.run).leased == 0)
            try await Sample.executor(store, workers: 3).execute { _ in }
            return try await evidence(store, plan)
        }
        #expect(alone == together)
        #expect(alone.count == 26)
    }

    private func evidence(_ store: RunStore, _ plan: CreditPlan) async throws -> [StoredEvaluation] {
        try await store.evaluations(plan.run)
    }

    @Test(
        "A crash, a hang, garbage or an error costs one attempt, is recorded and retried",
        arguments: ["crash", "hang", "garbage", "nan", "error"])
    func retries(_ mode: String) async throws {
        try await withTemporaryDirectory { folder in
            try await withDatabase { database in
                let (store, plan) = try await Sample.stored(database, coalitions: 4)
                try await Sample.executor(
                    store, workers: 1, mode: "\(mode) '\(folder.path)/marker'", timeout: .milliseconds(1500)
                ).execute { _ in }
                #expect(try await store.counts(plan.run).done == 10)
                let rows = try await database.query(
                    "SELECT attempts, last_error FROM credit.task WHERE last_error IS NOT NULL")
                #expect(rows.count == 1)
                #expect(try rows.first?.get("attempts", as: Int.self) == 2)
            }
        }
    }

    @Test("A task that keeps failing ends the run with its message, and what is stored stays")
    func failsForGood() async throws {
        try await withDatabase { database in
            let (store, plan) = try await Sample.stored(database, coalitions: 4)
            let executor = LocalExecutor(
                store: store, run: plan.run, workers: 1, owner: "test", codeVersion: "test"
            ) {
                try ExternalEvaluator(
                    command: "read hello; echo nonsense", players: Sample.players, properties: ["v"],
                    timeout: .seconds(20))
            }
            let error = await #expect(throws: LaurelError.self) { try await executor.execute { _ in } }
            #expect(error?.kind == .environment)
            #expect(error?.problem.contains("failed 4 times") == true)
            #expect(try await store.counts(plan.run).failed == 1)
            // The next executor starts over with it.
            try await store.withExecution(of: plan.run, holder: "test") {
                try await Sample.executor(store, workers: 2).execute { _ in }
            }
            #expect(try await store.counts(plan.run).done == 10)
        }
    }

    @Test("A worker that was paused past its lease is fenced off")
    func leaseTorture() async throws {
        try await withDatabase { database in
            let (store, plan) = try await Sample.stored(database, coalitions: 4)
            let paused = try #require(try await store.claim(plan.run, owner: "paused", lease: .milliseconds(50)))
            #expect(paused.task.number == 0)
            try await Task.sleep(for: .milliseconds(100))
            let other = try #require(try await store.claim(plan.run, owner: "other", lease: .seconds(60)))
            #expect(other.task == paused.task)
            #expect(other.fence > paused.fence)

            let stale = Evaluation(values: ["v": MeasuredValue(value: 1)], seconds: 1, cpuKernel: "none")
            #expect(try await !store.prolong(paused, lease: .seconds(60)))
            #expect(try await !store.finish(paused, stale, codeVersion: "test"))
            #expect(try await !store.release(paused, error: "late", mostAttempts: 4))
            #expect(try await store.evaluations(plan.run).isEmpty)

            let good = Evaluation(values: ["v": MeasuredValue(value: 2)], seconds: 1, cpuKernel: "none")
            #expect(try await store.finish(other, good, codeVersion: "test"))
            // Nor does it get in once the task is done, and nothing is stored twice.
            #expect(try await !store.finish(paused, stale, codeVersion: "test"))
            #expect(try await !store.finish(other, good, codeVersion: "test"))
            #expect(try await store.evaluations(plan.run).map(\.value) == [2])
        }
    }

    @Test("A heartbeat keeps a long evaluation's lease")
    func heartbeat() async throws {
        try await withDatabase { database in
            try await withTemporaryDirectory { folder in
                let (store, plan) = try await Sample.stored(database, coalitions: 0)
                let marker = folder.appending(path: "marker")
                let limits = LocalExecutor.Limits(lease: .seconds(3600), heartbeat: .milliseconds(20))
                let executor = Sample.executor(
                    store, workers: 3, mode: "waits '\(marker.path)'", timeout: .seconds(600), limits: limits)
                async let work: Void = executor.execute { _ in }
                // The evaluations wait for the test, and the test for their leases to be prolonged.
                func lease() async throws -> String? {
                    try await database.query(
                        "SELECT min(lease_until)::text AS lease FROM credit.task WHERE state = 'leased'")[0].get(
                            "lease")
                }
                var first: String?
                while first == nil { first = try await lease() }
                let deadline = ContinuousClock.now + .seconds(300)
                while try await lease() == first, ContinuousClock.now < deadline {
                    try await Task.sleep(for: .milliseconds(20))
                }
                #expect(try await lease() != first)
                try Data().write(to: marker)
                try await work
                let rows = try await database.query("SELECT max(fence) AS fence FROM credit.task")
                #expect(try rows[0].get("fence", as: Int.self) == 1)
                #expect(try await store.counts(plan.run).done == 4)
            }
        }
    }

    @Test("A second executor is told who executes the run, and the lock is free afterwards")
    func oneAtATime() async throws {
        try await withDatabase { database in
            let (store, plan) = try await Sample.stored(database)
            try await store.withExecution(of: plan.run, holder: "process 1 on here") {
                let error = await #expect(throws: LaurelError.self) {
                    try await store.withExecution(of: plan.run, holder: "process 2 on there") {}
                }
                #expect(error?.kind == .refused)
                #expect(error?.problem.contains("process 1 on here since 20") == true)
            }
            try await store.withExecution(of: plan.run, holder: "process 2 on there") {}
        }
    }

    @Test("The money rule stops at the same place whatever the number of workers")
    func moneyRule() async throws {
        var places: [Int?] = []
        for workers in [1, 3] {
            places.append(
                try await withDatabase { database in
                    let (store, plan) = try await Sample.stored(
                        database, coalitions: 62, stopWidthMillionths: 50_000)
                    let rule = MoneyRule(store: store, plan: plan)
                    try await Sample.executor(store, workers: workers)
                        .execute(isDecided: { try await rule.isDecided() }) { _ in }
                    #expect(try await store.counts(plan.run).waiting > 0)
                    return await rule.decidedAt
                })
        }
        #expect(places == [32, 32])
    }
}
