import Documents
import Errors
package import Foundation
import Ledger
import Money
package import Registry

/// Contributors as a person asks for them.
package struct ContributorService {
    private let house: House
    private var parties: Parties { Parties(database: house.database) }

    package init(_ house: House) { self.house = house }

    /// Registers one contributor; safe to repeat.
    ///
    /// - Returns: The contributor, and whether it was registered now.
    package func add(
        _ id: String, _ details: PartyDetails, minimumPayout: String?
    ) async throws -> (party: Party, isNew: Bool) {
        let minimum = try minimumPayout.map { try readMinimum(for: id, $0, currency: nil, place: "--min-payout") }
        let added = try await parties.add([(id, details, "contributor add")], now: house.now)
        if let minimum { try await agree(minimum) }
        return (try await parties.find(id), added[0])
    }

    /// Registers the contributors of a CSV file, all or none.
    ///
    /// - Returns: How many there are, and how many were registered now.
    package func importFile(_ url: URL) async throws -> (total: Int, added: Int) {
        let table = try CSVTable(
            reading: url, required: ["id", "name"],
            optional: ["kind", "country", "identifier", "min_payout", "currency", "method", "account"],
            allowOther: false)
        func cell(_ row: CSVRow, _ column: String) -> String? {
            row[column].flatMap { $0.isEmpty ? nil : $0 }
        }
        var minima: [MinimumPayout] = []
        let rows = try table.rows.map { row in
            if let text = cell(row, "min_payout") {
                let currency = try cell(row, "currency").map { try Currency.named($0, at: row.place("currency")) }
                minima.append(
                    try readMinimum(for: row["id"] ?? "", text, currency: currency, place: row.place("min_payout")))
            }
            let details = PartyDetails(
                name: cell(row, "name"), kind: cell(row, "kind"), country: cell(row, "country"),
                method: cell(row, "method"), account: cell(row, "account"),
                identifiers: cell(row, "identifier").map { [$0] } ?? [])
            return (id: row["id"] ?? "", details: details, place: row.place("id"))
        }
        let added = try await parties.add(rows, now: house.now)
        for minimum in minima { try await agree(minimum) }
        return (rows.count, added.count { $0 })
    }

    /// Changes what is told and keeps the rest.
    package func update(_ id: String, _ details: PartyDetails, minimumPayout: String?) async throws -> Party {
        let minimum = try minimumPayout.map { try readMinimum(for: id, $0, currency: nil, place: "--min-payout") }
        try await parties.update(id, details)
        if let minimum { try await agree(minimum) }
        return try await parties.find(id)
    }

    /// Leaves a contributor's datasets out of new snapshots, and carries its money instead of paying it.
    package func suspend(_ id: String, reason: String) async throws -> Party {
        try await parties.suspend(id, reason: reason)
        return try await parties.find(id)
    }

    /// Lifts a suspension: what was carried is paid with the next settlement.
    package func resume(_ id: String) async throws -> Party {
        try await parties.resume(id)
        return try await parties.find(id)
    }

    /// A contributor by id.
    package func show(_ id: String) async throws -> Party { try await parties.find(id) }

    /// All contributors, by id.
    package func list() async throws -> [Party] { try await parties.list() }

    /// Contributors whose account is closed, and from which period's settlement on.
    package func closedAccounts() async throws -> [String: String] { try await house.ledger.closedAccounts() }

    /// Less than this is carried to the next month.
    private struct MinimumPayout {
        let party: String
        let currency: Currency
        let amount: Micros
    }

    private func readMinimum(
        for party: String, _ text: String, currency: Currency?, place: String
    ) throws -> MinimumPayout {
        let currency = try currency ?? Currency.named(HouseSettings.read(from: house.home).currency)
        let amount = try Micros(parsing: text, currency: currency, at: place)
        guard amount >= .zero else {
            throw LaurelError.input("a minimum payout is not negative", at: place, next: "write 0 or more")
        }
        return MinimumPayout(party: party, currency: currency, amount: amount)
    }

    /// The first day that there is: first terms hold for every month, also the one that is about to be settled.
    private static let beginning = Day(year: 1, month: 1, day: 1)

    /// Changes the minimum from this month on, or agrees on it from the beginning where there were no terms yet, and keeps
    /// what else was agreed with the payee.
    private func agree(_ minimum: MinimumPayout) async throws {
        let today = house.now.day
        let known = try await house.ledger.terms(of: minimum.party, currency: minimum.currency, on: today)
        if known?.minimumPayout == minimum.amount { return }
        let month = today.period.firstDay
        _ = try await house.ledger.changeTerms(
            TermsChange(
                party: minimum.party, currency: minimum.currency,
                validFrom: known.map { max($0.validFrom, month) } ?? Self.beginning ?? month,
                minimumPayout: minimum.amount))
    }
}
