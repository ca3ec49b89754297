package import Documents
import Errors

extension CreditPlan {
    /// The kind of document, as its `$schema` names it.
    static let schema = "laurel.credit-plan.v1"

    /// The plan as a canonical document; its bytes are what is stored and hashed.
    package var document: CanonicalValue {
        var members: [String: CanonicalValue] = [
            "$schema": .string(CreditPlan.schema),
            "run": .string(run),
            "period": .string(period.description),
            "player_kind": .string(playerKind.rawValue),
            "players": .array(players.map(CanonicalValue.string)),
            "properties": .array(properties.map(\.document)),
            "design": [
                "kind": "paired-stratified",
                "coalitions": .integer(Int64(design.coalitions)),
                "end_repeats": .integer(Int64(design.endRepeats)),
                "duplicates": .integer(Int64(design.duplicates)),
                "tasks_sha256": .string(tasksDigest.hex),
            ],
            "seed": .integer(seed),
            "estimator": .string(estimator),
            "index": "shapley",
            "negative_rule": .string(negativeRule.rawValue),
            "evaluator": evaluator.document,
        ]
        members["stop_money_width_millionths"] = stopWidthMillionths.map { .integer(Int64($0)) }
        return .object(members)
    }

    /// Reads a stored plan.
    ///
    /// - Throws: ``LaurelError`` of kind `checkFailed` when the bytes are no plan of this version.
    package init(parsing bytes: [UInt8]) throws {
        let reader = PlanReader(value: try CanonicalValue.parse(bytes), path: "plan")
        guard try reader.text("$schema") == CreditPlan.schema else {
            throw LaurelError.checkFailed("stored plan is of another version", at: try reader.text("$schema"))
        }
        let design = try reader.member("design")
        self.init(
            run: try reader.text("run"), period: try Period(parsing: try reader.text("period")),
            playerKind: try reader.choice("player_kind"),
            players: try reader.array("players").map { try $0.text() },
            properties: try reader.array("properties").map(WeightedProperty.init),
            design: Design(
                coalitions: try design.integer("coalitions"), endRepeats: try design.integer("end_repeats"),
                duplicates: try design.integer("duplicates")),
            seed: Int64(try reader.integer("seed")), estimator: try reader.text("estimator"),
            negativeRule: try reader.choice("negative_rule"),
            evaluator: try EvaluatorRule(try reader.member("evaluator")),
            stopWidthMillionths: try reader.optionalInteger("stop_money_width_millionths"),
            tasksDigest: try design.digest("tasks_sha256"))
    }

    /// What differs between two plans, as `path: mine is …, the other's is …`; empty when their rules are the same.
    package func differences(from other: CreditPlan) -> [String] {
        var found: [String] = []
        compare(document, other.document, path: "", into: &found)
        found.removeAll { $0.hasPrefix("run:") }
        // The digest of the tasks follows from the rest; alone, it tells that the design is drawn otherwise now.
        let causes = found.filter { !$0.hasPrefix("design.tasks_sha256:") }
        return causes.isEmpty ? found : causes
    }

    private func compare(
        _ mine: CanonicalValue?, _ theirs: CanonicalValue?, path: String, into found: inout [String]
    ) {
        if mine == theirs { return }
        if let left = mine?.members, let right = theirs?.members {
            for key in Set(left.keys).union(right.keys).sorted() {
                compare(left[key], right[key], path: path.isEmpty ? key : "\(path).\(key)", into: &found)
            }
            return
        }
        found.append("\(path): \(theirs?.brief ?? "none") planned, \(mine?.brief ?? "none") asked for")
    }
}

extension CanonicalValue {
    /// A short text for messages.
    fileprivate var brief: String {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        case .bool(let truth): String(truth)
        case .array(let elements): elements.map(\.brief).joined(separator: ", ")
        case .object(let members):
            members.keys.sorted().map { "\($0) \(members[$0]?.brief ?? "")" }.joined(separator: " ")
        }
    }
}

extension WeightedProperty {
    fileprivate var document: CanonicalValue {
        [
            "name": .string(name), "weight_millionths": .integer(weightMillionths),
            "better": .string(lowerIsBetter ? "lower" : "higher"),
        ]
    }

    fileprivate init(_ reader: PlanReader) throws {
        self.init(
            name: try reader.text("name"), weightMillionths: Int64(try reader.integer("weight_millionths")),
            lowerIsBetter: try reader.text("better") == "lower")
    }
}

extension EvaluatorRule {
    fileprivate var document: CanonicalValue {
        switch self {
        case .external(let command): ["kind": "external", "command": .string(command)]
        case .prunedModel(let game):
            [
                "kind": "pruned-model",
                "model": .string(game.model),
                "weights_sha256": .string(game.weightsDigest.hex),
                "snapshot": .string(game.snapshot),
                "approximation": game.approximation.document,
                "batch": .integer(Int64(game.batch)),
                "images": .integer(Int64(game.images)),
                "sampling_steps": .integer(Int64(game.samplingSteps)),
                "start": .string(game.start.rawValue),
                "baseline": .string(game.baseline.rawValue),
                "baseline_sha256": .string(game.baselineDigest.hex),
                "yardstick": game.yardstick.document,
            ]
        }
    }

    fileprivate init(_ reader: PlanReader) throws {
        switch try reader.text("kind") {
        case "external": self = .external(command: try reader.text("command"))
        case "pruned-model":
            self = .prunedModel(
                PrunedModelGame(
                    model: try reader.text("model"), weightsDigest: try reader.digest("weights_sha256"),
                    snapshot: try reader.text("snapshot"),
                    approximation: try ApproximationRule(try reader.member("approximation")),
                    batch: try reader.integer("batch"),
                    images: try reader.integer("images"), samplingSteps: try reader.integer("sampling_steps"),
                    start: try reader.choice("start"), baseline: try reader.choice("baseline"),
                    baselineDigest: try reader.digest("baseline_sha256"),
                    yardstick: try Yardstick(try reader.member("yardstick"))))
        case let kind:
            throw LaurelError.checkFailed("stored plan has the unknown evaluator \(kind)", at: "plan.evaluator.kind")
        }
    }
}
