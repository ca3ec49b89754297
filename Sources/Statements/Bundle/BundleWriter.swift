import Documents
import Errors
import Foundation
import Mustache
import Reports

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

        package init(
            bytes: [UInt8], signature: [UInt8], attachments: [String: [UInt8]], manifest: [UInt8],
            manifestSignature: [UInt8], sumProof: SumProof, logProof: LogProof
        ) {
            self.bytes = bytes
            self.signature = signature
            self.attachments = attachments
            self.manifest = manifest
            self.manifestSignature = manifestSignature
            self.sumProof = sumProof
            self.logProof = logProof
        }
    }

    private let keyring: Keyring
    private let keyringBytes: [UInt8]
    private let keyringSignature: [UInt8]
    private let script: [UInt8]
    private let readme: MustacheTemplate

    /// A writer that adds one keyring to every bundle.
    ///
    /// - Throws: ``LaurelError`` of kind `environment` when the templates beside the program are missing.
    package init(keyringBytes: [UInt8], keyringSignature: [UInt8]) throws {
        self.keyring = try Keyring(try CanonicalValue.parse(keyringBytes, name: StatementBundle.Name.keyring))
        self.keyringBytes = keyringBytes
        self.keyringSignature = keyringSignature
        self.script = Array(try Templates.text("verify.sh").utf8)
        self.readme = try Templates.template("README.txt")
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
        let text = readme.render([
            "issuer": document.issuer.name, "payee": document.input.payee.displayName, "id": document.id,
            "period": document.input.period.description, "root": root.key.kid.hex,
            "origin": document.issuer.logOrigin,
        ])
        var files = stored.attachments
        files[StatementBundle.Name.statement] = stored.bytes
        files[StatementBundle.Name.signature(of: StatementBundle.Name.statement)] = stored.signature
        files[StatementBundle.Name.manifest] = stored.manifest
        files[StatementBundle.Name.signature(of: StatementBundle.Name.manifest)] = stored.manifestSignature
        files[StatementBundle.Name.keyring] = keyringBytes
        files[StatementBundle.Name.signature(of: StatementBundle.Name.keyring)] = keyringSignature
        files[StatementBundle.Name.sumProof] = Array(stored.sumProof.text.utf8)
        files[StatementBundle.Name.logProof] = Array(stored.logProof.text.utf8)
        files[StatementBundle.Name.issuerKey] = Array(issuer.key.pem.utf8)
        files[StatementBundle.Name.rootKey] = Array(root.key.pem.utf8)
        files[StatementBundle.Name.logKey] = Array(log.key.pem.utf8)
        files[StatementBundle.Name.script] = script
        files[StatementBundle.Name.readme] = Array(text.utf8)
        return StatementBundle(files: files)
    }
}

/// The files that lie in `Reports/templates`.
enum Templates {
    static func text(_ name: String) throws(LaurelError) -> String {
        let url = Reports.templates.appending(path: name)
        do {
            return try String(contentsOf: url, encoding: .utf8)
        } catch {
            throw LaurelError.environment(
                "template cannot be read", at: url.path, next: "install the program with its resource bundles")
        }
    }

    static func template(_ name: String) throws(LaurelError) -> MustacheTemplate {
        let text = try text(name)
        do {
            return try MustacheTemplate(string: text)
        } catch {
            throw LaurelError.environment("template is damaged: \(error)", at: name)
        }
    }
}
