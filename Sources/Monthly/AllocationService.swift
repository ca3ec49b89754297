import Credit
package import Documents
import Errors
package import Foundation
package import Ledger
package import Money
import Postgres
import Registry

/// Shares the pools of a period, by a file of weights or by the credits of a run.
package struct AllocationService: Sendable {
    private let house: House
    private var ledger: Ledger { house.ledger }

    package init(_ house: House) { self.house = house }

    /// Where the weights come from.
    package enum Source: Sendable {
        /// A file with the columns `contributor,weight` and perhaps `dataset`.
        case file(URL)
        /// The credits of a run; nil: of the run in force in the period.
        case run(String?)
    }

    /// Shares every pool of a period, or that of one currency.
    ///
    /// - Parameters:
    ///   - period: whose pools.
    ///   - source: where the weights come from.
    ///   - currency: only this one; nil: all that have revenue.
    ///   - into: the open period that takes the differences when `period` is settled.
    ///   - restating: whether other weights than before may replace them.
    ///   - posting: rehearsal and key.
    /// - Returns: one result a currency.
    /// - Throws: `input` for unusable weights, `refused` when there is nothing to share or it was shared otherwise.
    package func allocate(
        _ period: Period, by source: Source, currency: Currency?, into: Period?, restating: Bool, posting: Posting
    ) async throws -> [AllocationResult] {
        let currencies: [Currency]
        if let currency { currencies = [currency] } else { currencies = try await ledger.currencies(of: period) }
        guard !currencies.isEmpty else {
            throw LaurelError.refused(
                "period \(period) has no revenue", next: "laurel revenue add --period \(period) --amount AMOUNT …")
        }
        switch source {
        case .file(let url):
            let bytes: [UInt8]
            do {
                bytes = [UInt8](try Data(contentsOf: url))
            } catch {
                throw LaurelError.input("file cannot be read", at: url.path, next: "check its path and permissions")
            }
            return try await ledger.allocate(
                period, currencies: currencies,
                weights: Weights(
                    parsing: bytes, file: url.lastPathComponent,
                    contributors: Set(try await Parties(database: house.database).list().map(\.id)),
                    owners: try await owners()),
                policy: AllocationPolicy.weightsFile, into: into, restating: restating, posting: posting)
        case .run(let wanted):
            let report = try await creditReport(of: period, run: wanted)
            let rule = report.run.plan.negativeRule
            return try await ledger.allocate(
                period, currencies: currencies, weights: try await weights(of: report),
                policy: AllocationPolicy.creditRun(negatives: "\(rule.rawValue): \(rule.meaning)"),
                run: report.run.plan.run, into: into, restating: restating, posting: posting)
        }
    }

    /// The finished run of a period, or the one that is wanted.
    private func creditReport(of period: Period, run wanted: String?) async throws -> CreditReport {
        let store = RunStore(database: house.database)
        let next = "laurel credit run --period \(period), or give --weights FILE.csv"
        let inForce = try await store.inForce(period)?.plan.run
        guard let id = wanted ?? inForce else {
            throw LaurelError.refused("period \(period) has no finished credit run", next: next)
        }
        let report = try await CreditService.show(house, id)
        guard report.run.plan.period == period else {
            throw LaurelError.input("run \(id) is of period \(report.run.plan.period)", at: "--run", next: next)
        }
        guard report.run.state == .estimated, !report.shares.isEmpty else {
            throw LaurelError.refused("run \(id) has no credits", at: report.run.state.rawValue, next: next)
        }
        return report
    }

    /// The contributors of the registered datasets.
    private func owners() async throws -> [String: String] {
        try await Datasets(database: house.database).list().reduce(into: [:]) { $0[$1.id] = $1.contributor }
    }

    /// The credits as weights, by the rule of the run's plan. A player is a contributor, or a dataset of one.
    private func weights(of report: CreditReport) async throws -> Weights {
        let owners = report.run.plan.playerKind == .dataset ? try await owners() : [:]
        return try Weights(
            report.shares.map { share in
                let player = share.credit.player
                guard let weight = Int64(exactly: share.weight) else {
                    preconditionFailure("weights are below 10^18 by their definition")
                }
                let owner = owners[player]
                return Weights.Entry(contributor: owner ?? player, dataset: owner == nil ? "" : player, weight: weight)
            })
    }
}
