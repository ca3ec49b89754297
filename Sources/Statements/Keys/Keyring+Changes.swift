package import Documents
package import Errors

extension Keyring {
    /// How long a key signs: a year, and 30 days more so that the next one can be published before.
    package static let validitySeconds: Int64 = (365 + 30) * 86_400

    /// The first keyring: one active key a use.
    package static func first(issuer: String, keys: [(KeyUse, PublicKey)], at time: Timestamp) -> Keyring {
        Keyring(
            version: 1, issuer: issuer, issuedAt: time,
            entries: keys.map {
                Entry(
                    key: $1, use: $0, state: .active, notBefore: time,
                    notAfter: time.advanced(bySeconds: validitySeconds))
            })
    }

    /// The next version, in which a new key signs for a use and the old one is retired.
    ///
    /// - Parameter logSize: how many entries the log has now: what the old key signed later is not believed, so that
    ///   whoever finds it can do nothing with it.
    package func rotated(_ use: KeyUse, to key: PublicKey, logSize: Int64, at time: Timestamp) -> Keyring {
        let retired = entries.map { entry in
            var entry = entry
            if entry.use == use, entry.state == .active {
                entry.state = .retired
                entry.trustedLogSize = logSize
                entry.notAfter = max(entry.notBefore.advanced(bySeconds: 1), min(entry.notAfter, time))
            }
            return entry
        }
        let added = Entry(
            key: key, use: use, state: .active, notBefore: time,
            notAfter: time.advanced(bySeconds: Self.validitySeconds))
        return Keyring(version: version + 1, issuer: issuer, issuedAt: time, entries: retired + [added])
    }

    /// The next version, in which a key is revoked: what the log held before it was compromised stays valid.
    ///
    /// Trust only ever shrinks: of two revocations the earlier one counts, and a retired key stays bound by its
    /// retirement. A revocation that takes nothing away gives this keyring back.
    ///
    /// - Parameters:
    ///   - trustedLogSize: how many entries the log had at `since`.
    /// - Throws: ``LaurelError`` of kind `input` for a key that the keyring lacks or that is the root.
    package func revoked(
        _ kid: Digest, since: Timestamp, trustedLogSize: Int64, reason: String, at time: Timestamp
    ) throws(LaurelError) -> Keyring {
        guard let entry = entry(kid: kid) else {
            throw LaurelError.input("keyring has no such key", at: kid.hex, next: "see laurel keys list")
        }
        guard entry.use != .root else {
            throw LaurelError.input(
                "the root key signs the keyring and cannot revoke itself", at: kid.hex,
                next: "tell your payees a new root by another way and start a new home")
        }
        let (knownSince, knownSize) = (entry.compromisedSince ?? since, entry.trustedLogSize ?? trustedLogSize)
        if entry.state == .revoked, knownSince <= since, knownSize <= trustedLogSize { return self }
        let changed = entries.map { entry in
            guard entry.key.kid == kid else { return entry }
            var entry = entry
            entry.state = .revoked
            entry.compromisedSince = min(since, knownSince)
            entry.trustedLogSize = min(trustedLogSize, knownSize)
            entry.reason = reason
            return entry
        }
        return Keyring(version: version + 1, issuer: issuer, issuedAt: time, entries: changed)
    }
}
