package import Documents
package import Errors

/// What a key may sign; every use has its own key, so that a signature can never be taken for another kind.
package enum KeyUse: String, CaseIterable, Hashable, Sendable {
    /// The keyring.
    case root
    /// Statements and manifests.
    case statement
    /// Checkpoints of the transparency log.
    case log
    /// Approvals of payout runs.
    case approval
}

/// The public keys of an issuer, what they are for and until when: `keyring.json`, signed by the root key.
package struct Keyring: Hashable, Sendable {
    /// The life of a key.
    package enum State: String, Hashable, Sendable {
        /// Published before it signs.
        case next
        /// Signs now.
        case active
        /// Signs no more; what it signed among the first ``Entry/trustedLogSize`` entries of the log stays valid.
        case retired
        /// Somebody else may have it: like retired, but from an earlier size of the log on.
        case revoked
    }

    /// One key.
    package struct Entry: Hashable, Sendable {
        package let key: PublicKey
        package let use: KeyUse
        package var state: State
        package let notBefore: Timestamp
        package var notAfter: Timestamp
        /// Since when somebody else may have had the key; only of revoked keys.
        package var compromisedSince: Timestamp?
        /// How many entries the log had when the key was retired, or before it was compromised: what lies below was
        /// signed in time. The log decides and not a time inside a document, which a thief would write as it suits.
        package var trustedLogSize: Int64?
        /// Why it was revoked.
        package var reason: String?

        package init(key: PublicKey, use: KeyUse, state: State, notBefore: Timestamp, notAfter: Timestamp) {
            self.key = key
            self.use = use
            self.state = state
            self.notBefore = notBefore
            self.notAfter = notAfter
        }
    }

    /// Counts up with every change.
    package let version: Int64
    /// Who issues.
    package let issuer: String
    /// When this version was made.
    package let issuedAt: Timestamp
    /// All keys that ever were, in the order they came.
    package let entries: [Entry]

    package static let schema = "laurel/keyring/v1"

    package init(version: Int64, issuer: String, issuedAt: Timestamp, entries: [Entry]) {
        self.version = version
        self.issuer = issuer
        self.issuedAt = issuedAt
        self.entries = entries
    }

    /// The entry of a key by its fingerprint.
    package func entry(kid: Digest) -> Entry? { entries.first { $0.key.kid == kid } }

    /// The key that signs now for a use.
    package func active(_ use: KeyUse) -> Entry? { entries.last { $0.use == use && $0.state == .active } }

    /// The document whose bytes the root key signs.
    package var document: CanonicalValue {
        [
            "$schema": .string(Self.schema), "version": .integer(version), "issuer": .string(issuer),
            "issued_at": .string(issuedAt.description), "keys": .array(entries.map(\.value)),
        ]
    }

    /// Reads the document.
    ///
    /// - Throws: ``LaurelError`` of kind `input` with the path of what is missing, unknown or malformed.
    package init(_ document: CanonicalValue) throws(LaurelError) {
        var fields = try FieldReader(document, path: "")
        try fields.schema(Self.schema)
        version = try fields.count("version")
        issuer = try fields.text("issuer")
        issuedAt = try fields.time("issued_at")
        entries = try fields.list("keys") { (fields) throws(LaurelError) in try Entry(&fields) }
        try fields.finish()
    }
}

extension Keyring.Entry {
    fileprivate var value: CanonicalValue {
        var members: [String: CanonicalValue] = [
            "kid": .string(key.kid.hex), "use": .string(use.rawValue), "spki": .string(Hex.text(key.spki)),
            "state": .string(state.rawValue), "not_before": .string(notBefore.description),
            "not_after": .string(notAfter.description),
        ]
        members["compromised_since"] = compromisedSince.map { .string($0.description) }
        members["trusted_log_size"] = trustedLogSize.map { .integer($0) }
        members["reason"] = reason.map { .string($0) }
        return .object(members)
    }

    fileprivate init(_ fields: inout FieldReader) throws(LaurelError) {
        let place = fields.place("spki")
        guard let spki = Hex.bytes(try fields.text("spki")), let key = PublicKey(spki: spki) else {
            throw LaurelError.input("not an Ed25519 public key", at: place)
        }
        guard try fields.digest("kid") == key.kid else {
            throw LaurelError.input("kid is not the fingerprint of the key", at: place)
        }
        self.init(
            key: key, use: try fields.choice("use"), state: try fields.choice("state"),
            notBefore: try fields.time("not_before"), notAfter: try fields.time("not_after"))
        compromisedSince = try fields.optionalTime("compromised_since")
        trustedLogSize = try fields.optionalCount("trusted_log_size")
        reason = try fields.optionalText("reason")
    }
}
