package import Documents
import Errors
import Postgres
import Valuation

/// One player's stored credit.
package struct StoredCredit: Hashable, Sendable {
    package let player: String
    package let value: Double
    package let standardError: Double
    package let low: Double
    package let high: Double
}

/// One estimator's stored conclusion about one property.
package struct StoredEstimate: Hashable, Sendable {
    package let property: String
    package let estimator: String
    /// Whether money follows these values.
    package let pays: Bool
    package let evaluations: Int
    package let vEmpty: Double
    package let vFull: Double
    package let noiseSD: Double?
    package let looR2: Double?
    package let total: Double
    /// F(base model) − F(pruned model fine-tuned on everyone), in the property's own direction; nil without a base model.
    package let pruningGap: Double?
    package let rankCorrelation: Double?
    package let relativeL2: Double?
    package let warnings: [String]
    /// In the plan's order of players.
    package let credits: [StoredCredit]
}

extension RunStore {
    /// Stores what was concluded and marks the run as estimated, both or neither.
    ///
    /// - Parameters:
    ///   - concluded: see ``Conclusion``.
    ///   - plan: of the run.
    ///   - pruningGaps: by property, see ``StoredEstimate/pruningGap``.
    ///   - now: the transaction time.
    /// - Returns: false when somebody else had concluded before; nothing is stored then.
    /// - Throws: ``PostgresError``.
    package func store(
        _ concluded: [ConcludedEstimate], of plan: CreditPlan, pruningGaps: [String: Double], now: Timestamp
    ) async throws -> Bool {
        try await database.withTransaction { connection in
            let moved = try await connection.execute(
                "UPDATE credit.plan SET state = 'estimated' WHERE run_id = \(plan.run) AND state = 'running'")
            guard moved == 1 else { return false }
            for item in concluded {
                try await insert(item, plan, gap: pruningGaps[item.property], now, connection)
            }
            return true
        }
    }

    private func insert(
        _ item: ConcludedEstimate, _ plan: CreditPlan, gap: Double?, _ now: Timestamp, _ connection: Connection
    ) async throws {
        let estimate = item.estimate
        let relative = item.check.flatMap { $0.relativeL2.isFinite ? $0.relativeL2 : nil }
        let warnings = estimate.warnings + [item.check?.warning].compactMap { $0 }
        _ = try await connection.execute(
            """
            INSERT INTO credit.estimate (run_id, property, estimator, index_name, pays, evaluations, v_empty, v_full,
                                         noise_sd, loo_r2, total, pruning_gap, rank_correlation, relative_l2, warnings,
                                         created_at)
            VALUES (\(plan.run), \(item.property), \(estimate.estimator.rawValue), \(estimate.index.description),
                    \(item.pays), \(estimate.evaluations), \(estimate.vEmpty), \(estimate.vFull), \(estimate.noiseSD as Double?),
                    \(estimate.looR2 as Double?), \(estimate.sum), \(gap as Double?), \(item.check?.rankCorrelation as Double?), \(relative as Double?),
                    \(warnings), \(now.description))
            """)
        let values = estimate.values
        _ = try await connection.execute(
            """
            INSERT INTO credit.result (run_id, property, estimator, index_name, player, value, std_error, low, high)
            SELECT \(plan.run), \(item.property), \(estimate.estimator.rawValue), \(estimate.index.description), credit.*
            FROM unnest(\(plan.players)::text[], \(values.map(\.value))::float8[], \(values.map(\.stdError))::float8[],
                        \(values.map(\.low))::float8[], \(values.map(\.high))::float8[]) AS credit
            """)
    }

    /// What was concluded about a run: the paying estimate first, then by property, the plan's estimator before others.
    package func estimates(_ run: StoredRun) async throws -> [StoredEstimate] {
        let rows = try await database.query(
            """
            SELECT *
            FROM credit.estimate
            WHERE run_id = \(run.plan.run)
            ORDER BY pays DESC, property, rank_correlation IS NOT NULL OR estimator <> \(run.plan.estimator), estimator
            """)
        let results = try await database.query("SELECT * FROM credit.result WHERE run_id = \(run.plan.run)")
        var credits: [String: [String: StoredCredit]] = [:]
        for row in results {
            let credit = StoredCredit(
                player: try row.get("player"), value: try row.get("value"), standardError: try row.get("std_error"),
                low: try row.get("low"), high: try row.get("high"))
            credits[try RunStore.key(row), default: [:]][credit.player] = credit
        }
        return try rows.map { row in
            let byPlayer = credits[try RunStore.key(row)] ?? [:]
            return StoredEstimate(
                property: try row.get("property"), estimator: try row.get("estimator"), pays: try row.get("pays"),
                evaluations: try row.get("evaluations"), vEmpty: try row.get("v_empty"), vFull: try row.get("v_full"),
                noiseSD: try row.get("noise_sd"), looR2: try row.get("loo_r2"), total: try row.get("total"),
                pruningGap: try row.get("pruning_gap"), rankCorrelation: try row.get("rank_correlation"),
                relativeL2: try row.get("relative_l2"), warnings: try row.get("warnings"),
                credits: run.plan.players.compactMap { byPlayer[$0] })
        }
    }

    private static func key(_ row: Row) throws -> String {
        "\(try row.get("property", as: String.self)) \(try row.get("estimator", as: String.self))"
    }
}
