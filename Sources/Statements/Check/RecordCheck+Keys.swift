import Documents
import Errors
import Postgres

extension RecordCheck {
    static let keysValid = RecordCheck(
        name: "keys-valid",
        promise:
            "every keyring is signed by its root key and follows the one before; what is stored beside it is what it says",
        mend: "restore the last backup: somebody went behind the database",
        sql: """
            SELECT r.version, r.bytes, r.sig, r.root_kid,
                   concat_ws(E'\\n', 'version ' || r.version, 'sha256 ' || encode(r.sha256, 'hex'),
                       'issued_at ' || \(RecordCheck.time("r.issued_at")),
                       (SELECT string_agg(format('key %s for %s, %s to %s', encode(k.kid, 'hex'), k.use,
                               \(RecordCheck.time("k.not_before")), \(RecordCheck.time("k.not_after"))), E'\\n')
                        FROM statements.signing_key k)) AS columns
            FROM statements.keyring r ORDER BY r.version
            """
    ) { rows, _ in
        var (objections, before, keys): ([RecordObjection], Keyring?, [Digest: String]) = ([], nil, [:])
        for row in rows {
            let object = "keyring \(try row.get("version", as: Int64.self))"
            let (bytes, kid): ([UInt8], [UInt8]) = (try row.get("bytes"), try row.get("root_kid"))
            let keyring: Keyring
            do {
                keyring = try Keyring(try CanonicalValue.parse(bytes, name: object))
            } catch let error as LaurelError {
                objections.append(.init(object: object, expected: "a keyring", actual: error.problem))
                continue
            }
            let root = keyring.entries.first { $0.use == .root && $0.key.kid.bytes == kid }
            if try root?.key.verifies(row.get("sig"), of: bytes) != true {
                objections.append(.init(object: object, expected: "a signature of its root key", actual: "none"))
            }
            if let before, let objection = keyring.objection(toFollowing: before) {
                objections.append(
                    .init(object: object, expected: "a successor of version \(before.version)", actual: objection))
            }
            before = keyring
            // A key's row is as the first keyring said that had it.
            for entry in keyring.entries where keys[entry.key.kid] == nil {
                keys[entry.key.kid] =
                    "key \(entry.key.kid.hex) for \(entry.use.rawValue), \(entry.notBefore) to \(entry.notAfter)"
            }
            let header = [
                "version \(keyring.version)", "sha256 \(Digest.sha256(bytes).hex)", "issued_at \(keyring.issuedAt)",
            ]
            // The last keyring has all keys that ever were.
            let columns: String = try row.get("columns")
            let isLast = try row.get("version", as: Int64.self) == rows.last?.get("version")
            let stored = isLast ? columns : columns.split(separator: "\n").prefix(3).joined(separator: "\n")
            objections += RecordObjection.columns(
                of: object, stored: stored, signed: header + (isLast ? Array(keys.values) : []))
        }
        return objections
    }
}
