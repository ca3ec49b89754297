import Documents
import Errors
import Money

// The sum tree, and the log: that it holds what was signed, and that it only grows.
extension Verifier {
    mutating func checkSumProof(_ statement: StatementDocument?, _ manifest: Manifest?) {
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

    mutating func checkLogProof(_ statement: StatementDocument?, _ keyring: Keyring?) -> LogProof? {
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
            guard proof.checkpoint.origin == statement.issuer.logOrigin, proof.checkpoint.isSigned(by: logKey) else {
                record(name, .fail("the checkpoint is not signed by the issuer's log"))
                return nil
            }
            if let objection = objection(to: logKey, in: keyring, of: proof.checkpoint) {
                record(name, .fail(objection))
                return nil
            }
            guard proof.covers(LogProof.entry(ofStatement: .sha256(content))) else {
                record(name, .fail("the path does not lead to the checkpoint's root"))
                return nil
            }
            record(name, .pass)
            return proof
        } catch {
            record(name, .fail(error.problem))
            return nil
        }
    }

    /// Why a log key's checkpoint is not believed; nil when it is.
    ///
    /// Whoever finds a retired key could sign any small log with it, so its checkpoints count only where they were seen
    /// before, or were proven by a later one.
    private func objection(to key: PublicKey, in keyring: Keyring, of checkpoint: Checkpoint) -> String? {
        guard let entry = keyring.entry(kid: key.kid), entry.use == .log, entry.state != .next else {
            return "the keyring has no such log key in force"
        }
        guard let end = entry.trustEnd else { return nil }
        guard checkpoint.size <= end, memory?.states[checkpoint.size] == checkpoint.root else {
            return
                "the log key is \(entry.state.rawValue), and this state of the log was not seen here while it was in "
                + "use: ask the issuer for a new bundle"
        }
        return nil
    }

    mutating func checkManifestLogProof(_ manifest: Manifest?, _ statementProof: LogProof?) -> UInt64? {
        let name = "the manifest is in the transparency log"
        guard manifest != nil, let statementProof else {
            skip(name, "manifest or the statement's log proof unusable")
            return nil
        }
        guard let bytes = file(StatementBundle.Name.manifestLogProof, name),
            let content = bundle.files[StatementBundle.Name.manifest]
        else { return nil }
        do {
            let proof = try LogProof(parsing: bytes, name: StatementBundle.Name.manifestLogProof)
            guard proof.checkpoint == statementProof.checkpoint else {
                record(name, .fail("it is proven in another state of the log than the statement"))
                return nil
            }
            guard proof.covers(LogProof.entry(ofManifest: .sha256(content))) else {
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

    mutating func checkHistory(_ proof: LogProof?) -> LogHistory? {
        let name = "earlier states of the log are the beginning of this one"
        guard let proof else {
            skip(name, "log proof unusable")
            return nil
        }
        guard let bytes = file(StatementBundle.Name.logHistory, name) else { return nil }
        do {
            let history = try LogHistory(parsing: bytes)
            let objection = history.objection(to: proof.checkpoint)
            record(name, objection.map { .fail($0) } ?? .pass)
            return objection == nil ? history : nil
        } catch {
            record(name, .fail(error.problem))
            return nil
        }
    }

    mutating func checkLogMemory(_ proof: LogProof?, _ history: LogHistory?) {
        let name = "the log continues the one seen before"
        guard let memory else { return skip(name, "no statement of this issuer was verified here before") }
        guard let proof, let history else { return skip(name, "log proof or history unusable") }
        record(name, memory.objection(to: proof.checkpoint, history).map { .fail($0) } ?? .pass)
    }
}
