package import Documents
import Errors
package import Foundation
import Postgres
package import Statements

/// The issuer's keys: made once, published in a signed keyring, rotated and revoked by another version of it.
package struct KeyService {
    /// A key as a list shows it.
    package struct Key: Sendable {
        package let use: String
        package let state: String
        package let notBefore: String
        package let notAfter: String
        package let fingerprint: String

        init(_ entry: Keyring.Entry) {
            use = entry.use.rawValue
            state = entry.state.rawValue
            notBefore = entry.notBefore.description
            notAfter = entry.notAfter.description
            fingerprint = entry.key.kid.hex
        }
    }

    private let house: House

    package init(_ house: House) {
        self.house = house
    }

    /// Makes the keys that are missing and the first keyring; a second call changes nothing.
    ///
    /// - Returns: the keyring in force.
    @discardableResult
    package func establish() async throws -> Keyring {
        let store = KeyStore(directory: house.keys)
        let issuer = try HouseSettings.read(from: house.home).issuer
        return try await house.whileSigning {
            try await house.database.withTransaction { connection in
                let statements = StatementStore(connection)
                if let signed = try await statements.keyring() { return try keyring(signed) }
                var keys: [(use: KeyUse, key: PrivateKey)] = []
                for use in KeyUse.allCases {
                    let key = try store.key(use) ?? .generate()
                    try store.store(key, for: use)
                    keys.append((use, key))
                }
                let first = Keyring.first(issuer: issuer, keys: keys.map { ($0.use, $0.key.publicKey) }, at: house.now)
                try await statements.add(first, signedBy: try store.key(.root, activeIn: first))
                return first
            }
        }
    }

    /// All keys that ever were.
    package func list() async throws -> [Key] { try await keyring().entries.map(Key.init) }

    /// The keyring in force.
    package func keyring() async throws -> Keyring {
        try await house.database.withConnection { connection in
            guard let signed = try await StatementStore(connection).keyring() else {
                throw LaurelError.refused("there are no keys yet", at: house.keys.path, next: "run laurel init")
            }
            return try keyring(signed)
        }
    }

    /// Gives a use a new key; what the old one signed until now stays valid, and its private half is deleted.
    ///
    /// - Returns: all keys.
    package func rotate(_ name: String) async throws -> [Key] {
        guard let use = KeyUse(rawValue: name) else {
            throw LaurelError.input("keys have no use \(name)", at: "USE", next: "name statement, log or approval")
        }
        guard use != .root else {
            throw LaurelError.refused(
                "the root key is pinned by your payees and does not rotate by itself", at: "root",
                next: "rotate statement, log or approval; a new root is a new home that your payees must be told of")
        }
        let changed = try await house.whileSigning {
            let store = KeyStore(directory: house.keys)
            // On disk before it is published: a key that is published and lost could sign nothing, and the old one neither.
            let key = try PrivateKey.generate()
            try store.stage(key, for: use)
            let changed = try await change { keyring, statements in
                keyring.rotated(use, to: key.publicKey, logSize: try await statements.logSize(), at: house.now)
            }
            try store.promote(use)
            return changed
        }
        return changed.entries.map(Key.init)
    }

    /// Revokes a key: what it signed after `since`, as the log dates it, is worth nothing any more.
    package func revoke(_ kid: Digest, since: Timestamp, reason: String) async throws -> [Key] {
        let changed = try await house.whileSigning {
            try await change { keyring, statements in
                let size = try await statements.logSize(before: since)
                return try keyring.revoked(kid, since: since, trustedLogSize: size, reason: reason, at: house.now)
            }
        }
        return changed.entries.map(Key.init)
    }

    /// Writes the keyring, its signature and every public key into a directory.
    ///
    /// - Returns: the files, in order.
    package func export(to directory: URL) async throws -> [String] {
        let signed = try await house.database.withConnection { try await StatementStore($0).keyring() }
        guard let signed else {
            throw LaurelError.refused("there are no keys yet", at: house.keys.path, next: "run laurel init")
        }
        var files = [
            StatementBundle.Name.keyring: signed.bytes,
            StatementBundle.Name.signature(of: StatementBundle.Name.keyring): signed.signature,
        ]
        for entry in try keyring(signed).entries {
            files["\(entry.use.rawValue)-\(entry.key.kid.hex.prefix(16)).pub.pem"] = Array(entry.key.pem.utf8)
        }
        try StatementBundle(files: files).write(to: directory)
        return files.keys.sorted()
    }

    private func change(
        _ next: (Keyring, StatementStore) async throws -> Keyring
    ) async throws -> Keyring {
        try await house.database.withTransaction { connection in
            let statements = StatementStore(connection)
            guard let signed = try await statements.keyring() else {
                throw LaurelError.refused("there are no keys yet", at: house.keys.path, next: "run laurel init")
            }
            let current = try keyring(signed)
            let root = try KeyStore(directory: house.keys).key(.root, activeIn: current)
            let changed = try await next(current, statements)
            if changed != current { try await statements.add(changed, signedBy: root) }
            return changed
        }
    }

    private func keyring(_ signed: StatementStore.Signed) throws -> Keyring {
        try Keyring(try CanonicalValue.parse(signed.bytes, name: StatementBundle.Name.keyring))
    }
}

extension Keyring {
    /// The name of the issuer's log: its words and the beginning of its root's fingerprint, so that no two logs share one.
    var logOrigin: String {
        let words = issuer.lowercased().split { !$0.isASCII || !($0.isLetter || $0.isNumber) }.joined(separator: "-")
        let root = entries.first { $0.use == .root }?.key.kid.hex.prefix(12) ?? ""
        return "laurel/\(words.isEmpty ? "log" : words)/\(root)"
    }
}
