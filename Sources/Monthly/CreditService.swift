package import Credit
import Diffusion
import Documents
import Errors
import Foundation
import Postgres
import Properties
import Registry
import Valuation

/// The period's game as a person asks for it: plan, run, look.
package enum CreditService {
    /// Plans a run, or finds the plan that exists.
    ///
    /// - Parameters:
    ///   - house: where.
    ///   - request: what is asked for.
    ///   - supersede: whether a plan with other rules takes the place of the one in force.
    /// - Returns: the plan in force.
    /// - Throws: ``LaurelError`` of kind `refused` when a plan with other rules is in force, saying what differs.
    package static func plan(_ house: House, _ request: CreditRequest, supersede: Bool = false) async throws
        -> StoredRun
    {
        let store = RunStore(database: house.database)
        let period = try Period(parsing: request.period, at: "--period")
        let existing = try await store.inForce(period)
        let number = try await store.nextNumber(period)
        let id = "run-\(period)-\(number)"
        let (plan, tasks) = try await candidate(
            house, request, period: period, run: id, onto: supersede ? nil : existing?.plan)
        if let existing {
            let differences = plan.differences(from: existing.plan)
            if differences.isEmpty { return existing }
            guard supersede else {
                throw LaurelError.refused(
                    "period \(period) is planned with other rules (\(differences.joined(separator: "; ")))",
                    at: existing.plan.run, next: "run it as planned, or plan another run with --supersede")
            }
        }
        try await store.insert(plan, number: number, tasks: tasks, superseding: existing?.plan.run, now: house.now)
        return try await store.run(id)
    }

    /// The plan that a request means, with its tasks; what the request leaves open comes from `existing`, then from
    /// the defaults.
    private static func candidate(
        _ house: House, _ request: CreditRequest, period: Period, run: String, onto existing: CreditPlan?
    ) async throws -> (plan: CreditPlan, tasks: TaskList) {
        let kind = try choice(request.playerKind, CreditPlan.PlayerKind.self, at: "--players")
        let rule = try choice(request.negativeRule, NegativeRule.self, at: "--negative-rule")
        let estimator = try EstimatorName(name: request.estimator ?? existing?.estimator ?? "gp")
        let playerKind = kind ?? existing?.playerKind ?? .contributor
        let seed = request.seed ?? existing?.seed ?? CreditDefaults.seed
        guard (0..<1 << 53).contains(seed) else {
            throw LaurelError.input("seed \(seed) is not in 0 ..< 2^53", at: "--seed", next: "use a smaller seed")
        }
        let (evaluator, players) = try await game(house, request, playerKind, existing, seed: seed)
        let design = try design(request, existing, playerCount: players.count)
        let interior = try Design.pairedStratified.coalitions(
            playerCount: players.count, count: design.coalitions, seed: UInt64(seed))
        let tasks = TaskList(players: players, interior: interior.map(\.members), design: design, seed: seed)
        let plan = CreditPlan(
            run: run, period: period, playerKind: playerKind, players: players,
            properties: try properties(request, existing, evaluator), design: design, seed: seed,
            estimator: estimator.rawValue, negativeRule: rule ?? existing?.negativeRule ?? .clip,
            evaluator: evaluator, stopWidthMillionths: try stopWidth(request) ?? existing?.stopWidthMillionths,
            tasksDigest: tasks.digest)
        return (plan, tasks)
    }

    private static func stopWidth(_ request: CreditRequest) throws -> Int? {
        guard let width = request.stopMoneyWidth else { return nil }
        guard (1e-6...1).contains(width) else {
            throw LaurelError.input(
                "\(width) is no share of the pool", at: "--stop-money-width", next: "use 0.000001 to 1, such as 0.02")
        }
        return Int((width * 1_000_000).rounded())
    }

    private static func game(
        _ house: House, _ request: CreditRequest, _ kind: CreditPlan.PlayerKind, _ existing: CreditPlan?, seed: Int64
    ) async throws -> (EvaluatorRule, [String]) {
        let isPlannedOutside = if case .external = existing?.evaluator { request.model == nil } else { false }
        if request.evaluator != nil || isPlannedOutside,
            request.approximation ?? request.start ?? request.baseline != nil
        {
            throw LaurelError.input(
                "an evaluator outside decides itself how it approximates retraining",
                at: "--approximation, --start, --baseline",
                next: "leave them out, or name a --model")
        }
        switch (request.model, request.evaluator, existing?.evaluator) {
        case (.some, .some, _):
            throw LaurelError.input(
                "a model and an evaluator at once", at: "--evaluator", next: "leave out --model or --evaluator")
        case (nil, nil, nil):
            throw LaurelError.input(
                "a credit run needs a model or an evaluator", at: "credit plan",
                next: "name one with --model ID or --evaluator COMMAND")
        case (nil, nil, .external(let command)), (nil, .some(let command), _):
            if request.players.isEmpty, let existing { return (.external(command: command), existing.players) }
            return (.external(command: command), try await players(house, kind, request.players))
        case (nil, nil, .prunedModel(let planned)):
            return try await modelGame(house, request, model: planned.model, kind, existing, seed: seed)
        case (.some(let model), nil, _):
            return try await modelGame(house, request, model: model, kind, existing, seed: seed)
        }
    }

    /// The players of an external game: those named, or all active contributors, or all their datasets in force.
    private static func players(
        _ house: House, _ kind: CreditPlan.PlayerKind, _ named: [String]
    ) async throws -> [String] {
        let contributors = try await Parties(database: house.database).list().filter { $0.status == "active" }.map(\.id)
        let active: [String]
        switch kind {
        case .contributor: active = contributors
        case .dataset:
            active = try await Datasets(database: house.database).list()
                .filter { contributors.contains($0.contributor) && $0.isInForce(on: house.now.day) }.map(\.id)
        }
        if let unknown = named.first(where: { !active.contains($0) }) {
            throw LaurelError.input(
                "player is no active \(kind.rawValue)", at: unknown, next: "see laurel \(kind.rawValue) list")
        }
        let players = sorted(named.isEmpty ? active : named)
        guard !players.isEmpty else {
            throw LaurelError.input(
                "there are no active \(kind.rawValue)s", at: "registry",
                next: "laurel contributor add, or laurel dataset import")
        }
        return players
    }

    private static func sorted(_ ids: [String]) -> [String] {
        Set(ids).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func design(
        _ request: CreditRequest, _ existing: CreditPlan?, playerCount: Int
    ) throws -> CreditPlan.Design {
        let possible = playerCount < 30 ? (1 << playerCount) - 2 : Int.max
        let coalitions =
            request.coalitions ?? existing?.design.coalitions ?? CreditDefaults.coalitions(playerCount: playerCount)
        let endRepeats = request.endRepeats ?? existing?.design.endRepeats ?? CreditDefaults.endRepeats
        let duplicates = request.duplicates ?? existing?.design.duplicates ?? CreditDefaults.duplicates
        guard (0...1_000_000).contains(coalitions), (1...1000).contains(endRepeats), duplicates >= 0 else {
            throw LaurelError.input(
                "the design is impossible", at: "--coalitions \(coalitions) --end-repeats \(endRepeats)",
                next: "use up to 1000000 coalitions, 1 to 1000 end repeats, no negative number")
        }
        let taken = min(coalitions, possible)
        return CreditPlan.Design(coalitions: taken, endRepeats: endRepeats, duplicates: min(duplicates, taken))
    }

    private static func properties(
        _ request: CreditRequest, _ existing: CreditPlan?, _ evaluator: EvaluatorRule
    ) throws -> [WeightedProperty] {
        if request.properties.isEmpty, let existing { return existing.properties }
        guard !request.properties.isEmpty else {
            throw LaurelError.input(
                "no property to measure", at: "--property", next: "name at least one, such as vendi_score")
        }
        let split = try request.properties.map { text in try WeightedProperty.split(text) }
        guard Set(split.map(\.name)).count == split.count else {
            throw LaurelError.input("a property is named twice", at: "--property", next: "name each once")
        }
        guard !split.contains(where: { $0.name == Conclusion.combined }) else {
            throw LaurelError.input(
                "the name \(Conclusion.combined) is that of the mix", at: "--property", next: "use another name")
        }
        return try split.map { name, weight in
            WeightedProperty(
                name: name, weightMillionths: weight, lowerIsBetter: try isLowerBetter(name, evaluator))
        }
    }

    /// Properties that an external evaluator brings itself are taken as more-is-better.
    private static func isLowerBetter(_ name: String, _ evaluator: EvaluatorRule) throws -> Bool {
        do {
            return try Property(name: name).direction == .lowerIsBetter
        } catch {
            if case .external = evaluator { return false }
            throw error
        }
    }

    static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ text: String?, _ type: Choice.Type, at option: String
    ) throws -> Choice? {
        guard let text else { return nil }
        guard let choice = Choice(rawValue: text) else {
            throw LaurelError.input(
                "\(text.debugDescription) is no choice", at: option,
                next: "use one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return choice
    }
}
