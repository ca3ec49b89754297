import Errors
import Foundation
import Synchronization

/// A worker: one dedicated thread that owns one evaluator.
///
/// Training blocks for seconds to hours and must never sit on Swift's cooperative pool, whose few threads also carry
/// the heartbeats. The evaluator is made on the thread at the first task, and anew after one that is past use.
final class EvaluatorThread: Sendable {
    private typealias Answer = CheckedContinuation<Evaluation, any Error>

    private let jobs = Mutex<[(task: EvaluationTask, answer: Answer)?]>([])
    private let signal = DispatchSemaphore(value: 0)

    /// Starts the thread.
    init(name: String, make: @escaping EvaluatorMaker) {
        let thread = Thread { [self] in work(make: make) }
        thread.name = name
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Evaluates a task on the thread. Not interrupted by cancellation: what was begun is finished, and can be stored.
    func evaluate(_ task: EvaluationTask) async throws -> Evaluation {
        try await withCheckedThrowingContinuation { answer in
            jobs.withLock { $0.append((task, answer)) }
            signal.signal()
        }
    }

    /// Ends the thread after what it has been given; nothing is given to it afterwards.
    func stop() {
        jobs.withLock { $0.append(nil) }
        signal.signal()
    }

    private func work(make: EvaluatorMaker) {
        var evaluator: (any Evaluator)?
        while true {
            signal.wait()
            guard let job = jobs.withLock({ $0.removeFirst() }) else { break }
            do {
                let current = try evaluator ?? make()
                evaluator = current
                job.answer.resume(returning: try current.evaluate(job.task))
            } catch {
                if (error as? EvaluationFailure)?.isEvaluatorUsable != true {
                    evaluator?.close()
                    evaluator = nil
                }
                job.answer.resume(throwing: error)
            }
        }
        evaluator?.close()
    }
}
