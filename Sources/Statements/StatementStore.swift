package import Documents
import Errors
package import Money
package import Postgres

/// The tables of schema `statements`: signed bytes go in once and come out unchanged.
///
/// Methods that take a connection are parts of the caller's transaction.
package struct StatementStore: Sendable {
    /// A statement as a list shows it.
    package struct Summary: Sendable {
        package let id: String
        package let party: String
        package let period: String
        package let currency: String
        package let version: Int64
        package let sha256: Digest
        package let issuedAt: String
    }

    /// A document with its detached signature.
    package struct Signed: Sendable {
        package let bytes: [UInt8]
        package let signature: [UInt8]
    }

    let connection: Connection

    /// A store within a connection, usually one in a transaction.
    package init(_ connection: Connection) {
        self.connection = connection
    }

    // MARK: - Keyring

    /// The keyring in force; nil before the first.
    package func keyring() async throws -> Signed? {
        try await connection.query("SELECT bytes, sig FROM statements.keyring ORDER BY version DESC LIMIT 1").first.map
        {
            Signed(bytes: try $0.get("bytes"), signature: try $0.get("sig"))
        }
    }

    /// Puts a keyring in force: its keys, its bytes signed by the root, its entry in the log.
    package func add(_ keyring: Keyring, signedBy root: PrivateKey) async throws {
        let bytes = try keyring.document.encoded()
        for entry in keyring.entries {
            try await connection.execute(
                """
                INSERT INTO statements.signing_key (kid, use, spki, not_before, not_after)
                VALUES (\(entry.key.kid.bytes), \(entry.use.rawValue), \(entry.key.spki),
                        \(entry.notBefore.description), \(entry.notAfter.description))
                ON CONFLICT (kid) DO NOTHING
                """)
        }
        try await connection.execute(
            """
            INSERT INTO statements.keyring (version, bytes, sha256, sig, root_kid, issued_at)
            VALUES (\(keyring.version), \(bytes), \(Digest.sha256(bytes).bytes), \(root.sign(bytes)),
                    \(root.publicKey.kid.bytes), \(keyring.issuedAt.description))
            """)
        try await append([(.keyring, .sha256(bytes))], at: keyring.issuedAt)
    }

    // MARK: - Statements

    /// The digest of the last manifest of a currency; nil before the first.
    package func lastManifest(of currency: Currency) async throws -> Digest? {
        try await connection.query(
            """
            SELECT sha256 FROM statements.manifest WHERE currency = \(currency.code)
            ORDER BY period_id DESC, version DESC LIMIT 1
            """
        ).first.flatMap { Digest(bytes: try $0.get("sha256", as: [UInt8].self)) }
    }

    /// Whether a period and currency have been issued.
    package func isIssued(_ period: Period, _ currency: Currency) async throws -> Bool {
        try await !connection.query(
            """
            SELECT 1 AS one FROM statements.manifest
            WHERE period_id = \(period.description) AND currency = \(currency.code)
            """
        ).isEmpty
    }

    /// Stores a run and enters its statements and its manifest in the log.
    package func add(_ run: IssuedRun, allocationID: Int64?) async throws {
        let manifest = run.manifest
        guard let kid = run.statements.first?.document.issuer.keyID else { return }
        try await connection.execute(
            """
            INSERT INTO statements.manifest
                (payout_run_id, period_id, currency, version, allocation_id, bytes, sha256, sig, kid, created_at)
            VALUES (\(manifest.payoutRunID), \(manifest.period.description), \(manifest.currency.code), 1,
                    \(allocationID), \(run.manifestBytes), \(Digest.sha256(run.manifestBytes).bytes),
                    \(run.manifestSignature), \(kid.bytes), \(manifest.createdAt.description))
            """)
        _ = try await connection.copyIn(
            "statements.statement",
            columns: [
                "id", "payout_run_id", "party_id", "period_id", "currency", "version", "bytes", "sha256", "sig", "kid",
                "sum_proof", "issued_at",
            ],
            rows: run.statements.map { statement in
                [
                    statement.document.id, manifest.payoutRunID, statement.document.input.payee.partyID,
                    manifest.period.description, manifest.currency.code, "1", ByteaText.text(of: statement.bytes),
                    ByteaText.text(of: statement.sha256.bytes), ByteaText.text(of: statement.signature),
                    ByteaText.text(of: kid.bytes),
                    ByteaText.text(of: Array(statement.proof.text.utf8)), manifest.createdAt.description,
                ]
            })
        _ = try await connection.copyIn(
            "statements.attachment", columns: ["statement_id", "name", "bytes"],
            rows: run.statements.flatMap { statement in
                statement.attachments.sorted { $0.key < $1.key }.map {
                    [statement.document.id, $0.key, ByteaText.text(of: $0.value)]
                }
            })
        try await append(
            run.statements.map { (.statement, $0.sha256) } + [(.manifest, .sha256(run.manifestBytes))],
            at: manifest.createdAt)
    }

    /// Statements, latest period first; of one period or payee when given.
    package func list(period: Period? = nil, party: String? = nil) async throws -> [Summary] {
        let ofPeriod: SQL = period.map { "AND period_id = \($0.description)" } ?? ""
        let ofParty: SQL = party.map { "AND party_id = \($0)" } ?? ""
        return try await connection.query(
            """
            SELECT id, party_id::text AS party_id, period_id, currency, version, sha256,
                   to_char(issued_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS issued_at
            FROM statements.statement WHERE true \(ofPeriod) \(ofParty)
            ORDER BY period_id DESC, currency, party_id, version
            """
        ).map { row in
            guard let sha256 = Digest(bytes: try row.get("sha256", as: [UInt8].self)) else {
                preconditionFailure("the table holds 32 bytes")
            }
            return Summary(
                id: try row.get("id"), party: try row.get("party_id"), period: try row.get("period_id"),
                currency: try row.get("currency"), version: try row.get("version"), sha256: sha256,
                issuedAt: try row.get("issued_at"))
        }
    }

    /// The bytes of a statement as they were signed.
    ///
    /// - Throws: `LaurelError` of kind `input` when there is no such statement.
    package func bytes(of id: String) async throws -> [UInt8] {
        guard
            let row = try await connection.query("SELECT bytes FROM statements.statement WHERE id = \(id)").first
        else { throw missing(id) }
        return try row.get("bytes")
    }

    /// Everything stored of a statement, with its and its manifest's proof in a state of the log.
    ///
    /// - Throws: `LaurelError` of kind `input` when there is no such statement.
    package func stored(_ id: String, tree: LogTreeLevels, checkpoint: Checkpoint) async throws -> BundleWriter.Stored {
        guard
            let row = try await connection.query(
                """
                SELECT s.bytes, s.sig, s.sum_proof, m.bytes AS manifest, m.sig AS manifest_sig, e.index,
                       r.index AS manifest_index
                FROM statements.statement s
                JOIN statements.manifest m USING (payout_run_id)
                JOIN statements.log_entry e ON e.document_sha256 = s.sha256
                JOIN statements.log_entry r ON r.document_sha256 = m.sha256
                WHERE s.id = \(id)
                """
            ).first
        else { throw missing(id) }
        var attachments: [String: [UInt8]] = [:]
        for file in try await connection.query(
            "SELECT name, bytes FROM statements.attachment WHERE statement_id = \(id)")
        {
            attachments[try file.get("name")] = try file.get("bytes", as: [UInt8].self)
        }
        func proof(_ column: String) throws -> LogProof {
            let index = Int(try row.get(column, as: Int64.self))
            return LogProof(index: UInt64(index), path: tree.inclusionProof(of: index), checkpoint: checkpoint)
        }
        return BundleWriter.Stored(
            bytes: try row.get("bytes"), signature: try row.get("sig"), attachments: attachments,
            manifest: try row.get("manifest"), manifestSignature: try row.get("manifest_sig"),
            sumProof: try SumProof(parsing: try row.get("sum_proof", as: [UInt8].self)),
            logProof: try proof("index"), manifestProof: try proof("manifest_index"))
    }

    private func missing(_ id: String) -> LaurelError {
        .input("no such statement", at: id, next: "see laurel statement list")
    }
}
