package import Documents
import Errors

/// Checks a bundle with nothing but the bundle and what this reader remembers: no database, no network.
///
/// Every layer is checked apart. Documents outside the canonical profile are refused before anything in them is used.
package struct Verifier {
    /// The outcome of one check.
    package struct Check: Hashable, Sendable {
        package enum Outcome: Hashable, Sendable {
            case pass
            case fail(String)
            case skipped(String)
        }

        /// What was checked, as a sentence that holds when it passes.
        package let name: String
        package let outcome: Outcome
    }

    /// Everything that was found.
    package struct Report: Sendable {
        package internal(set) var checks: [Check] = []
        /// Fingerprint of the root key that the bundle names; nil when it names none.
        package internal(set) var root: Digest?
        /// Whether the root is the one that was expected; nil when none was.
        package internal(set) var isRootTrusted: Bool?
        /// The statement, as far as it could be read.
        package internal(set) var statement: StatementDocument?
        /// What to remember of the issuer from now on; nil unless every check passed.
        package internal(set) var learned: TrustMemory?

        /// Whether no check failed.
        package var isClean: Bool {
            checks.allSatisfy { if case .fail = $0.outcome { false } else { true } }
        }
    }

    let bundle: StatementBundle
    /// What this reader has seen of the issuer before.
    let memory: TrustMemory?
    var report = Report()

    /// Checks a bundle.
    ///
    /// - Parameters:
    ///   - bundle: the files.
    ///   - root: the fingerprint that the root key must have; nil to take the bundle's own.
    ///   - memory: what earlier bundles of this root have shown; nil when none was verified.
    ///   - previous: the payee's statement before this one, as a bundle.
    /// - Returns: every check with its outcome, in the order they were made.
    package static func verify(
        _ bundle: StatementBundle, root: Digest?, memory: TrustMemory? = nil, previous: StatementBundle? = nil
    ) -> Report {
        var verifier = Verifier(bundle: bundle, memory: memory)
        verifier.run(expectedRoot: root, previous: previous)
        return verifier.report
    }

    private init(bundle: StatementBundle, memory: TrustMemory?) {
        self.bundle = bundle
        self.memory = memory
    }

    private mutating func run(expectedRoot: Digest?, previous: StatementBundle?) {
        let own = checkKeyring(expectedRoot: expectedRoot)
        let newest = checkSuccession(own)
        let statement = checkStatement(newest?.keyring)
        report.statement = statement
        let manifest = checkManifest(statement)
        checkSumProof(statement, manifest)
        let proof = checkLogProof(statement, newest?.keyring)
        let manifestIndex = checkManifestLogProof(manifest, proof)
        let history = checkHistory(proof)
        checkLogMemory(proof, history)
        checkKeyLife(statement, newest?.keyring, [proof?.index, manifestIndex])
        checkArithmetic(statement)
        checkAttachments(statement)
        checkTexts(statement)
        checkPrevious(previous, statement, newest?.keyring)
        if report.isClean, let newest, let proof, let history {
            report.learned = TrustMemory(newest, proof.checkpoint, history, after: memory)
        }
    }
}
