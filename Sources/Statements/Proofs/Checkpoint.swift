package import Documents
package import Errors
import Foundation

/// The log's commitment to its whole history: size and root, signed, as C2SP `tlog-checkpoint` and `signed-note` say.
package struct Checkpoint: Hashable, Sendable {
    /// The log's name.
    package let origin: String
    /// How many entries.
    package let size: UInt64
    /// The root of the ``LogTree``.
    package let root: Digest
    /// The signature over ``body``.
    package let signature: [UInt8]

    /// Signs a state of the log.
    package init(origin: String, size: UInt64, root: Digest, key: PrivateKey) {
        self.origin = origin
        self.size = size
        self.root = root
        self.signature = key.sign(Array(Self.body(origin, size, root).utf8))
        self.keyHint = Self.hint(origin, key.publicKey)
    }

    /// The three signed lines.
    package var body: String { Self.body(origin, size, root) }

    /// The whole note: body, empty line, signature line.
    package var note: String {
        "\(body)\n\u{2014} \(origin) \(Data(keyHint + signature).base64EncodedString())\n"
    }

    /// Whether the log's key signed this.
    package func isSigned(by key: PublicKey) -> Bool {
        keyHint == Self.hint(origin, key) && key.verifies(signature, of: Array(body.utf8))
    }

    /// Reads a note with one signature; what is not byte for byte what ``note`` writes is refused.
    ///
    /// - Throws: ``LaurelError`` of kind `input`.
    package init(parsing note: String) throws(LaurelError) {
        let refusal = LaurelError.input("not a checkpoint in its one spelling", at: "checkpoint")
        let lines = note.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count == 6, lines[5].isEmpty, lines[3].isEmpty, !lines[0].isEmpty, let size = UInt64(lines[1]),
            let root = Data(base64Encoded: lines[2]).flatMap({ Digest(bytes: [UInt8]($0)) }),
            lines[4].hasPrefix("\u{2014} \(lines[0]) "),
            let signed = Data(base64Encoded: String(lines[4].dropFirst(lines[0].count + 3))), signed.count == 68
        else { throw refusal }
        self.origin = lines[0]
        self.size = size
        self.root = root
        self.keyHint = Array(signed.prefix(4))
        self.signature = Array(signed.dropFirst(4))
        guard self.note.utf8.elementsEqual(note.utf8) else { throw refusal }
    }

    private let keyHint: [UInt8]

    private static func body(_ origin: String, _ size: UInt64, _ root: Digest) -> String {
        "\(origin)\n\(size)\n\(Data(root.bytes).base64EncodedString())\n"
    }

    /// The first four bytes of `SHA256(name ‖ 0A ‖ 01 ‖ key)`; 01 is Ed25519.
    private static func hint(_ origin: String, _ key: PublicKey) -> [UInt8] {
        Array(Digest.sha256(Array(origin.utf8) + [0x0A, 0x01] + key.raw).bytes.prefix(4))
    }
}

/// The proof that a document is in the log, as the text file of C2SP `tlog-proof@v1`.
package struct LogProof: Hashable, Sendable {
    package let index: UInt64
    package let path: [Digest]
    package let checkpoint: Checkpoint

    package static let header = "c2sp.org/tlog-proof@v1"

    package init(index: UInt64, path: [Digest], checkpoint: Checkpoint) {
        self.index = index
        self.path = path
        self.checkpoint = checkpoint
    }

    /// The entry of a statement.
    package static func entry(ofStatement sha256: Digest) -> String { "payout-statement/v1 \(sha256.hex)\n" }

    /// The entry of a period's manifest.
    package static func entry(ofManifest sha256: Digest) -> String { "payout-manifest/v1 \(sha256.hex)\n" }

    /// The entry of a keyring.
    package static func entry(ofKeyring sha256: Digest) -> String { "keyring/v1 \(sha256.hex)\n" }

    /// Whether the path leads from an entry to the checkpoint's root.
    package func covers(_ entry: String) -> Bool {
        LogTree.verifiesInclusion(
            of: LogTree.leafHash(Array(entry.utf8)), index: index, size: checkpoint.size, proof: path,
            root: checkpoint.root)
    }

    /// Header, index, one base64 hash a line, empty line, checkpoint.
    package var text: String {
        let lines = [Self.header, "index \(index)"] + path.map { Data($0.bytes).base64EncodedString() }
        return lines.joined(separator: "\n") + "\n\n" + checkpoint.note
    }

    /// Reads the file; what is not byte for byte what ``text`` writes is refused.
    ///
    /// - Parameter name: what to call the file in errors.
    /// - Throws: ``LaurelError`` of kind `input`.
    package init(parsing bytes: [UInt8], name: String = StatementBundle.Name.logProof) throws(LaurelError) {
        let refusal = LaurelError.input("not a log proof in its one spelling", at: name)
        guard let text = String(validating: bytes, as: UTF8.self), let gap = text.range(of: "\n\n") else {
            throw refusal
        }
        let lines = text[..<gap.lowerBound].split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 2, lines[1].hasPrefix("index "), let index = UInt64(lines[1].dropFirst(6)) else {
            throw refusal
        }
        var path: [Digest] = []
        for line in lines.dropFirst(2) {
            guard let hash = Data(base64Encoded: String(line)).flatMap({ Digest(bytes: [UInt8]($0)) }) else {
                throw refusal
            }
            path.append(hash)
        }
        self.init(index: index, path: path, checkpoint: try Checkpoint(parsing: String(text[gap.upperBound...])))
        guard Array(self.text.utf8) == bytes else { throw refusal }
    }
}
