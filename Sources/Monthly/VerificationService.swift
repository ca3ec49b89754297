import Documents
package import Errors
package import Foundation
package import Statements

/// Checks bundles offline: no database, no network, and no home unless there is one to remember in.
package enum VerificationService {
    /// What was found, and what to tell about trust.
    package struct Result: Sendable {
        package let report: Verifier.Report
        /// A line for stderr: whose root was believed.
        package let warning: String?
        /// The error that the command leaves with; nil when all is well.
        package let failure: LaurelError?

        /// The checks as lines, in the order they were made.
        package var lines: [Line] { report.checks.map(Line.init) }
    }

    /// One check, in words.
    package struct Line: Sendable {
        /// What holds when it passes.
        package let name: String
        /// `PASS`, `FAIL` or `SKIPPED`.
        package let result: String
        /// Why not; empty when it passed.
        package let reason: String

        init(_ check: Verifier.Check) {
            name = check.name
            (result, reason) =
                switch check.outcome {
                case .pass: ("PASS", "")
                case .fail(let reason): ("FAIL", reason)
                case .skipped(let reason): ("SKIPPED", reason)
                }
        }

        /// `PASS name`, `FAIL name: reason`, `SKIPPED(reason) name`.
        package var text: String {
            switch result {
            case "PASS": "PASS \(name)"
            case "SKIPPED": "SKIPPED(\(reason)) \(name)"
            default: "FAIL \(name): \(reason)"
            }
        }
    }

    /// Verifies a bundle.
    ///
    /// - Parameters:
    ///   - path: the directory or ZIP.
    ///   - root: the fingerprint to insist on; nil to use the stored one, else the bundle's own.
    ///   - previous: the payee's statement before, as directory or ZIP.
    ///   - home: where the root, the newest keyring and the states of the log that were seen are remembered, if that
    ///     directory exists.
    /// - Throws: ``LaurelError`` of kind `input` when there is no bundle or the fingerprint is none.
    package static func verify(_ path: URL, root: String?, previous: URL?, home: URL) throws -> Result {
        let given = try root.map { text in
            guard let digest = Digest(hex: text.lowercased()) else {
                throw LaurelError.input("not a fingerprint: 64 hexadecimal digits", at: "--root")
            }
            return digest
        }
        let bundle = try StatementBundle(at: path)
        let old = try previous.map { try StatementBundle(at: $0) }
        let store = TrustStore(home: home)
        let expected = try given ?? store.root()
        let report = Verifier.verify(
            bundle, root: expected, memory: try expected.flatMap { try store.memory(of: $0) }, previous: old)
        return Result(
            report: report, warning: try remember(report, isFirst: expected == nil, in: store),
            failure: failure(report, at: path))
    }

    /// Keeps what a bundle that passed has shown. A home that does not exist is not made: verification needs none.
    ///
    /// - Returns: what to warn of.
    private static func remember(_ report: Verifier.Report, isFirst: Bool, in store: TrustStore) throws -> String? {
        guard let learned = report.learned, let root = report.root else { return nil }
        let isTrusted = isFirst ? store.trust(root) : true
        let isRemembered = try store.remember(learned, of: root)
        guard isFirst else {
            return isRemembered || !store.exists
                ? nil : "the home cannot be written, so that this state of the log is not remembered"
        }
        return "no trusted root is known: believed the bundle's own, \(root.hex)"
            + (isTrusted && isRemembered
                ? "; from now on it is the trusted one" : "; compare it with an older statement, or give --root")
    }

    private static func failure(_ report: Verifier.Report, at path: URL) -> LaurelError? {
        if report.isRootTrusted == false || report.root == nil {
            return LaurelError(
                .untrusted, "the bundle's root key is not the trusted one", at: path.path,
                next: "ask the issuer by another way which root is right, then give --root FINGERPRINT")
        }
        let failed = report.checks.count { if case .fail = $0.outcome { true } else { false } }
        guard failed > 0 else { return nil }
        return LaurelError.checkFailed(
            failed == 1 ? "one check failed" : "\(failed) checks failed", at: path.path,
            next: "do not rely on this statement; ask the issuer for it again")
    }
}
