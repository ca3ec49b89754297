import Documents

extension Keyring {
    /// What contradicts that this keyring came after another one of the same root; nil when it may have.
    ///
    /// A later version may add keys, retire them and revoke them. It never forgets one and never believes one more.
    package func objection(toFollowing older: Keyring) -> String? {
        if version == older.version {
            return self == older
                ? nil : "two keyrings are of version \(version): different people are shown different keys"
        }
        guard version > older.version else { return "version \(version) is not after version \(older.version)" }
        for before in older.entries {
            guard let now = entry(kid: before.key.kid), now.use == before.use else {
                return
                    "version \(version) lacks the \(before.use.rawValue) key \(before.key.kid) of version \(older.version)"
            }
            guard now.state.age >= before.state.age, (now.trustEnd ?? .max) <= (before.trustEnd ?? .max) else {
                return "version \(version) believes key \(before.key.kid) more than version \(older.version) did"
            }
        }
        return nil
    }
}

extension Keyring.Entry {
    /// The first entry of the log for which a signature of this key counts no more; nil while the key is in use.
    package var trustEnd: UInt64? {
        switch state {
        case .next, .active: nil
        // A size that is missing vouches for nothing.
        case .retired, .revoked: UInt64(exactly: trustedLogSize ?? 0) ?? 0
        }
    }
}

extension Keyring.State {
    /// States follow one another in this order and never back.
    fileprivate var age: Int {
        switch self {
        case .next: 0
        case .active: 1
        case .retired: 2
        case .revoked: 3
        }
    }
}
