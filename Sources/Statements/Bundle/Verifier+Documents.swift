import Documents
import Errors
import Money

// The signed documents, what they say, and the files that come with them.
extension Verifier {
    mutating func checkStatement(_ keyring: Keyring?) -> StatementDocument? {
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

    mutating func checkManifest(_ statement: StatementDocument?) -> Manifest? {
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

    mutating func checkArithmetic(_ statement: StatementDocument?) {
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

    mutating func checkAttachments(_ statement: StatementDocument?) {
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

    /// The script and the explanation are the program's, so they are what the program writes: nothing else binds them.
    mutating func checkTexts(_ statement: StatementDocument?) {
        let name = "\(StatementBundle.Name.script) and \(StatementBundle.Name.readme) are what this program writes"
        guard let statement, let root = report.root else { return skip(name, "statement or root key unusable") }
        guard let script = file(StatementBundle.Name.script, name), let readme = file(StatementBundle.Name.readme, name)
        else { return }
        do {
            let texts = try BundleTexts()
            guard script == texts.script else {
                return record(name, .fail("\(StatementBundle.Name.script) is another one: do not run it"))
            }
            guard readme == texts.readme(of: statement, root: root) else {
                return record(name, .fail("\(StatementBundle.Name.readme) is another one"))
            }
            record(name, .pass)
        } catch {
            record(name, .fail("\(error)"))
        }
    }

    mutating func checkPrevious(
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
}
