package import Documents
package import Errors

/// What a reader remembers of an issuer: the newest keyring, and the states of the log that were seen or proven.
///
/// With it a later bundle cannot leave out a revocation, and a log that shows another past is noticed (a split view).
package struct TrustMemory: Hashable, Sendable {
    /// A keyring as the root key signed it.
    package struct SignedKeyring: Hashable, Sendable {
        package let keyring: Keyring
        package let bytes: [UInt8]
        package let signature: [UInt8]
    }

    package let keyring: SignedKeyring
    /// The log's name.
    package let logOrigin: String
    /// Roots of the log by size.
    package let states: [UInt64: Digest]

    package static let schema = "laurel/trust-memory/v1"

    /// What is known after a bundle that passed every check.
    init(_ keyring: SignedKeyring, _ checkpoint: Checkpoint, _ history: LogHistory, after memory: TrustMemory?) {
        var states = memory?.states ?? [:]
        for state in history.states { states[state.size] = state.root }
        states[checkpoint.size] = checkpoint.root
        self.keyring = keyring
        self.logOrigin = checkpoint.origin
        self.states = states
    }

    /// What contradicts that a checkpoint, with the earlier states proven for it, is of the log that is remembered; nil
    /// when it is.
    package func objection(to checkpoint: Checkpoint, _ history: LogHistory) -> String? {
        guard checkpoint.origin == logOrigin else {
            return "this is the log \(checkpoint.origin), the one seen before is \(logOrigin)"
        }
        let shown = [checkpoint.size: checkpoint.root].merging(history.states.map { ($0.size, $0.root) }) { own, _ in
            own
        }
        if let size = states.keys.filter({ shown[$0] != nil && shown[$0] != states[$0] }).min() {
            return "split view: with \(size) entries the log seen before was another one"
        }
        guard states[checkpoint.size] == nil, let last = states.keys.max() else { return nil }
        guard checkpoint.size > last else {
            return
                "the log had \(last) entries when last seen, and nothing shows that these \(checkpoint.size) are its "
                + "beginning: ask the issuer for a new bundle"
        }
        return shown[last] == nil
            ? "nothing shows that the log of \(checkpoint.size) entries continues the one of \(last) seen before" : nil
    }

    /// What is kept on disk.
    package var document: CanonicalValue {
        [
            "$schema": .string(Self.schema), "keyring": .string(String(decoding: keyring.bytes, as: UTF8.self)),
            "keyring_signature": .string(Hex.text(keyring.signature)), "log_origin": .string(logOrigin),
            "log_states": .array(
                states.sorted { $0.key < $1.key }.map {
                    ["size": .integer(Int64($0.key)), "root": .string($0.value.hex)]
                }),
        ]
    }

    /// Reads what was kept; the keyring must be signed by the root key.
    ///
    /// - Throws: ``LaurelError`` of kind `input` for anything else.
    package init(_ document: CanonicalValue, root: Digest) throws(LaurelError) {
        var fields = try FieldReader(document, path: "")
        try fields.schema(Self.schema)
        let bytes = Array(try fields.text("keyring").utf8)
        let signature = Hex.bytes(try fields.text("keyring_signature")) ?? []
        let keyring = try Keyring(try CanonicalValue.parse(bytes, name: "keyring"))
        guard let key = keyring.active(.root)?.key, key.kid == root, key.verifies(signature, of: bytes) else {
            throw LaurelError.input("keyring is not signed by the root key", at: "keyring")
        }
        let states = try fields.list("log_states") { (fields) throws(LaurelError) in
            (UInt64(try fields.count("size")), try fields.digest("root"))
        }
        self.keyring = SignedKeyring(keyring: keyring, bytes: bytes, signature: signature)
        self.logOrigin = try fields.text("log_origin")
        self.states = Dictionary(states) { first, _ in first }
        try fields.finish()
    }
}
