package import Documents
import Errors
import Money

/// One statement, signed, with its place in the run's ``SumTree``.
package struct IssuedStatement: Sendable {
    package let document: StatementDocument
    /// The canonical bytes, which are what is signed and stored.
    package let bytes: [UInt8]
    package let sha256: Digest
    package let signature: [UInt8]
    /// By file name.
    package let attachments: [String: [UInt8]]
    package let proof: SumProof
}

/// All statements of a period and currency and the manifest that binds them.
package struct IssuedRun: Sendable {
    package let statements: [IssuedStatement]
    package let manifest: Manifest
    package let manifestBytes: [UInt8]
    package let manifestSignature: [UInt8]
}

/// Turns what the books say into signed statements. Pure but for the random bytes it is given.
package struct Issuance: Sendable {
    package let issuerName: String
    package let logOrigin: String
    /// Fingerprint of the root key, printed on every page for readers to pin.
    package let root: Digest
    package let key: PrivateKey
    package let issuedAt: Timestamp
    package let issuedBy: String
    /// The manifest before this one of the same currency.
    package let previousManifest: Digest?

    package init(
        issuerName: String, logOrigin: String, root: Digest, key: PrivateKey, issuedAt: Timestamp, issuedBy: String,
        previousManifest: Digest?
    ) {
        self.issuerName = issuerName
        self.logOrigin = logOrigin
        self.root = root
        self.key = key
        self.issuedAt = issuedAt
        self.issuedBy = issuedBy
        self.previousManifest = previousManifest
    }

    /// Issues a run: one statement an input, all of one period, currency, pool and run.
    ///
    /// - Parameters:
    ///   - inputs: at least one.
    ///   - random: gives so many unpredictable bytes, for salts and blinds.
    /// - Returns: the statements in the shuffled order of their leaves, and the manifest.
    /// - Throws: ``LaurelError`` of kind `input` for text outside the profile or sums that do not fit.
    package func issue(_ inputs: [StatementInput], random: (Int) throws -> [UInt8]) throws -> IssuedRun {
        guard let first = inputs.first else { preconditionFailure("a run has statements") }
        let page = try StatementPage()
        var drafts: [(document: StatementDocument, attachments: [String: [UInt8]], bytes: [UInt8], blind: [UInt8])] = []
        for input in inputs {
            precondition(
                input.period == first.period && input.currency == first.currency && input.run == first.run
                    && input.pool == first.pool, "a run is of one period, currency and pool")
            var document = try StatementDocument(
                id: Self.statementID(input), issuedAt: issuedAt, salt: try random(16),
                issuer: .init(name: issuerName, keyID: key.publicKey.kid, logOrigin: logOrigin), input: input)
            let attachments = [
                StatementBundle.Name.csv: document.csv,
                StatementBundle.Name.html: Array(page.html(document, root: root).utf8),
            ]
            document.attachments = [
                .init(
                    name: StatementBundle.Name.csv, mediaType: "text/csv",
                    content: attachments[StatementBundle.Name.csv] ?? []),
                .init(
                    name: StatementBundle.Name.html, mediaType: "text/html",
                    content: attachments[StatementBundle.Name.html] ?? []),
            ]
            drafts.append((document, attachments, try document.document.encoded(), try random(16)))
        }
        // Blinds are random, so their order is a shuffle: neighbours in the tree say nothing about anyone.
        drafts.sort { $0.blind.lexicographicallyPrecedes($1.blind) }
        let runHash = Digest.sha256(first.run.payoutRunID)
        var leaves: [SumTree.Node] = []
        for (index, draft) in drafts.enumerated() {
            guard let amount = UInt64(exactly: draft.document.balance.earned.value) else {
                throw LaurelError.input("earnings are negative", at: draft.document.id)
            }
            leaves.append(
                SumTree.leaf(
                    runHash: runHash, index: UInt64(index), amount: amount, blind: draft.blind,
                    document: .sha256(draft.bytes)))
        }
        guard let levels = SumTree.levels(of: leaves), let root = levels.last?.first else {
            throw LaurelError.input("the run's total exceeds what an amount can hold", at: first.run.payoutRunID)
        }
        let statements = drafts.enumerated().map { index, draft in
            let sha256 = Digest.sha256(draft.bytes)
            return IssuedStatement(
                document: draft.document, bytes: draft.bytes, sha256: sha256, signature: key.sign(draft.bytes),
                attachments: draft.attachments,
                proof: SumProof(
                    runHash: runHash, index: UInt64(index), leafCount: UInt64(leaves.count), amount: leaves[index].sum,
                    blind: draft.blind, document: sha256, path: SumTree.path(to: index, in: levels)))
        }
        let manifest = try manifest(of: statements, root: root, like: first)
        let bytes = try manifest.document.encoded()
        return IssuedRun(
            statements: statements, manifest: manifest, manifestBytes: bytes, manifestSignature: key.sign(bytes))
    }

    private func manifest(
        of statements: [IssuedStatement], root: SumTree.Node, like input: StatementInput
    ) throws -> Manifest {
        let balances = statements.map(\.document.balance)
        let paid = statements.reduce(Int128(0)) { $0 + Int128($1.document.input.payout.amountMinor) }
        guard let paidMinor = Int64(exactly: paid) else {
            throw LaurelError.input("the run's payments exceed what an amount can hold", at: input.run.payoutRunID)
        }
        return Manifest(
            payoutRunID: input.run.payoutRunID, period: input.period, currency: input.currency, createdAt: issuedAt,
            createdBy: issuedBy, statementCount: Int64(statements.count), leafCount: Int64(statements.count),
            poolNet: input.pool.net, totalEarned: Micros(Int64(root.sum)),
            totalPayable: try Micros.total(balances.map(\.paid) + balances.map(\.closing)), totalPaidMinor: paidMinor,
            sumRoot: root.hash, statementsSHA256: Manifest.statementsDigest(statements.map(\.sha256)),
            scoreSetSHA256: input.run.scoreSetSHA256, policySHA256: input.run.policySHA256,
            previousManifestSHA256: previousManifest)
    }

    /// Readable and sortable: period, currency, payee.
    package static func statementID(_ input: StatementInput) -> String {
        "\(input.period)-\(input.currency.code.lowercased())-\(input.payee.partyID)"
    }
}
