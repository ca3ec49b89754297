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
    package func key(_ use: KeyUse) throws(LaurelError) -> PrivateKey? { try read(file(use)) }

    /// The private half of the key that a keyring lets sign for a use. A rotation that was interrupted after the keyring
    /// was changed is finished here.
    ///
    /// - Throws: ``LaurelError`` of kind `refused` when the key was revoked, of kind `environment` when the file is
    ///   missing, unusable or of another key.
    package func key(_ use: KeyUse, activeIn keyring: Keyring) throws(LaurelError) -> PrivateKey {
        guard let active = keyring.active(use) else {
            throw LaurelError.refused(
                "the \(use.rawValue) key is revoked and nothing may be signed with it", at: file(use).path,
                next: "laurel keys rotate \(use.rawValue)")
        }
        if let staged = try read(stagedFile(use)), staged.publicKey == active.key { try promote(use) }
        let remedy =
            use == .root
            ? "restore it from your backup" : "restore it from your backup, or laurel keys rotate \(use.rawValue)"
        guard let key = try key(use) else {
            throw LaurelError.environment("the \(use.rawValue) key is missing", at: file(use).path, next: remedy)
        }
        guard key.publicKey == active.key else {
            throw LaurelError.environment(
                "the \(use.rawValue) key here is not the keyring's active one", at: file(use).path, next: remedy)
        }
        return key
    }

    /// Puts a key in place of whatever was there.
    ///
    /// - Throws: ``LaurelError`` of kind `environment` when the directory cannot be written.
    package func store(_ key: PrivateKey, for use: KeyUse) throws(LaurelError) { try write(key, to: file(use)) }

    /// Puts a key on disk that shall sign from the next keyring on, so that it is never published and lost.
    ///
    /// - Throws: ``LaurelError`` of kind `environment` when the directory cannot be written.
    package func stage(_ key: PrivateKey, for use: KeyUse) throws(LaurelError) { try write(key, to: stagedFile(use)) }

    /// Puts the staged key in place. The one that it replaces is gone: a retired key signs nothing any more, and what
    /// does not exist cannot be stolen.
    ///
    /// - Throws: ``LaurelError`` of kind `environment` when the directory cannot be written.
    package func promote(_ use: KeyUse) throws(LaurelError) {
        // Without a staged file another process has finished the same rotation.
        guard rename(stagedFile(use).path, file(use).path) == 0 || errno == ENOENT else {
            throw unwritable(file(use))
        }
    }

    private func file(_ use: KeyUse) -> URL { directory.appending(path: "\(use.rawValue).pem") }

    private func stagedFile(_ use: KeyUse) -> URL { directory.appending(path: "\(use.rawValue).next.pem") }

    private func read(_ file: URL) throws(LaurelError) -> PrivateKey? {
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

    /// Writes beside and renames, so that a key is never half there; it is private from its first byte on.
    private func write(_ key: PrivateKey, to file: URL) throws(LaurelError) {
        let draft = file.appendingPathExtension("new")
        do {
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            if FileManager.default.fileExists(atPath: draft.path) { try FileManager.default.removeItem(at: draft) }
        } catch {
            throw unwritable(file)
        }
        guard
            FileManager.default.createFile(
                atPath: draft.path, contents: Data(key.pem.utf8), attributes: [.posixPermissions: 0o600]),
            rename(draft.path, file.path) == 0
        else { throw unwritable(file) }
    }

    private func unwritable(_ file: URL) -> LaurelError {
        .environment("key cannot be written", at: file.path, next: "check the disk's space and the permissions")
    }
}
