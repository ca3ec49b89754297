package import Documents
import Errors
import Money

/// Checks a bundle with nothing but the bundle: no database, no network.
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
        package fileprivate(set) var checks: [Check] = []
        /// Fingerprint of the root key that the bundle names; nil when it names none.
        package fileprivate(set) var root: Digest?
        /// Whether the root is the one that was expected; nil when none was.
        package fileprivate(set) var isRootTrusted: Bool?
        /// The statement, as far as it could be read.
        package fileprivate(set) var statement: StatementDocument?

        /// Whether no check failed.
        package var isClean: Bool {
            checks.allSatisfy { if case .fail = $0.outcome { false } else { true } }
        }
    }

    private let bundle: StatementBundle
    private var report = Report()

    /// Checks a bundle.
    ///
    /// - Parameters:
    ///   - bundle: the files.
    ///   - root: the fingerprint that the root key must have; nil to take the bundle's own.
    ///   - previous: the payee's statement before this one, as a bundle.
    /// - Returns: every check with its outcome, in the order they were made.
    package static func verify(_ bundle: StatementBundle, root: Digest?, previous: StatementBundle? = nil) -> Report {
        var verifier = Verifier(bundle: bundle)
        verifier.run(expectedRoot: root, previous: previous)
        return verifier.report
    }

    private init(bundle: StatementBundle) {
        self.bundle = bundle
    }

    private mutating func run(expectedRoot: Digest?, previous: StatementBundle?) {
        let keyring = checkKeyring(expectedRoot: expectedRoot)
        let statement = checkStatement(keyring)
        report.statement = statement
        let manifest = checkManifest(statement, keyring)
        checkSumProof(statement, manifest)
        let logIndex = checkLogProof(statement, keyring)
        checkKeyLife(statement, keyring, logIndex)
        checkArithmetic(statement)
        checkAttachments(statement)
        checkPrevious(previous, statement, keyring)
    }

    // MARK: - Keys

    private mutating func checkKeyring(expectedRoot: Digest?) -> Keyring? {
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
        return keyring
    }

    private mutating func checkKeyLife(_ statement: StatementDocument?, _ keyring: Keyring?, _ logIndex: UInt64?) {
        let name = "the statement key may sign"
        guard let statement, let keyring else { return skip(name, "statement or keyring unusable") }
        guard let entry = keyring.entry(kid: statement.issuer.keyID), entry.use == .statement else {
            return record(name, .fail("the keyring has no such statement key"))
        }
        switch entry.state {
        case .active, .retired: record(name, .pass)
        case .next: record(name, .fail("the key is published but not in use yet"))
        case .revoked:
            guard let trusted = entry.trustedLogSize, let logIndex, logIndex < UInt64(trusted) else {
                return record(name, .fail("the key is revoked, and the log does not show that it signed in time"))
            }
            record(name, .pass)
        }
    }

    // MARK: - Documents

    private mutating func checkStatement(_ keyring: Keyring?) -> StatementDocument? {
        let name = "the statement is signed by the issuer"
        guard let issuerKey = key(StatementBundle.Name.issuerKey, name) else { return nil }
        let statement = signed(StatementBundle.Name.statement, by: issuerKey, name) { try StatementDocument($0) }
        guard let statement else { return nil }
        let isNamed = statement.issuer.keyID == issuerKey.kid
        record(
            "the statement names the key that signed it",
            isNamed
                ? .pass
                : .fail(
                    "\(StatementBundle.Name.issuerKey) is \(issuerKey.kid), the statement says \(statement.issuer.keyID)"
                ))
        if let keyring {
            let isIssuer = keyring.issuer == statement.issuer.name
            record("the keyring is the issuer's", isIssuer ? .pass : .fail("it belongs to \(keyring.issuer)"))
        }
        return isNamed ? statement : nil
    }

    private mutating func checkManifest(_ statement: StatementDocument?, _ keyring: Keyring?) -> Manifest? {
        let name = "the manifest is signed by the issuer"
        guard let issuerKey = key(StatementBundle.Name.issuerKey, name) else { return nil }
        guard let manifest = signed(StatementBundle.Name.manifest, by: issuerKey, name, { try Manifest($0) }) else {
            return nil
        }
        guard let statement else { return manifest }
        let input = statement.input
        let agrees =
            manifest.payoutRunID == input.run.payoutRunID && manifest.period == input.period
            && manifest.currency == input.currency && manifest.policySHA256 == input.run.policySHA256
            && manifest.scoreSetSHA256 == input.run.scoreSetSHA256 && manifest.poolNet == input.pool.net
        record(
            "statement and manifest are of one run and pool",
            agrees
                ? .pass : .fail("run, period, currency, pool, policy or scores differ"))
        record(
            "all statements together earned the whole pool",
            manifest.totalEarned == manifest.poolNet
                ? .pass : .fail("they earned \(manifest.totalEarned.formatted) of \(manifest.poolNet.formatted)"))
        return manifest
    }

    // MARK: - Proofs

    private mutating func checkSumProof(_ statement: StatementDocument?, _ manifest: Manifest?) {
        let name = "the amount is part of the run's total"
        guard let statement, let manifest else { return skip(name, "statement or manifest unusable") }
        guard let bytes = file(StatementBundle.Name.sumProof, name),
            let content = bundle.files[StatementBundle.Name.statement]
        else {
            return
        }
        do {
            let proof = try SumProof(parsing: bytes)
            guard let root = proof.root, root.hash == manifest.sumRoot,
                Int64(exactly: root.sum) == manifest.totalEarned.value,
                Int64(exactly: proof.leafCount) == manifest.leafCount
            else { return record(name, .fail("the path does not lead to the manifest's root and total")) }
            guard proof.document == Digest.sha256(content), proof.runHash == Digest.sha256(manifest.payoutRunID),
                Int64(exactly: proof.amount) == statement.balance.earned.value
            else { return record(name, .fail("the leaf is of another statement, run or amount")) }
            record(name, .pass)
        } catch {
            record(name, .fail(error.problem))
        }
    }

    private mutating func checkLogProof(_ statement: StatementDocument?, _ keyring: Keyring?) -> UInt64? {
        let name = "the statement is in the transparency log"
        guard let statement, let keyring else {
            skip(name, "statement or keyring unusable")
            return nil
        }
        guard let logKey = key(StatementBundle.Name.logKey, name),
            let bytes = file(StatementBundle.Name.logProof, name),
            let content = bundle.files[StatementBundle.Name.statement]
        else { return nil }
        do {
            let proof = try LogProof(parsing: bytes)
            guard let entry = keyring.entry(kid: logKey.kid), entry.use == .log,
                entry.state == .active || entry.state == .retired
            else {
                record(name, .fail("the keyring has no such log key in force"))
                return nil
            }
            guard proof.checkpoint.origin == statement.issuer.logOrigin, proof.checkpoint.isSigned(by: logKey) else {
                record(name, .fail("the checkpoint is not signed by the issuer's log"))
                return nil
            }
            guard proof.covers(LogProof.entry(ofStatement: .sha256(content))) else {
                record(name, .fail("the path does not lead to the checkpoint's root"))
                return nil
            }
            record(name, .pass)
            return proof.index
        } catch {
            record(name, .fail(error.problem))
            return nil
        }
    }

    // MARK: - Numbers

    private mutating func checkArithmetic(_ statement: StatementDocument?) {
        let checks: [(String, (StatementDocument) -> String?)] = [
            ("every line is pool × weight ÷ total weight", StatementArithmetic.lines),
            ("the lines add up to the balance", StatementArithmetic.sums),
            ("the balance closes", StatementArithmetic.identity),
        ]
        for (name, objection) in checks {
            guard let statement else {
                skip(name, "statement unusable")
                continue
            }
            record(name, objection(statement).map { .fail($0) } ?? .pass)
        }
    }

    private mutating func checkAttachments(_ statement: StatementDocument?) {
        for file in [StatementBundle.Name.html, StatementBundle.Name.csv] {
            let name = "\(file) is the one that was issued"
            guard let statement else {
                skip(name, "statement unusable")
                continue
            }
            guard let content = self.file(file, name) else { continue }
            guard let attachment = statement.attachments.first(where: { $0.name == file }) else {
                record(name, .fail("the statement does not name it"))
                continue
            }
            let isSame = attachment.sha256 == Digest.sha256(content) && attachment.bytes == Int64(content.count)
            record(name, isSame ? .pass : .fail("its digest is not the one in the statement"))
        }
    }

    private mutating func checkPrevious(
        _ previous: StatementBundle?, _ statement: StatementDocument?, _ keyring: Keyring?
    ) {
        let name = "the opening balance is the previous closing balance"
        guard let previous else { return skip(name, "no previous statement given: --previous OLD") }
        guard let statement, let keyring else { return skip(name, "statement or keyring unusable") }
        do {
            let bytes = previous.files[StatementBundle.Name.statement] ?? []
            let old = try StatementDocument(
                try CanonicalValue.parse(bytes, name: "previous \(StatementBundle.Name.statement)"))
            let signature = previous.files[StatementBundle.Name.signature(of: StatementBundle.Name.statement)] ?? []
            guard let key = keyring.entry(kid: old.issuer.keyID), key.use == .statement,
                key.key.verifies(signature, of: bytes)
            else { return record(name, .fail("the previous statement is not signed by a key of this keyring")) }
            guard old.input.payee.partyID.utf8.elementsEqual(statement.input.payee.partyID.utf8),
                old.input.currency == statement.input.currency, old.input.period < statement.input.period
            else { return record(name, .fail("it is of another payee or currency, or not earlier")) }
            let (closing, opening) = (old.balance.closing, statement.balance.opening)
            record(
                name,
                closing == opening
                    ? .pass : .fail("it closed with \(closing.formatted), this one opens with \(opening.formatted)"))
        } catch {
            record(name, .fail("\(error)"))
        }
    }

    // MARK: - Steps

    /// Reads a document of the profile whose signature holds; records the outcome.
    private mutating func signed<Value>(
        _ file: String, by key: PublicKey, _ name: String, _ read: (CanonicalValue) throws -> Value
    ) -> Value? {
        guard let bytes = self.file(file, name),
            let signature = self.file(StatementBundle.Name.signature(of: file), name)
        else { return nil }
        do {
            let document = try CanonicalValue.parse(bytes, name: file)
            guard key.verifies(signature, of: bytes) else {
                record(name, .fail("\(file): the signature is not of these bytes and this key"))
                return nil
            }
            let value = try read(document)
            record(name, .pass)
            return value
        } catch {
            record(name, .fail("\(error)"))
            return nil
        }
    }

    private mutating func key(_ file: String, _ name: String) -> PublicKey? {
        guard let bytes = self.file(file, name) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self), let key = PublicKey(pem: text),
            Array(key.pem.utf8) == bytes
        else {
            record(name, .fail("\(file) is no Ed25519 public key"))
            return nil
        }
        return key
    }

    private mutating func file(_ file: String, _ name: String) -> [UInt8]? {
        if let bytes = bundle.files[file] { return bytes }
        record(name, .fail("\(file) is missing"))
        return nil
    }

    private mutating func record(_ name: String, _ outcome: Check.Outcome) {
        report.checks.append(Check(name: name, outcome: outcome))
    }

    private mutating func skip(_ name: String, _ reason: String) {
        record(name, .skipped(reason))
    }
}
