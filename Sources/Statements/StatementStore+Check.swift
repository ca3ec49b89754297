import Documents
import Errors
package import Postgres

/// Something signed, or a state of the log, that is not what it must be.
package struct RecordObjection: Sendable {
    package let object: String
    package let expected: String
    package let actual: String
}

/// What must always hold of signatures and the log, and what the database cannot see itself.
package struct RecordCheck: Sendable {
    package let name: String
    /// What holds, as a sentence.
    package let promise: String
    /// What to do when it does not.
    package let mend: String
    /// The SQL that reads what is verified, a row each.
    package let sql: String
    /// Verifies rows of the statement above: what is wrong with them.
    fileprivate let verify: @Sendable ([Row], StatementStore) async throws -> [RecordObjection]

    /// What is wrong; empty when all is well.
    package func objections(_ connection: Connection) async throws -> [RecordObjection] {
        try await verify(connection.query(SQL(stringLiteral: sql)), StatementStore(connection))
    }

    package static let all = [keysValid, statementsVerify, logConsistent]

    static let keysValid = RecordCheck(
        name: "keys-valid", promise: "every keyring is signed by its root key and follows the one before",
        mend: "restore the last backup: somebody went behind the database",
        sql: "SELECT version, bytes, sig, root_kid FROM statements.keyring ORDER BY version"
    ) { rows, _ in
        var (objections, before): ([RecordObjection], Keyring?) = ([], nil)
        for row in rows {
            let object = "keyring \(try row.get("version", as: Int64.self))"
            let (bytes, kid): ([UInt8], [UInt8]) = (try row.get("bytes"), try row.get("root_kid"))
            let keyring = try Keyring(try CanonicalValue.parse(bytes, name: object))
            let root = keyring.entries.first { $0.use == .root && $0.key.kid.bytes == kid }
            if try root?.key.verifies(row.get("sig"), of: bytes) != true {
                objections.append(.init(object: object, expected: "a signature of its root key", actual: "none"))
            }
            if let before, let objection = keyring.objection(toFollowing: before) {
                objections.append(
                    .init(object: object, expected: "a successor of version \(before.version)", actual: objection))
            }
            before = keyring
        }
        return objections
    }

    static let statementsVerify = RecordCheck(
        name: "statements-verify", promise: "a statement key signed every statement and manifest while it could",
        mend: "restore the last backup: what is signed never changes",
        sql: """
            SELECT d.name, d.bytes, d.sig, d.kid, e.index
            FROM (SELECT 'statement ' || id AS name, bytes, sig, kid, sha256 FROM statements.statement
                  UNION ALL SELECT 'manifest ' || payout_run_id, bytes, sig, kid, sha256 FROM statements.manifest) d
            LEFT JOIN statements.log_entry e ON e.document_sha256 = d.sha256 ORDER BY d.name
            """
    ) { rows, store in
        let keyring = try await store.currentKeyring()
        return try rows.compactMap { row in
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

    static let logConsistent = RecordCheck(
        name: "log-consistent", promise: "every signed state of the log is the beginning of the log as it is",
        mend: "restore the last backup: somebody went behind the database",
        sql: "SELECT size, note FROM statements.checkpoint ORDER BY size"
    ) { rows, store in
        guard !rows.isEmpty else { return [] }
        let (keyring, leaves) = (try await store.currentKeyring(), try await store.recomputedLeaves())
        let tree = LogTreeLevels(leaves)
        return try rows.compactMap { row in
            let size: Int64 = try row.get("size")
            func objection(_ expected: String, _ actual: String) -> RecordObjection {
                .init(object: "checkpoint \(size)", expected: expected, actual: actual)
            }
            let checkpoint = try Checkpoint(parsing: row.get("note"))
            let logKeys = keyring?.entries.filter { $0.use == .log } ?? []
            guard logKeys.contains(where: { checkpoint.isSigned(by: $0.key) }) else {
                return objection("a signature of a log key", "none")
            }
            guard checkpoint.size == UInt64(size), size <= tree.size else {
                return objection("\(size) entries", "\(checkpoint.size) signed, \(tree.size) in the log")
            }
            let isBeginning = LogTree.verifiesConsistency(
                oldSize: checkpoint.size, oldRoot: checkpoint.root, newSize: UInt64(tree.size), newRoot: tree.root,
                proof: tree.consistencyProof(from: Int(size)))
            return isBeginning ? nil : objection("root \(checkpoint.root.hex)", "entries with another root")
        }
    }
}

extension StatementStore {
    fileprivate func currentKeyring() async throws -> Keyring? {
        try await keyring().map { try Keyring(try CanonicalValue.parse($0.bytes, name: StatementBundle.Name.keyring)) }
    }

    /// Leaf hashes from the entries themselves, not from what is stored beside them.
    fileprivate func recomputedLeaves() async throws -> [Digest] {
        try await connection.query("SELECT entry FROM statements.log_entry ORDER BY index").map {
            LogTree.leafHash(try $0.get("entry"))
        }
    }
}
