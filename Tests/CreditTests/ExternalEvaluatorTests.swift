import Credit
import Errors
import Foundation
import TestSupport
import Testing

@Suite("External evaluators")
struct ExternalEvaluatorTests {
    private let task = EvaluationTask(
        number: 3, role: .interior, coalition: ["a", "b"], repeatIndex: 0, seed: 77, pairSeed: 2, noiseSeed: 1)

    private func evaluator(_ arguments: String = "", timeout: Duration = .seconds(20)) throws -> ExternalEvaluator {
        try ExternalEvaluator(
            command: "exec sh '\(Sample.oracle)' \(arguments)", players: Sample.players, properties: ["v"],
            timeout: timeout)
    }

    @Test("Values, variances and seconds arrive as they were sent")
    func value() throws {
        let evaluator = try evaluator()
        let evaluation = try evaluator.evaluate(task)
        #expect(evaluation.values["v"] == MeasuredValue(value: 5.077, variance: 0.001))
        #expect(evaluation.seconds == 0.5)
        #expect(try evaluator.evaluate(task) == evaluation)
    }

    @Test(
        "Every way to misbehave is told apart",
        arguments: [
            ("crash", "left with status 7"), ("garbage", "no message of the protocol"),
            ("nan", "no message of the protocol"), ("huge", "no message of the protocol"),
            ("wrong-id", "answered task 9999"), ("missing", "no value of v"), ("error", "out of memory"),
        ])
    func misbehaviour(_ mode: String, _ message: String) throws {
        try withFolder { folder in
            let evaluator = try evaluator("\(mode) '\(folder.path)/marker'")
            let failure = #expect(throws: EvaluationFailure.self) { try evaluator.evaluate(task) }
            #expect(failure?.message.contains(message) == true, "\(failure?.message ?? "")")
            #expect(failure?.isRetryable == true)
            #expect(failure?.isEvaluatorUsable == (mode == "error"))
        }
    }

    @Test("An evaluator that hangs is given up at the timeout, with everything it started")
    func hang() throws {
        try withFolder { folder in
            let evaluator = try evaluator("hang '\(folder.path)/marker'", timeout: .milliseconds(300))
            let start = ContinuousClock.now
            let failure = #expect(throws: EvaluationFailure.self) { try evaluator.evaluate(task) }
            evaluator.close()
            #expect(failure?.message == "evaluator did not answer in time")
            #expect(ContinuousClock.now - start < .seconds(10))
        }
    }

    @Test("An error that no retry can mend says so")
    func fatal() throws {
        try withFolder { folder in
            let evaluator = try evaluator("fatal '\(folder.path)/marker'")
            let failure = #expect(throws: EvaluationFailure.self) { try evaluator.evaluate(task) }
            #expect(failure?.isRetryable == false)
        }
    }

    @Test("A program that does not get ready is refused with its own words")
    func refusedHello() {
        #expect(throws: EvaluationFailure("evaluator answered hello with no licence")) { try evaluator("refuse") }
        #expect(throws: EvaluationFailure.self) {
            try ExternalEvaluator(
                command: "no-such-program 2>/dev/null", players: ["a"], properties: ["v"], timeout: .seconds(20))
        }
    }

    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "credit-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { _ = unlink("\(folder.path)/marker") + rmdir(folder.path) }
        try body(folder)
    }
}
