import Credit
import Documents
import Monthly

/// How runs and credits are shown.
enum CreditOutput {
    /// What a run is, in a few fields.
    static func summary(_ run: StoredRun) -> [(key: String, value: OutputValue)] {
        let plan = run.plan
        return [
            ("id", .string(plan.run)), ("period", .string(plan.period.description)),
            ("state", .string(run.state.rawValue)),
            ("plan_sha256", .string(run.digest.hex)), ("players", .integer(plan.players.count)),
            ("properties", .array(properties(plan).map(OutputValue.string))),
            ("coalitions", .integer(plan.design.coalitions)),
            ("end_repeats", .integer(plan.design.endRepeats)), ("duplicates", .integer(plan.design.duplicates)),
            ("seed", .integer(Int(plan.seed))), ("estimator", .string(plan.estimator)),
            ("negative_rule", .string(plan.negativeRule.rawValue)),
        ] + game(plan.evaluator)
    }

    /// What a coalition's model is, and what its pictures are measured with.
    private static func game(_ evaluator: EvaluatorRule) -> [(key: String, value: OutputValue)] {
        guard case .prunedModel(let game) = evaluator else { return [] }
        let yardstick = game.yardstick
        let frozen = [
            ("classifier_sha256", yardstick.classifierDigest), ("aesthetic_head_sha256", yardstick.aestheticHeadDigest),
        ]
        return [
            ("model", .string(game.model)), ("start", .string(game.start.rawValue)),
            ("baseline", .string(game.baseline.rawValue)), ("approximation", .string(game.approximation.description)),
            ("images", .integer(game.images)), ("features", .string(yardstick.features.rawValue)),
            ("labels", .string(yardstick.labels)), ("reference_sha256", .string(yardstick.referenceDigest.hex)),
        ] + frozen.compactMap { key, digest in digest.map { (key, .string($0.hex)) } }
    }

    /// Writes a report: for people the credits and how far to trust them, for machines everything.
    static func write(_ report: CreditReport, as format: OutputFormat) {
        switch format {
        case .json: Record(fields: fields(report)).write(as: .json)
        case .csv: shares(report).write(as: .csv)
        case .table:
            Record(
                fields: summary(report.run) + [
                    ("evaluations", .string("\(report.counts.done) of \(report.counts.total)")),
                    ("cost", .string("\(rounded(report.seconds, 1)) s of computing")),
                ]
            ).write(as: .table)
            guard !report.estimates.isEmpty else { return }
            Terminal.put("")
            shares(report).write(as: .table)
            Terminal.put("")
            trust(report).write(as: .table)
            for property in report.run.plan.properties where property.lowerIsBetter {
                Terminal.put("\nLess \(property.name) is better: credit is given for the improvement.")
            }
            for warning in warnings(report) { Terminal.put("\nNote: \(warning)") }
        }
    }

    /// A number with a fixed count of places, for people.
    static func rounded(_ value: Double, _ places: Int) -> String {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let scaled = (value * scale).rounded()
        guard scaled.magnitude < 1e15 else { return "\(value)" }
        let digits = String(Int(scaled.magnitude))
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        let sign = scaled < 0 ? "-" : ""
        return places == 0 ? sign + padded : sign + padded.dropLast(places) + "." + padded.suffix(places)
    }

    private static func properties(_ plan: CreditPlan) -> [String] {
        let total = plan.properties.reduce(0) { $0 + $1.weightMillionths }
        return plan.properties.map { property in
            plan.properties.count == 1
                ? property.name
                : "\(property.name) \(rounded(Double(property.weightMillionths) / Double(total) * 100, 0)) %"
        }
    }

    private static func shares(_ report: CreditReport) -> Listing {
        let plan = report.run.plan
        let singles = report.estimates.filter { $0.estimator == plan.estimator && !$0.pays }
        var listing = Listing(
            columns: [
                .text("player", "Player"), .number("credit", "Credit"), .number("low", "95 % from"),
                .number("high", "to"), .number("share_percent", "Share %"),
            ] + singles.map { .number($0.property, $0.property) })
        listing.whenEmpty = "not estimated yet: laurel credit run --period \(plan.period)"
        listing.rows = report.shares.enumerated().map { index, share in
            [
                .string(share.credit.player), .string(rounded(share.credit.value, 4)),
                .string(rounded(share.credit.low, 4)), .string(rounded(share.credit.high, 4)),
                .string(rounded(Double(share.partsPerMillion) / 10_000, 2)),
            ] + singles.map { .string(rounded($0.credits[index].value, 4)) }
        }
        return listing
    }

    private static func trust(_ report: CreditReport) -> Listing {
        var listing = Listing(columns: [
            .text("property", "Property"), .text("estimator", "Estimator"), .number("v_empty", "v(nobody)"),
            .number("v_full", "v(everybody)"), .number("noise_sd", "Noise SD"),
            .number("loo_r2", "Predicted R²"), .number("rank_correlation", "Rank agreement"),
            .number("relative_l2", "Relative difference"),
        ])
        listing.rows = report.estimates.map { estimate in
            [
                .string(estimate.property), .string(estimate.estimator), .string(rounded(estimate.vEmpty, 4)),
                .string(rounded(estimate.vFull, 4)), optional(estimate.noiseSD, 4), optional(estimate.looR2, 3),
                optional(estimate.rankCorrelation, 3), optional(estimate.relativeL2, 3),
            ]
        }
        return listing
    }

    private static func optional(_ value: Double?, _ places: Int) -> OutputValue {
        value.map { .string(rounded($0, places)) } ?? .none
    }

    private static func warnings(_ report: CreditReport) -> [String] {
        report.estimates.filter { $0.estimator == report.run.plan.estimator }
            .flatMap { estimate in estimate.warnings.map { "\(estimate.property): \($0)" } }
    }

    private static func fields(_ report: CreditReport) -> [(key: String, value: OutputValue)] {
        let plan = report.run.plan
        let own = report.estimates.filter { $0.estimator == plan.estimator }
        return summary(report.run).map { $0.key == "players" ? ("players", .integer(plan.players.count)) : $0 } + [
            ("evaluations", .integer(report.counts.done)), ("evaluations_planned", .integer(report.counts.total)),
            ("seconds", .string("\(report.seconds)")),
            ("values", .array(own.flatMap(values))),
            ("shares", .array(report.shares.map(share))),
            ("ends", .array(own.map(end))),
            ("cross_check", .array(report.estimates.filter { $0.estimator != plan.estimator }.map(check))),
            ("warnings", .array(warnings(report).map(OutputValue.string))),
        ]
    }

    private static func exact(_ value: Double?) -> OutputValue { value.map { .string("\($0)") } ?? .none }

    private static func values(_ estimate: StoredEstimate) -> [OutputValue] {
        estimate.credits.map { credit in
            .object([
                ("player", .string(credit.player)), ("property", .string(estimate.property)),
                ("value", exact(credit.value)), ("std_error", exact(credit.standardError)),
                ("low", exact(credit.low)), ("high", exact(credit.high)), ("pays", .bool(estimate.pays)),
            ])
        }
    }

    private static func share(_ share: CreditReport.Share) -> OutputValue {
        .object([
            ("player", .string(share.credit.player)), ("weight", .string("\(share.weight)")),
            ("share_ppm", .integer(share.partsPerMillion)),
        ])
    }

    private static func end(_ estimate: StoredEstimate) -> OutputValue {
        .object([
            ("property", .string(estimate.property)), ("v_empty", exact(estimate.vEmpty)),
            ("v_full", exact(estimate.vFull)), ("sum", exact(estimate.total)), ("noise_sd", exact(estimate.noiseSD)),
            ("loo_r2", exact(estimate.looR2)), ("pruning_gap", exact(estimate.pruningGap)),
        ])
    }

    private static func check(_ estimate: StoredEstimate) -> OutputValue {
        .object([
            ("property", .string(estimate.property)), ("estimator", .string(estimate.estimator)),
            ("rank_correlation", exact(estimate.rankCorrelation)), ("relative_l2", exact(estimate.relativeL2)),
            ("values", .array(values(estimate))),
        ])
    }
}
