package import Diffusion
import Documents
package import Errors

/// How a plan approximates the model that a coalition alone would have trained, with every setting, in whole numbers.
package struct ApproximationRule: Hashable, Sendable {
    /// The approximations, as the command line and plans name them.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Train the starting network further on the coalition's pictures: the default.
        case fineTuning = "fine-tuning"
        /// Train a fresh network of the same shape: what the others approximate, at its full cost.
        case retraining
        /// Train low-rank adapters of the attention alone, as published for large models.
        case adapters
        /// Train low-rank adapters of every convolution and linear layer.
        case adaptersEverywhere = "adapters-everywhere"
        /// Climb the loss of everybody else's pictures.
        case ascent
        /// One Newton step away from everybody else's pictures.
        case influence

        /// Whether it takes pictures out of a network that has learned from everyone, instead of teaching it some.
        package var unlearns: Bool { self == .ascent || self == .influence }

        /// Whether nobody's pictures leave a network as it was, so that a plan says which network that is.
        package var leavesNobodyToTheBaseline: Bool {
            self == .fineTuning || self == .adapters || self == .adaptersEverywhere
        }

        /// The settings, in the order in which a person reads them.
        fileprivate var settings: [Setting] {
            switch self {
            case .fineTuning, .retraining: [.steps, .learningRate]
            case .adapters, .adaptersEverywhere: [.steps, .learningRate, .rank, .alpha, .ratio]
            case .ascent: [.passes, .learningRate]
            case .influence: [.samples, .scale]
            }
        }
    }

    /// A number that an approximation can be told; its raw value is the word on the command line.
    fileprivate enum Setting: String, Hashable, Sendable, CaseIterable {
        case steps, passes, samples, rank, alpha, ratio, scale
        case learningRate = "learning-rate"

        /// Whether it is a decimal, which plans hold in millionths.
        var isDecimal: Bool { self == .learningRate || self == .scale }

        /// Its name in a plan.
        var member: String {
            switch self {
            case .learningRate: "learning_rate_millionths"
            case .scale: "scale_millionths"
            default: rawValue
            }
        }

        var range: ClosedRange<Int> {
            switch self {
            case .steps: 1...1_000_000
            case .passes, .samples: 1...10_000
            case .rank: 1...4096
            case .alpha, .ratio: 1...10_000
            case .learningRate: 1...1_000_000
            case .scale: 1...1_000_000_000
            }
        }
    }

    package let kind: Kind
    private var values: [Setting: Int]

    /// An approximation with its default settings; retraining's are those of the model's own recipe.
    package init(_ kind: Kind, recipe: Recipe) {
        self.kind = kind
        switch kind {
        case .fineTuning: values = [.steps: 150, .learningRate: 1000]
        case .retraining:
            values = [
                .steps: max(1, recipe.training.steps),
                .learningRate: max(1, Int((recipe.training.learningRate * 1e6).rounded())),
            ]
        case .adapters, .adaptersEverywhere:
            values = [.steps: 150, .learningRate: 300, .rank: 8, .alpha: 32, .ratio: 16]
        case .ascent: values = [.passes: 1, .learningRate: 2000]
        case .influence: values = [.samples: 64, .scale: 100_000]
        }
    }

    /// Fine-tuning with given settings.
    package static func fineTuning(steps: Int, learningRateMillionths: Int) -> ApproximationRule {
        var rule = ApproximationRule(.fineTuning, recipe: Recipe())
        rule.values = [.steps: steps, .learningRate: learningRateMillionths]
        return rule
    }

    /// Reads `NAME[:SETTING=VALUE,...]`; what it leaves out comes from `existing` of the same name, else from the defaults.
    ///
    /// - Throws: ``LaurelError`` of kind `input` for unknown names and settings, and for impossible values.
    package init(
        parsing text: String, onto existing: ApproximationRule?, recipe: Recipe
    ) throws(LaurelError) {
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let kind = Kind(rawValue: halves[0]) else {
            throw ApproximationRule.refusal(
                "\(halves[0].debugDescription) is no approximation",
                "use one of " + Kind.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self =
            existing?.kind == kind
            ? existing ?? ApproximationRule(kind, recipe: recipe)
            : ApproximationRule(kind, recipe: recipe)
        guard halves.count == 2 else { return }
        for part in halves[1].split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let setting = Setting(rawValue: pair[0]), kind.settings.contains(setting) else {
                throw ApproximationRule.refusal(
                    "\(kind.rawValue) has no setting \(pair[0].debugDescription)",
                    "it has " + kind.settings.map(\.rawValue).joined(separator: ", "))
            }
            try set(setting, pair.count == 2 ? pair[1] : "")
        }
    }

    /// The same with other training steps.
    ///
    /// - Throws: ``LaurelError`` of kind `input` for approximations that are not counted in steps.
    package func with(steps: Int) throws(LaurelError) -> ApproximationRule {
        guard kind.settings.contains(.steps), Setting.steps.range.contains(steps) else {
            throw .input(
                "\(steps) training steps are not possible with \(kind.rawValue)", at: "--fine-tune-steps",
                next: kind.settings.contains(.steps)
                    ? "use 1 to 1000000" : "it has " + kind.settings.map(\.rawValue).joined(separator: ", "))
        }
        var rule = self
        rule.values[.steps] = steps
        return rule
    }

    private mutating func set(_ setting: Setting, _ text: String) throws(LaurelError) {
        let value = setting.isDecimal ? Decimals.millionths(text).map(Int.init) : Int(text)
        guard let value, setting.range.contains(value) else {
            throw ApproximationRule.refusal(
                "\(setting.rawValue)=\(text) is not possible",
                setting.isDecimal
                    ? "use a decimal above 0 with at most six places, at most \(setting.range.upperBound / 1_000_000)"
                    : "use \(setting.range.lowerBound) to \(setting.range.upperBound)")
        }
        values[setting] = value
    }

    private static func refusal(_ problem: String, _ remedy: String) -> LaurelError {
        .input(problem, at: "--approximation", next: remedy)
    }

    /// `NAME:SETTING=VALUE,...` with every setting, as ``init(parsing:onto:recipe:)`` reads it.
    package var description: String {
        let settings = kind.settings.map { setting in
            let value = values[setting] ?? 0
            return "\(setting.rawValue)=\(setting.isDecimal ? Decimals.text(millionths: Int64(value)) : String(value))"
        }
        return "\(kind.rawValue):\(settings.joined(separator: ","))"
    }

    /// What the engine does.
    package var approximation: Approximation {
        func count(_ setting: Setting) -> Int { values[setting] ?? 0 }
        func decimal(_ setting: Setting) -> Double { Double(count(setting)) / 1e6 }
        switch kind {
        case .fineTuning: return .fineTuning(steps: count(.steps), learningRate: decimal(.learningRate))
        case .retraining: return .retraining(steps: count(.steps), learningRate: decimal(.learningRate))
        case .adapters, .adaptersEverywhere:
            return .adapters(
                kind == .adapters ? .attention : .everything, rank: count(.rank), alpha: Float(count(.alpha)),
                ratio: Double(count(.ratio)), steps: count(.steps), learningRate: decimal(.learningRate))
        case .ascent: return .ascent(passes: count(.passes), learningRate: decimal(.learningRate))
        case .influence: return .influence(samples: count(.samples), scale: decimal(.scale))
        }
    }
}

extension ApproximationRule {
    /// The part of a plan's document.
    var document: CanonicalValue {
        var members: [String: CanonicalValue] = ["kind": .string(kind.rawValue)]
        for setting in kind.settings { members[setting.member] = .integer(Int64(values[setting] ?? 0)) }
        return .object(members)
    }

    /// Reads ``document`` back.
    init(_ reader: PlanReader) throws {
        kind = try reader.choice("kind")
        values = [:]
        for setting in kind.settings { values[setting] = try reader.integer(setting.member) }
    }
}
