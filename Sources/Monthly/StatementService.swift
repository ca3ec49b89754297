package import Documents
import Errors
package import Foundation
import Ledger
package import Money
import Postgres
package import Statements

/// Issues statements, lists them, hands them out, and answers for the log.
package struct StatementService {
    /// A statement as a list shows it.
    package typealias Summary = StatementStore.Summary

    private let house: House

    package init(_ house: House) {
        self.house = house
    }

    /// Settles a period and issues a statement to everyone with a balance in it, one run a currency.
    ///
    /// What was issued before stays as it is: the same command twice gives the same statements.
    /// - Parameters:
    ///   - period: the month.
    ///   - currency: only this one; nil for all that were allocated.
    /// - Returns: all statements of the period, and how many of them are new.
    package func issue(
        period: Period, currency: Currency? = nil
    ) async throws -> (statements: [StatementStore.Summary], issued: Int) {
        let keyring = try await KeyService(house).establish()
        let currencies = if let currency { [currency] } else { try await allocatedCurrencies(period) }
        guard !currencies.isEmpty else {
            throw LaurelError.refused(
                "nothing is allocated", at: period.description, next: "laurel allocate --period \(period)")
        }
        _ = try await Ledger(database: house.database).settle(period, policy: WaterfallPolicy(WaterfallPolicy.standard))
        var issued = 0
        for currency in currencies {
            issued += try await issue(period, currency, keyring)
        }
        return (try await list(period: period), issued)
    }

    /// Statements, latest first.
    package func list(period: Period? = nil, party: String? = nil) async throws -> [StatementStore.Summary] {
        try await house.database.withConnection { try await StatementStore($0).list(period: period, party: party) }
    }

    /// The bytes of a statement as they were signed.
    package func signedBytes(of id: String) async throws -> [UInt8] {
        try await bundle(id).files[StatementBundle.Name.statement] ?? []
    }

    /// Writes the bundle of one statement to `directory/PARTY`.
    package func write(_ id: String, to directory: URL) async throws -> URL {
        let bundle = try await bundle(id)
        let party = try await list().first { $0.id == id }?.party ?? id
        let target = directory.appending(path: party, directoryHint: .isDirectory)
        try bundle.write(to: target)
        return target
    }

    /// The bundles of a period's latest statements, written to `directory/PARTY`, or `directory/PARTY-CUR` where a payee
    /// has several currencies.
    ///
    /// - Returns: the directories, in order.
    package func write(period: Period, to directory: URL) async throws -> [URL] {
        let statements = try await list(period: period)
        guard !statements.isEmpty else {
            throw LaurelError.refused(
                "no statements are issued", at: period.description, next: "laurel statement issue --period \(period)")
        }
        var latest: [String: StatementStore.Summary] = [:]
        for statement in statements { latest["\(statement.party) \(statement.currency)"] = statement }
        let parties = Dictionary(grouping: latest.values, by: \.party)
        var directories: [URL] = []
        let chosen = latest.values.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
        for (statement, made) in zip(chosen, try await bundles(chosen.map(\.id))) {
            let hasOthers = (parties[statement.party]?.count ?? 0) > 1
            let name = hasOthers ? "\(statement.party)-\(statement.currency)" : statement.party
            let target = directory.appending(path: name, directoryHint: .isDirectory)
            try made.bundle.write(to: target)
            directories.append(target)
        }
        return directories
    }

    // MARK: - The log

    /// The signed state of the log as a note.
    package func checkpoint() async throws -> String {
        let keyring = try await KeyService(house).keyring()
        return try await house.database.withTransaction { connection in
            try await checkpoint(StatementStore(connection), keyring).checkpoint.note
        }
    }

    /// The proof that a document or statement is in the log, as a `tlog-proof` file.
    package func prove(_ entry: String) async throws -> String {
        let keyring = try await KeyService(house).keyring()
        return try await house.database.withTransaction { connection in
            let store = StatementStore(connection)
            let named = try await store.list().first { $0.id == entry }?.sha256
            guard let digest = named ?? Digest(hex: entry) else {
                throw LaurelError.input(
                    "neither a statement nor a SHA-256", at: entry, next: "see laurel statement list")
            }
            guard let index = try await store.logIndex(of: digest) else {
                throw LaurelError.input("the log has no such entry", at: entry)
            }
            let (checkpoint, leaves) = try await checkpoint(store, keyring)
            let path = LogTree.inclusionProof(of: Int(index), in: leaves[...])
            return LogProof(index: UInt64(index), path: path, checkpoint: checkpoint).text
        }
    }

    /// The proof that the log of one size is the beginning of the log of another: roots and hashes in base64.
    package func consistency(from old: Int, to new: Int) async throws -> (old: Digest, new: Digest, proof: [Digest]) {
        let leaves = try await house.database.withConnection { try await StatementStore($0).leaves() }
        guard old >= 0, old <= new, new <= leaves.count else {
            throw LaurelError.input(
                "sizes must ascend and not exceed the log's \(leaves.count) entries", at: "\(old) \(new)")
        }
        return (
            LogTree.root(leaves.prefix(old)), LogTree.root(leaves.prefix(new)),
            LogTree.consistencyProof(from: old, in: leaves.prefix(new))
        )
    }

    // MARK: - Steps

    private func issue(_ period: Period, _ currency: Currency, _ keyring: Keyring) async throws -> Int {
        let key = try KeyStore(directory: house.keys).require(.statement)
        guard keyring.active(.statement)?.key == key.publicKey, let root = keyring.active(.root) else {
            throw LaurelError.environment(
                "the statement key here is not the keyring's active one", at: house.keys.path,
                next: "restore it, or laurel keys rotate statement")
        }
        return try await house.database.withTransaction(isolation: .repeatableRead) { connection in
            let lock: Int64 = 9
            _ = try await connection.query("SELECT pg_advisory_xact_lock(\(lock))")
            let store = StatementStore(connection)
            if try await store.isIssued(period, currency) { return 0 }
            let (inputs, allocation) = try await StatementInputs(
                connection: connection, period: period, currency: currency
            ).gather()
            let run = try Issuance(
                issuerName: keyring.issuer, logOrigin: keyring.logOrigin, root: root.key.kid, key: key,
                issuedAt: house.now, issuedBy: "operator", previousManifest: try await store.lastManifest(of: currency)
            ).issue(inputs) { try secureRandomBytes($0) }
            try await store.add(run, allocationID: allocation)
            return run.statements.count
        }
    }

    private func allocatedCurrencies(_ period: Period) async throws -> [Currency] {
        try await house.database.query(
            """
            SELECT currency FROM ledger.pool_total
            WHERE period_id = \(period.description) AND allocation_id IS NOT NULL ORDER BY currency
            """
        ).map { try Currency.named(try $0.get("currency", as: String.self)) }
    }

    private func bundle(_ id: String) async throws -> StatementBundle {
        guard let bundle = try await bundles([id]).first else { preconditionFailure("one id gives one bundle") }
        return bundle.bundle
    }

    private func bundles(_ ids: [String]) async throws -> [(id: String, bundle: StatementBundle)] {
        let keyring = try await KeyService(house).keyring()
        return try await house.database.withTransaction { connection in
            let store = StatementStore(connection)
            guard let signed = try await store.keyring() else {
                throw LaurelError.refused("there are no keys yet", at: house.keys.path, next: "run laurel init")
            }
            let writer = try BundleWriter(keyringBytes: signed.bytes, keyringSignature: signed.signature)
            let (checkpoint, leaves) = try await checkpoint(store, keyring)
            var bundles: [(id: String, bundle: StatementBundle)] = []
            for id in ids {
                let stored = try await store.stored(id, leaves: leaves, checkpoint: checkpoint)
                bundles.append((id, try writer.bundle(stored)))
            }
            return bundles
        }
    }

    private func checkpoint(
        _ store: StatementStore, _ keyring: Keyring
    ) async throws -> (checkpoint: Checkpoint, leaves: [Digest]) {
        let key = try KeyStore(directory: house.keys).require(.log)
        let leaves = try await store.leaves()
        return (
            try await store.checkpoint(origin: keyring.logOrigin, key: key, leaves: leaves, at: house.now), leaves
        )
    }
}
