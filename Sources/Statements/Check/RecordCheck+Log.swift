import Documents
import Errors
import Postgres

extension RecordCheck {
    static let logConsistent = RecordCheck(
        name: "log-consistent", promise: "every signed state of the log is the beginning of the log as it is",
        mend: "restore the last backup: somebody went behind the database",
        sql: "SELECT size, encode(root, 'hex') AS root, note FROM statements.checkpoint ORDER BY size"
    ) { rows, store in
        guard !rows.isEmpty else { return [] }
        let (keyring, leaves) = (try await store.readableKeyring(), try await store.recomputedLeaves())
        let tree = LogTreeLevels(leaves)
        let logKeys = keyring?.entries.filter { $0.use == .log } ?? []
        return try rows.compactMap { row in
            let size: Int64 = try row.get("size")
            func objection(_ expected: String, _ actual: String) -> RecordObjection {
                .init(object: "checkpoint \(size)", expected: expected, actual: actual)
            }
            let checkpoint: Checkpoint
            do {
                checkpoint = try Checkpoint(parsing: row.get("note"))
            } catch let error as LaurelError {
                return objection("a signed note", error.problem)
            }
            guard logKeys.contains(where: { checkpoint.isSigned(by: $0.key) }) else {
                return objection("a signature of a log key", "none")
            }
            guard checkpoint.size == UInt64(size), size <= tree.size else {
                return objection("\(size) entries", "\(checkpoint.size) signed, \(tree.size) in the log")
            }
            guard try row.get("root") == checkpoint.root.hex else {
                return objection("root \(checkpoint.root.hex)", "root \(try row.get("root", as: String.self))")
            }
            let isBeginning = LogTree.verifiesConsistency(
                oldSize: checkpoint.size, oldRoot: checkpoint.root, newSize: UInt64(tree.size), newRoot: tree.root,
                proof: tree.consistencyProof(from: Int(size)))
            return isBeginning ? nil : objection("root \(checkpoint.root.hex)", "entries with another root")
        }
    }
}

extension StatementStore {
    /// Leaf hashes from the entries themselves, not from what is stored beside them.
    fileprivate func recomputedLeaves() async throws -> [Digest] {
        try await connection.query("SELECT entry FROM statements.log_entry ORDER BY index").map {
            LogTree.leafHash(try $0.get("entry"))
        }
    }
}
