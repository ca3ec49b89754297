/// An evaluator outside: any program that speaks the JSON lines of ``EvaluatorProtocol``.
package final class ExternalEvaluator: Evaluator {
    private let process: ChildProcess
    private let properties: [String]
    private let timeout: Duration

    /// Starts the program and waits until it is ready.
    ///
    /// - Parameters:
    ///   - command: run through `/bin/sh -c`.
    ///   - players: all players of the game.
    ///   - properties: what it has to measure.
    ///   - timeout: the longest a single answer may take.
    /// - Throws: ``LaurelError`` when no process can be started, ``EvaluationFailure`` when it does not get ready.
    package init(command: String, players: [String], properties: [String], timeout: Duration) throws {
        process = try ChildProcess(command: command)
        self.properties = properties
        self.timeout = timeout
        let deadline = ContinuousClock.now + timeout
        let hello = EvaluatorProtocol.Hello(players: players, properties: properties)
        try process.write(try EvaluatorProtocol.line(hello), deadline: deadline)
        let reply = try EvaluatorProtocol.reply(try process.readLine(deadline: deadline))
        guard reply.type == "ready" else {
            throw EvaluationFailure("evaluator answered hello with \(reply.message ?? reply.type)")
        }
    }

    package func evaluate(_ task: EvaluationTask) throws -> Evaluation {
        let start = ContinuousClock.now
        let deadline = start + timeout
        let request = EvaluatorProtocol.Request(
            id: task.number, coalition: task.coalition, seed: task.seed, pair_seed: task.pairSeed,
            noise_seed: task.noiseSeed)
        try process.write(try EvaluatorProtocol.line(request), deadline: deadline)
        let reply = try EvaluatorProtocol.reply(try process.readLine(deadline: deadline))
        guard reply.id == task.number else {
            throw EvaluationFailure("evaluator answered task \(reply.id ?? -1) when asked for task \(task.number)")
        }
        switch reply.type {
        case "value":
            return Evaluation(
                values: try values(of: reply),
                seconds: try seconds(of: reply, measured: (ContinuousClock.now - start) / .seconds(1)),
                cpuKernel: "external")
        case "error":
            throw EvaluationFailure(
                "evaluator says: \(reply.message ?? "no reason")", isRetryable: reply.retry ?? true,
                isEvaluatorUsable: true)
        default:
            throw EvaluationFailure("evaluator sent a message of the unknown type \(reply.type.debugDescription)")
        }
    }

    package func close() {
        process.kill()
    }

    private func values(of reply: EvaluatorProtocol.Reply) throws(EvaluationFailure) -> [String: MeasuredValue] {
        var values: [String: MeasuredValue] = [:]
        for property in properties {
            guard let value = reply.values?[property] else {
                throw EvaluationFailure("evaluator gave no value of \(property)")
            }
            let variance = reply.variances?[property]
            guard value.isFinite, variance.map({ $0.isFinite && $0 >= 0 }) ?? true else {
                throw EvaluationFailure("evaluator gave a value or variance of \(property) that is no finite number")
            }
            values[property] = MeasuredValue(value: value, variance: variance)
        }
        return values
    }

    private func seconds(
        of reply: EvaluatorProtocol.Reply, measured: Double
    ) throws(EvaluationFailure) -> Double {
        guard let told = reply.seconds else { return measured }
        guard told.isFinite, told >= 0 else { throw EvaluationFailure("evaluator gave seconds that are no duration") }
        return told
    }
}
