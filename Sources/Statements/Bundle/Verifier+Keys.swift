import Documents

// Which keys the bundle names, and what they may sign.
extension Verifier {
    mutating func checkKeyring(expectedRoot: Digest?) -> TrustMemory.SignedKeyring? {
        let name = "the keyring is signed by the root key"
        guard let rootKey = key(StatementBundle.Name.rootKey, name) else { return nil }
        report.root = rootKey.kid
        if let expectedRoot {
            report.isRootTrusted = expectedRoot == rootKey.kid
            record(
                "the root key is the trusted one",
                expectedRoot == rootKey.kid
                    ? .pass : .fail("the bundle's root is \(rootKey.kid), trusted is \(expectedRoot)"))
        }
        guard let keyring = signed(StatementBundle.Name.keyring, by: rootKey, name, { try Keyring($0) }) else {
            return nil
        }
        guard keyring.active(.root)?.key == rootKey else {
            record("the keyring names its root key", .fail("another key is the active root"))
            return nil
        }
        return TrustMemory.SignedKeyring(
            keyring: keyring, bytes: bundle.files[StatementBundle.Name.keyring] ?? [],
            signature: bundle.files[StatementBundle.Name.signature(of: StatementBundle.Name.keyring)] ?? [])
    }

    /// The newest keyring that is known, by which the whole bundle is judged: a bundle that brings an older one says
    /// nothing about keys that were retired or revoked since.
    mutating func checkSuccession(_ own: TrustMemory.SignedKeyring?) -> TrustMemory.SignedKeyring? {
        let name = "the keyring continues the one seen before"
        guard let own else {
            skip(name, "keyring unusable")
            return nil
        }
        guard let known = memory?.keyring else {
            skip(name, "no statement of this issuer was verified here before")
            return own
        }
        let (newer, older) = own.keyring.version < known.keyring.version ? (known, own) : (own, known)
        record(name, newer.keyring.objection(toFollowing: older.keyring).map { .fail($0) } ?? .pass)
        return newer
    }

    /// A retired or revoked key counts for what the log held before, and for nothing else.
    mutating func checkKeyLife(_ statement: StatementDocument?, _ keyring: Keyring?, _ places: [UInt64?]) {
        let name = "the statement key may sign"
        guard let statement, let keyring else { return skip(name, "statement or keyring unusable") }
        guard let entry = keyring.entry(kid: statement.issuer.keyID), entry.use == .statement else {
            return record(name, .fail("the keyring has no such statement key"))
        }
        guard entry.state != .next else {
            return record(name, .fail("the key is published but not in use yet"))
        }
        guard let end = entry.trustEnd else { return record(name, .pass) }
        let isInTime = places.allSatisfy { $0.map { $0 < end } ?? false }
        record(
            name,
            isInTime
                ? .pass
                : .fail("the key is \(entry.state.rawValue), and the log does not show that it signed in time"))
    }
}
