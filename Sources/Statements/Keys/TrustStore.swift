package import Documents
package import Errors
package import Foundation

/// The root fingerprint that this home trusts since it first verified a bundle: one line in `HOME/trusted-root`.
package struct TrustStore: Sendable {
    private let file: URL

    package init(home: URL) {
        self.file = home.appending(path: "trusted-root")
    }

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

    /// Trusts a root from now on, where there is a home to remember it in.
    ///
    /// - Returns: whether it could be remembered.
    package func trust(_ root: Digest) -> Bool {
        let home = file.deletingLastPathComponent().path
        guard FileManager.default.fileExists(atPath: home) else { return false }
        do {
            try Data((root.hex + "\n").utf8).write(to: file, options: .atomic)
            return true
        } catch {
            return false
        }
    }
}
