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

    /// Appends entries in the order given; waits for whoever else appends, so that numbers have no gap.
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

    /// The signed state of the whole log: the one that was signed when it had this size, or a new one.
    package func checkpoint(
        origin: String, key: PrivateKey, leaves: [Digest], at time: Timestamp
    ) async throws -> Checkpoint {
        guard !leaves.isEmpty else {
            throw LaurelError.refused("the log is empty", at: origin, next: "run laurel init")
        }
        let fresh = Checkpoint(origin: origin, size: UInt64(leaves.count), root: LogTree.root(leaves[...]), key: key)
        try await connection.execute(
            """
            INSERT INTO statements.checkpoint (size, root, note, created_at)
            VALUES (\(leaves.count), \(fresh.root.bytes), \(fresh.note), \(time.description))
            ON CONFLICT (size) DO NOTHING
            """)
        let note = try await connection.query(
            "SELECT note FROM statements.checkpoint WHERE size = \(leaves.count)")[0].get("note", as: String.self)
        let checkpoint = try Checkpoint(parsing: note)
        guard checkpoint.root == fresh.root else {
            throw LaurelError(
                .checkFailed, "the log is not the one that was signed at this size", at: "\(leaves.count) entries",
                next: "restore the last backup: somebody went behind the database")
        }
        return checkpoint
    }
}
