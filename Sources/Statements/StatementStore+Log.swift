package import Documents
import Errors
import Postgres

extension StatementStore {
    /// What an entry of the log is about.
    package enum EntryKind: String, Sendable {
        case statement = "payout-statement/v1"
        case manifest = "payout-manifest/v1"
        case keyring = "keyring/v1"
    }

    /// Appends entries in the order given; waits for whoever else appends, so that numbers have no gap. A transaction
    /// that sees one state of the database from its beginning must keep others from appending before it begins.
    func append(_ documents: [(kind: EntryKind, sha256: Digest)], at time: Timestamp) async throws {
        let lock: Int64 = 9
        _ = try await connection.query("SELECT pg_advisory_xact_lock(\(lock))")
        let size = try await logSize()
        _ = try await connection.copyIn(
            "statements.log_entry",
            columns: ["index", "kind", "document_sha256", "entry", "leaf_hash", "sequenced_at"],
            rows: documents.enumerated().map { offset, document in
                let entry = Array("\(document.kind.rawValue) \(document.sha256.hex)\n".utf8)
                return [
                    String(size + Int64(offset)), document.kind.rawValue, ByteaText.text(of: document.sha256.bytes),
                    ByteaText.text(of: entry), ByteaText.text(of: LogTree.leafHash(entry).bytes), time.description,
                ]
            })
    }

    /// How many entries the log has.
    package func logSize() async throws -> Int64 {
        try await connection.query("SELECT count(*) AS size FROM statements.log_entry")[0].get("size")
    }

    /// How many entries the log had at a time.
    package func logSize(before time: Timestamp) async throws -> Int64 {
        try await connection.query(
            """
            SELECT coalesce((SELECT min(index) FROM statements.log_entry WHERE sequenced_at >= \(time.description)),
                            (SELECT count(*) FROM statements.log_entry)) AS size
            """)[0].get("size")
    }

    /// The whole log as a tree.
    ///
    /// - Throws: `LaurelError` of kind `refused` when it has no entries.
    package func tree() async throws -> LogTreeLevels {
        let leaves = try await leaves()
        guard !leaves.isEmpty else { throw LaurelError.refused("the log is empty", at: "log", next: "run laurel init") }
        return LogTreeLevels(leaves)
    }

    /// The leaf hashes of the whole log, in order: 32 bytes an entry.
    package func leaves() async throws -> [Digest] {
        try await connection.query("SELECT leaf_hash FROM statements.log_entry ORDER BY index").map {
            guard let hash = Digest(bytes: try $0.get("leaf_hash", as: [UInt8].self)) else {
                preconditionFailure("the table holds 32 bytes")
            }
            return hash
        }
    }

    /// The index of a document's entry; nil when the log lacks it.
    package func logIndex(of document: Digest) async throws -> Int64? {
        try await connection.query(
            "SELECT index FROM statements.log_entry WHERE document_sha256 = \(document.bytes)"
        ).first?.get("index")
    }

    /// What binds a closed period to the log, as the bytes whose digest the log holds; nil while it is open.
    package func seal(of period: String) async throws -> [UInt8]? {
        try await connection.query("SELECT bytes FROM statements.seal WHERE period_id = \(period)").first?.get("bytes")
    }

    /// The signed state of the whole log: the one that was signed when it had this size, or a new one.
    package func checkpoint(
        origin: String, key: PrivateKey, tree: LogTreeLevels, at time: Timestamp
    ) async throws -> Checkpoint {
        let fresh = Checkpoint(origin: origin, size: UInt64(tree.size), root: tree.root, key: key)
        try await connection.execute(
            """
            INSERT INTO statements.checkpoint (size, root, note, created_at)
            VALUES (\(tree.size), \(fresh.root.bytes), \(fresh.note), \(time.description))
            ON CONFLICT (size) DO NOTHING
            """)
        let note = try await connection.query(
            "SELECT note FROM statements.checkpoint WHERE size = \(tree.size)")[0].get("note", as: String.self)
        let checkpoint = try Checkpoint(parsing: note)
        guard checkpoint.root == fresh.root else {
            throw LaurelError(
                .checkFailed, "the log is not the one that was signed at this size", at: "\(tree.size) entries",
                next: "restore the last backup: somebody went behind the database")
        }
        return checkpoint
    }

    /// The last states of the log that were signed before this one, each with its way to it.
    ///
    /// - Throws: `LaurelError` of kind `checkFailed` when the log no longer begins with what was signed.
    package func history(of checkpoint: Checkpoint, in tree: LogTreeLevels) async throws -> LogHistory {
        let rows = try await connection.query(
            """
            SELECT size, root FROM statements.checkpoint WHERE size < \(tree.size)
            ORDER BY size DESC LIMIT \(LogHistory.maximumStates)
            """)
        let history = LogHistory(
            states: try rows.reversed().map { row in
                let size: Int64 = try row.get("size")
                guard let root = Digest(bytes: try row.get("root", as: [UInt8].self)) else {
                    preconditionFailure("the table holds 32 bytes")
                }
                return .init(size: UInt64(size), root: root, proof: tree.consistencyProof(from: Int(size)))
            })
        if let objection = history.objection(to: checkpoint) {
            throw LaurelError(
                .checkFailed, objection, at: checkpoint.origin,
                next: "restore the last backup: somebody went behind the database")
        }
        return history
    }
}
