import Documents
import Errors
import Money
import Postgres

extension RecordCheck {
    static let statementsVerify = RecordCheck(
        name: "statements-verify",
        promise:
            "a statement key signed every statement and manifest while it could; what is stored beside them is what they say",
        mend: "restore the last backup: what is signed never changes",
        sql: """
            SELECT d.name, d.is_manifest, d.bytes, d.sig, d.kid, e.index, d.sum_proof, d.columns
            FROM (SELECT 'statement ' || s.id AS name, false AS is_manifest, s.bytes, s.sig, s.kid, s.sha256, s.sum_proof,
                         concat_ws(E'\\n', 'id ' || s.id, 'payout_run_id ' || s.payout_run_id, 'party_id ' || s.party_id,
                             'period_id ' || s.period_id, 'currency ' || s.currency,
                             'version after the superseded one ' || s.version - coalesce(o.version, 0),
                             'supersedes ' || s.supersedes, 'sha256 ' || encode(s.sha256, 'hex'),
                             'kid ' || encode(s.kid, 'hex'), 'issued_at ' || \(RecordCheck.time("s.issued_at")),
                             (SELECT string_agg(format('attachment %s %s', a.name, encode(sha256(a.bytes), 'hex')), E'\\n')
                              FROM statements.attachment a WHERE a.statement_id = s.id)) AS columns
                  FROM statements.statement s LEFT JOIN statements.statement o ON o.id = s.supersedes
                  UNION ALL
                  SELECT 'manifest ' || m.payout_run_id, true, m.bytes, m.sig, m.kid, m.sha256, NULL,
                         concat_ws(E'\\n', 'payout_run_id ' || m.payout_run_id, 'period_id ' || m.period_id,
                             'currency ' || m.currency, 'allocation_id ' || m.allocation_id,
                             'version after those before it ' || m.version - (
                                 SELECT count(*) FROM statements.manifest o WHERE o.period_id = m.period_id
                                 AND o.currency = m.currency AND o.created_at < m.created_at),
                             'sha256 ' || encode(m.sha256, 'hex'), 'created_at ' || \(RecordCheck.time("m.created_at")))
                  FROM statements.manifest m) d
            LEFT JOIN statements.log_entry e ON e.document_sha256 = d.sha256 ORDER BY d.is_manifest, d.name
            """
    ) { rows, store in
        let keyring = try await store.readableKeyring()
        var (objections, runs): ([RecordObjection], [String: StoredRun]) = ([], [:])
        for row in rows {
            if let objection = try signatureObjection(row, keyring) { objections.append(objection) }
            let object: String = try row.get("name")
            let (bytes, columns): ([UInt8], String) = (try row.get("bytes"), try row.get("columns"))
            do {
                let value = try CanonicalValue.parse(bytes, name: object)
                if try row.get("is_manifest") {
                    let manifest = try Manifest(value)
                    let run = runs.removeValue(forKey: manifest.payoutRunID) ?? StoredRun()
                    objections += RecordObjection.columns(
                        of: object, stored: columns,
                        signed: manifest.columns(bytes) + (run.allocation.map { ["allocation_id \($0)"] } ?? []))
                    objections += run.objections(to: manifest, object)
                } else {
                    let statement = try StatementDocument(value)
                    objections += RecordObjection.columns(of: object, stored: columns, signed: statement.columns(bytes))
                    let proof = try SumProof(parsing: row.get("sum_proof", as: [UInt8].self))
                    runs[statement.input.run.payoutRunID, default: StoredRun()].add(
                        statement, sha256: .sha256(bytes), proof, object)
                }
            } catch let error as LaurelError {
                objections.append(
                    .init(object: object, expected: "a document in its one spelling", actual: error.problem))
            }
        }
        return objections
            + runs.keys.sorted().map { .init(object: "statements of \($0)", expected: "a manifest", actual: "none") }
    }

    private static func signatureObjection(_ row: Row, _ keyring: Keyring?) throws -> RecordObjection? {
        let kid: [UInt8] = try row.get("kid")
        func objection(_ actual: String) throws -> RecordObjection {
            .init(object: try row.get("name"), expected: "a signature of a statement key", actual: actual)
        }
        guard let entry = keyring?.entries.first(where: { $0.use == .statement && $0.key.kid.bytes == kid }) else {
            return try objection("a key that the keyring lacks")
        }
        guard try entry.key.verifies(row.get("sig"), of: row.get("bytes")) else {
            return try objection("a signature of something else")
        }
        guard let end = entry.trustEnd else { return nil }
        let index = try row.get("index", as: Int64?.self).map(UInt64.init)
        let isInTime = index.map { $0 < end } ?? false
        return isInTime ? nil : try objection("one made after the key was \(entry.state.rawValue)")
    }
}

/// The statements of a run that are there, gathered until its manifest speaks of them.
private struct StoredRun {
    /// What the statements say they follow; nil when nothing was shared.
    var allocation: String?
    private var digests: [Digest] = []
    private var leaves: [(object: String, root: SumTree.Node?, count: UInt64)] = []

    mutating func add(_ statement: StatementDocument, sha256: Digest, _ proof: SumProof, _ object: String) {
        allocation = statement.input.run.allocationID
        digests.append(sha256)
        let isOwn =
            proof.document == sha256 && Int64(exactly: proof.amount) == statement.balance.earned.value
            && proof.runHash == .sha256(statement.input.run.payoutRunID)
        leaves.append((object, isOwn ? proof.root : nil, proof.leafCount))
    }

    func objections(to manifest: Manifest, _ object: String) -> [RecordObjection] {
        let digest = Manifest.statementsDigest(digests)
        var objections: [RecordObjection] = []
        if manifest.statementCount != Int64(digests.count) || manifest.statementsSHA256 != digest {
            objections.append(
                .init(
                    object: object, expected: "\(manifest.statementCount) statements, \(manifest.statementsSHA256.hex)",
                    actual: "\(digests.count) statements, \(digest.hex)"))
        }
        objections += leaves.filter { leaf in
            leaf.root?.hash != manifest.sumRoot
                || leaf.root.map { Int64(exactly: $0.sum) } != manifest.totalEarned.value
                || Int64(exactly: leaf.count) != manifest.leafCount
        }.map {
            RecordObjection(
                object: $0.object, expected: "sum_proof of its amount in the run's total", actual: "another proof")
        }
        return objections
    }
}

extension StatementDocument {
    /// What the columns of its row must say.
    fileprivate func columns(_ bytes: [UInt8]) -> [String] {
        [
            "id \(id)", "payout_run_id \(input.run.payoutRunID)", "party_id \(input.payee.partyID)",
            "period_id \(input.period)", "currency \(input.currency.code)", "version after the superseded one 1",
            "sha256 \(Digest.sha256(bytes).hex)", "kid \(issuer.keyID.hex)", "issued_at \(issuedAt)",
        ] + (supersedes.map { ["supersedes \($0.statementID)"] } ?? [])
            + attachments.map { "attachment \($0.name) \($0.sha256.hex)" }
    }
}

extension Manifest {
    /// What the columns of its row must say.
    fileprivate func columns(_ bytes: [UInt8]) -> [String] {
        [
            "payout_run_id \(payoutRunID)", "period_id \(period)", "currency \(currency.code)",
            "version after those before it 1", "sha256 \(Digest.sha256(bytes).hex)", "created_at \(createdAt)",
        ]
    }
}
