package import Credit
import Documents
import Errors
import Postgres
import Valuation

/// Everything there is to say about a run.
package struct CreditReport: Sendable {
    /// What a player gets credit for, and the share of the money that follows it.
    package struct Share: Hashable, Sendable {
        package let credit: StoredCredit
        /// The integer weight for the allocation.
        package let weight: UInt64
        /// Parts per million of all weights, rounded down; for people, money uses the weights.
        package let partsPerMillion: Int
    }

    package let run: StoredRun
    package let counts: TaskCounts
    /// Seconds of computing that the stored evaluations took.
    package let seconds: Double
    /// The paying estimate first; empty while the run is not estimated.
    package let estimates: [StoredEstimate]

    /// One entry a player in the plan's order; empty while the run is not estimated.
    package var shares: [Share] {
        guard let paying = estimates.first(where: \.pays) else { return [] }
        let weights = run.plan.negativeRule.weights(paying.credits.map { ($0.value, $0.low) })
        let total = weights.reduce(UInt64(0), +)
        return zip(paying.credits, weights).map { credit, weight in
            let (high, low) = weight.multipliedFullWidth(by: 1_000_000)
            return Share(
                credit: credit, weight: weight,
                partsPerMillion: total == 0 ? 0 : Int(total.dividingFullWidth((high, low)).quotient))
        }
    }
}

extension CreditService {
    /// What is known about a run.
    package static func show(_ house: House, _ id: String) async throws -> CreditReport {
        let store = RunStore(database: house.database)
        let run = try await store.run(id)
        return CreditReport(
            run: run, counts: try await store.counts(id), seconds: try await store.seconds(id),
            estimates: try await store.estimates(run))
    }

    /// All runs, oldest period first.
    package static func list(_ house: House) async throws -> [StoredRun] {
        try await RunStore(database: house.database).all()
    }

    /// The stored evaluations in the file format of `credit estimate`.
    ///
    /// Values are utilities, more being better: where less is better they are negated, as the estimators see them.
    package static func evaluations(_ house: House, _ id: String) async throws -> [UInt8] {
        let store = RunStore(database: house.database)
        let plan = try await store.run(id).plan
        return Conclusion.file(plan, try await store.evaluations(id)).bytes()
    }

    /// Two runs' paying credits side by side: players of either, those of one run only with one credit.
    package static func compare(
        _ house: House, _ first: String, _ second: String
    ) async throws -> [(player: String, first: StoredCredit?, second: StoredCredit?)] {
        let reports = [try await show(house, first), try await show(house, second)]
        let credits = try reports.map { report in
            guard let paying = report.estimates.first(where: \.pays) else {
                throw LaurelError.refused(
                    "run is not estimated yet", at: report.run.plan.run, next: "finish it with laurel credit run")
            }
            return Dictionary(uniqueKeysWithValues: paying.credits.map { ($0.player, $0) })
        }
        return Set(credits.flatMap(\.keys)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            .map { ($0, credits[0][$0], credits[1][$0]) }
    }
}
