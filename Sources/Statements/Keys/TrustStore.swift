package import Documents
package import Errors
package import Foundation

/// What this home remembers of issuers since it first verified a bundle: the root fingerprint that it trusts, one line in
/// `HOME/trusted-root`, and a ``TrustMemory`` for each root in `HOME/trusted-ROOT.json`.
package struct TrustStore: Sendable {
    private let home: URL
    private var file: URL { home.appending(path: "trusted-root") }

    package init(home: URL) {
        self.home = home
    }

    /// Whether there is a home to remember anything in.
    package var exists: Bool { FileManager.default.fileExists(atPath: home.path) }

    /// The trusted root; nil when none was stored.
    ///
    /// - Throws: ``LaurelError`` of kind `environment` when the file is unreadable or damaged.
    package func root() throws(LaurelError) -> Digest? {
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        do {
            let text = try String(contentsOf: file, encoding: .utf8)
            if let root = Digest(hex: text.trimmingCharacters(in: .whitespacesAndNewlines)) { return root }
        } catch {
            throw LaurelError.environment("trusted root cannot be read", at: file.path, next: "check its permissions")
        }
        throw LaurelError.environment("trusted root is damaged", at: file.path, next: "give --root FINGERPRINT")
    }

    /// What is remembered of the issuer with this root; nil when nothing is.
    ///
    /// - Throws: ``LaurelError`` of kind `environment` when the file is unreadable or damaged.
    package func memory(of root: Digest) throws(LaurelError) -> TrustMemory? {
        let file = memoryFile(of: root)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        do {
            let bytes = [UInt8](try Data(contentsOf: file))
            return try TrustMemory(try CanonicalValue.parse(bytes, name: file.lastPathComponent), root: root)
        } catch {
            throw LaurelError.environment(
                "what was seen of the issuer before cannot be read", at: file.path,
                next: "restore the file; without it a revoked key or a second log goes unnoticed")
        }
    }

    /// Trusts a root from now on, where there is a home to remember it in.
    ///
    /// - Returns: whether it could be remembered.
    package func trust(_ root: Digest) -> Bool { keep(Array((root.hex + "\n").utf8), in: file) }

    /// Remembers what a bundle of this root has shown, where there is a home to remember it in.
    ///
    /// - Returns: whether it could be remembered.
    package func remember(_ memory: TrustMemory, of root: Digest) throws(LaurelError) -> Bool {
        keep(try memory.document.encoded(), in: memoryFile(of: root))
    }

    private func memoryFile(of root: Digest) -> URL { home.appending(path: "trusted-\(root.hex).json") }

    private func keep(_ bytes: [UInt8], in file: URL) -> Bool {
        guard exists else { return false }
        do {
            try Data(bytes).write(to: file, options: .atomic)
            return true
        } catch {
            return false
        }
    }
}
