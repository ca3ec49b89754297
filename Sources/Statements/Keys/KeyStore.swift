import Documents
package import Errors
package import Foundation

/// Private keys in a directory: `USE.pem`, PKCS#8, readable by the owner only. The root key may be carried away.
package struct KeyStore: Sendable {
    /// The directory, usually `HOME/keys`.
    package let directory: URL

    package init(directory: URL) {
        self.directory = directory
    }

    /// The private key of a use; nil when there is none.
    ///
    /// - Throws: ``LaurelError`` of kind `environment` when the file is unreadable, damaged or readable by others.
    package func key(_ use: KeyUse) throws(LaurelError) -> PrivateKey? {
        let file = file(use)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        let text: String
        let mode: Int
        do {
            text = try String(contentsOf: file, encoding: .utf8)
            mode = (try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int) ?? 0
        } catch {
            throw LaurelError.environment("key cannot be read", at: file.path, next: "check its owner")
        }
        guard mode & 0o077 == 0 else {
            throw LaurelError.environment(
                "key is readable by others", at: file.path, next: "chmod 600 it, and rotate it if others were here")
        }
        guard let key = PrivateKey(pem: text) else {
            throw LaurelError.environment(
                "not an Ed25519 private key", at: file.path, next: "restore it from your backup")
        }
        return key
    }

    /// The private key of a use.
    ///
    /// - Throws: ``LaurelError`` of kind `environment` when it is missing or unusable.
    package func require(_ use: KeyUse) throws(LaurelError) -> PrivateKey {
        guard let key = try key(use) else {
            throw LaurelError.environment(
                "the \(use.rawValue) key is missing", at: file(use).path, next: "restore it, or run laurel init")
        }
        return key
    }

    /// Puts a key in place; one that was there is kept beside it under its fingerprint.
    ///
    /// - Throws: ``LaurelError`` of kind `environment` when the directory cannot be written.
    package func store(_ key: PrivateKey, for use: KeyUse) throws(LaurelError) {
        let old = try self.key(use)
        let file = file(use)
        do {
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            if let old, old.publicKey != key.publicKey {
                let kept = directory.appending(path: "\(use.rawValue)-\(old.publicKey.kid.hex.prefix(16)).pem")
                try write(old, to: kept)
            }
            try write(key, to: file)
        } catch {
            throw LaurelError.environment(
                "key cannot be written", at: file.path, next: "check the disk's space and the permissions")
        }
    }

    private func file(_ use: KeyUse) -> URL { directory.appending(path: "\(use.rawValue).pem") }

    /// Writes beside and renames, so that a key is never half there; it is private from its first byte on.
    private func write(_ key: PrivateKey, to file: URL) throws {
        let draft = file.appendingPathExtension("new")
        if FileManager.default.fileExists(atPath: draft.path) { try FileManager.default.removeItem(at: draft) }
        guard
            FileManager.default.createFile(
                atPath: draft.path, contents: Data(key.pem.utf8), attributes: [.posixPermissions: 0o600]),
            rename(draft.path, file.path) == 0
        else { throw CocoaError(.fileWriteUnknown) }
    }
}
