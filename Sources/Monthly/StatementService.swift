package import Documents
import Errors
package import Foundation
package import Ledger
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
    ///   - currency: only this one; nil for all in which something was shared or moved.
    ///   - posting: a key of the caller's for the settlement; see ``rehearse(period:currency:)`` for a rehearsal.
    /// - Returns: all statements of the period, and how many of them are new.
    package func issue(
        period: Period, currency: Currency? = nil, posting: Posting = .plain
    ) async throws -> (statements: [StatementStore.Summary], issued: Int) {
        try await KeyService(house).establish()
        let issued = try await house.whileSigning {
            let keyring = try await KeyService(house).keyring()
            let key = try KeyStore(directory: house.keys).key(.statement, activeIn: keyring)
            // What cannot be issued is found before the settlement is posted, which stays.
            try await checkInputs(period, currency)
            try await settle(period, currency, posting)
            var issued = 0
            for currency in try await currencies(period, currency) {
                issued += try await issue(period, currency, keyring, key)
            }
            return issued
        }
        return (try await list(period: period), issued)
    }

    /// What ``issue(period:currency:posting:)`` would say of each payee. Nothing is posted, signed or kept.
    package func rehearse(period: Period, currency: Currency? = nil) async throws -> [PayeePeriod] {
        try await checkInputs(period, currency)
        try await settle(period, currency, Posting(isDryRun: true))
        let payees = try await house.ledger.payeePeriods(period, policy: WaterfallPolicy(WaterfallPolicy.standard))
        return payees.filter { currency == nil || $0.currency == currency }
    }

    /// Statements, latest first.
    package func list(period: Period? = nil, party: String? = nil) async throws -> [StatementStore.Summary] {
        try await house.database.withConnection { try await StatementStore($0).list(period: period, party: party) }
    }

    /// The bytes of a statement as they were signed.
    package func signedBytes(of id: String) async throws -> [UInt8] {
        try await house.database.withConnection { try await StatementStore($0).bytes(of: id) }
    }

    /// Writes the bundle of one statement to `directory/PARTY`.
    package func write(_ id: String, to directory: URL) async throws -> URL {
        guard let bundle = try await bundles([id]).first?.bundle else { preconditionFailure("one id gives one bundle") }
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
        try await signingLog { _, _, checkpoint, _ in checkpoint.note }
    }

    /// What binds a closed period to the log: how many rows it has and their digests, as the bytes that the log knows.
    package func seal(of period: Period) async throws -> [UInt8] {
        let seal = try await house.database.withConnection { try await StatementStore($0).seal(of: period.description) }
        guard let seal else {
            throw LaurelError.refused(
                "the period is not closed", at: "\(period)", next: "laurel period close \(period)")
        }
        return seal
    }

    /// The proof that a statement, a closed period or a document is in the log, as a `tlog-proof` file.
    package func prove(_ entry: String) async throws -> String {
        try await signingLog { store, _, checkpoint, tree in
            let named = try await store.list().first { $0.id == entry }?.sha256
            let sealed = try await store.seal(of: entry).map { Digest.sha256($0) }
            guard let digest = named ?? sealed ?? Digest(hex: entry) else {
                throw LaurelError.input(
                    "neither a statement, nor a closed period, nor a SHA-256", at: entry,
                    next: "see laurel statement list and laurel period list")
            }
            guard let index = try await store.logIndex(of: digest) else {
                throw LaurelError.input("the log has no such entry", at: entry)
            }
            let path = tree.inclusionProof(of: Int(index))
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

    /// Builds everything that the books say already, so that text which cannot be signed is refused while nothing is
    /// posted. Settling adds amounts and references of its own making, no text.
    private func checkInputs(_ period: Period, _ currency: Currency?) async throws {
        for currency in try await currencies(period, currency) {
            try await house.database.withTransaction(isolation: .repeatableRead, commit: false) { connection in
                if try await StatementStore(connection).isIssued(period, currency) { return }
                _ = try await StatementInputs(connection: connection, period: period, currency: currency).gather()
            }
        }
    }

    private func settle(_ period: Period, _ currency: Currency?, _ posting: Posting) async throws {
        _ = try await house.ledger.settle(
            period, policy: WaterfallPolicy(WaterfallPolicy.standard), posting: posting,
            route: "statement issue", for: currency?.code ?? "")
    }

    private func issue(
        _ period: Period, _ currency: Currency, _ keyring: Keyring, _ key: PrivateKey
    ) async throws -> Int {
        guard let root = keyring.active(.root) else { preconditionFailure("a keyring is signed by its root key") }
        return try await house.database.withTransaction(isolation: .repeatableRead) { connection in
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

    /// The one currency asked for, or those in which the period shared or moved something.
    private func currencies(_ period: Period, _ currency: Currency?) async throws -> [Currency] {
        if let currency { return [currency] }
        let currencies = try await house.database.query(
            """
            SELECT currency FROM ledger.stated_pool WHERE period_id = \(period.description)
            UNION
            SELECT s.currency FROM ledger.payee_statement(\(period.description)) s
            WHERE (s.earned, s.adjustments, s.reserve_released, s.hold_released, s.converted, s.recouped, s.reserve_withheld,
                   s.hold_placed, s.tax_withheld, s.paid, s.returned, s.written_off) <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
            ORDER BY currency
            """
        ).map { try Currency.named(try $0.get("currency", as: String.self)) }
        guard !currencies.isEmpty else {
            throw LaurelError.refused(
                "nothing is allocated and no balance moved", at: period.description,
                next: "laurel allocate --period \(period)")
        }
        return currencies
    }

    private func bundles(_ ids: [String]) async throws -> [(id: String, bundle: StatementBundle)] {
        try await signingLog { store, keyring, checkpoint, tree in
            let writer = try BundleWriter(
                keyringBytes: keyring.bytes, keyringSignature: keyring.signature,
                history: try await store.history(of: checkpoint, in: tree))
            var bundles: [(id: String, bundle: StatementBundle)] = []
            for id in ids {
                bundles.append((id, try writer.bundle(try await store.stored(id, tree: tree, checkpoint: checkpoint))))
            }
            return bundles
        }
    }

    /// Runs the body with the signed state of the log, while nobody appends to it or changes the key that signs it.
    private func signingLog<Outcome>(
        _ body: (StatementStore, StatementStore.Signed, Checkpoint, LogTreeLevels) async throws -> Outcome
    ) async throws -> Outcome {
        try await house.whileSigning {
            try await house.database.withTransaction { connection in
                let store = StatementStore(connection)
                guard let signed = try await store.keyring() else {
                    throw LaurelError.refused("there are no keys yet", at: house.keys.path, next: "run laurel init")
                }
                let keyring = try Keyring(try CanonicalValue.parse(signed.bytes, name: StatementBundle.Name.keyring))
                let key = try KeyStore(directory: house.keys).key(.log, activeIn: keyring)
                let tree = try await store.tree()
                let checkpoint = try await store.checkpoint(
                    origin: keyring.logOrigin, key: key, tree: tree, at: house.now)
                return try await body(store, signed, checkpoint, tree)
            }
        }
    }
}
