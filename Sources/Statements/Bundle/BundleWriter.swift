import Documents
import Errors

/// Puts a bundle together from what was stored; nothing is computed or signed anew.
package struct BundleWriter: Sendable {
    /// What was stored of one statement.
    package struct Stored: Sendable {
        package let bytes: [UInt8]
        package let signature: [UInt8]
        /// By file name.
        package let attachments: [String: [UInt8]]
        package let manifest: [UInt8]
        package let manifestSignature: [UInt8]
        package let sumProof: SumProof
        package let logProof: LogProof
        /// Of the manifest, in the same state of the log.
        package let manifestProof: LogProof

        package init(
            bytes: [UInt8], signature: [UInt8], attachments: [String: [UInt8]], manifest: [UInt8],
            manifestSignature: [UInt8], sumProof: SumProof, logProof: LogProof, manifestProof: LogProof
        ) {
            self.bytes = bytes
            self.signature = signature
            self.attachments = attachments
            self.manifest = manifest
            self.manifestSignature = manifestSignature
            self.sumProof = sumProof
            self.logProof = logProof
            self.manifestProof = manifestProof
        }
    }

    private let keyring: Keyring
    private let keyringBytes: [UInt8]
    private let keyringSignature: [UInt8]
    private let history: LogHistory
    private let texts: BundleTexts

    /// A writer that adds one keyring and one history of the log to every bundle.
    ///
    /// - Throws: ``LaurelError`` of kind `environment` when the templates beside the program are missing.
    package init(keyringBytes: [UInt8], keyringSignature: [UInt8], history: LogHistory) throws {
        self.keyring = try Keyring(try CanonicalValue.parse(keyringBytes, name: StatementBundle.Name.keyring))
        self.keyringBytes = keyringBytes
        self.keyringSignature = keyringSignature
        self.history = history
        self.texts = try BundleTexts()
    }

    /// The bundle of one statement.
    ///
    /// - Throws: ``LaurelError`` when what was stored is no statement, or names a key that the keyring lacks.
    package func bundle(_ stored: Stored) throws -> StatementBundle {
        let document = try StatementDocument(
            try CanonicalValue.parse(stored.bytes, name: StatementBundle.Name.statement))
        guard let issuer = keyring.entry(kid: document.issuer.keyID), let root = keyring.active(.root),
            let log = keyring.entries.last(where: { $0.use == .log && stored.logProof.checkpoint.isSigned(by: $0.key) })
        else {
            throw LaurelError.environment("keyring lacks the keys of a statement", at: document.id)
        }
        var files = stored.attachments
        files[StatementBundle.Name.statement] = stored.bytes
        files[StatementBundle.Name.signature(of: StatementBundle.Name.statement)] = stored.signature
        files[StatementBundle.Name.manifest] = stored.manifest
        files[StatementBundle.Name.signature(of: StatementBundle.Name.manifest)] = stored.manifestSignature
        files[StatementBundle.Name.keyring] = keyringBytes
        files[StatementBundle.Name.signature(of: StatementBundle.Name.keyring)] = keyringSignature
        files[StatementBundle.Name.sumProof] = Array(stored.sumProof.text.utf8)
        files[StatementBundle.Name.logProof] = Array(stored.logProof.text.utf8)
        files[StatementBundle.Name.manifestLogProof] = Array(stored.manifestProof.text.utf8)
        files[StatementBundle.Name.logHistory] = Array(history.text.utf8)
        files[StatementBundle.Name.issuerKey] = Array(issuer.key.pem.utf8)
        files[StatementBundle.Name.rootKey] = Array(root.key.pem.utf8)
        files[StatementBundle.Name.logKey] = Array(log.key.pem.utf8)
        files[StatementBundle.Name.script] = texts.script
        files[StatementBundle.Name.readme] = texts.readme(of: document, root: root.key.kid)
        return StatementBundle(files: files)
    }
}
