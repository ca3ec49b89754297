package import Documents
package import Errors

/// One payee's way through the ``SumTree``, as the text file `sumproof.txt`.
package struct SumProof: Hashable, Sendable {
    package let runHash: Digest
    package let index: UInt64
    package let leafCount: UInt64
    /// Micros.
    package let amount: UInt64
    package let blind: [UInt8]
    /// SHA-256 of `statement.json`.
    package let document: Digest
    package let path: [SumTree.Node]

    package static let header = "laurel/sum-proof/v1"

    package init(
        runHash: Digest, index: UInt64, leafCount: UInt64, amount: UInt64, blind: [UInt8], document: Digest,
        path: [SumTree.Node]
    ) {
        self.runHash = runHash
        self.index = index
        self.leafCount = leafCount
        self.amount = amount
        self.blind = blind
        self.document = document
        self.path = path
    }

    /// The root that this proof leads to; nil when it leads nowhere.
    package var root: SumTree.Node? {
        let leaf = SumTree.leaf(runHash: runHash, index: index, amount: amount, blind: blind, document: document)
        return SumTree.root(from: leaf, index: index, count: leafCount, path: path)
    }

    /// One fact a line, `name value`; each `node` line is a sibling's sum and hash, from the leaf up.
    package var text: String {
        let lines =
            [
                Self.header, "run_hash \(runHash.hex)", "index \(index)", "leaf_count \(leafCount)",
                "amount \(amount)", "blind \(Hex.text(blind))", "document \(document.hex)",
            ] + path.map { "node \($0.sum) \($0.hash.hex)" }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Reads the file; what is not byte for byte what ``text`` writes is refused.
    ///
    /// - Throws: ``LaurelError`` of kind `input`.
    package init(parsing bytes: [UInt8]) throws(LaurelError) {
        let refusal = LaurelError.input("not a sum proof in its one spelling", at: "sumproof.txt")
        guard let text = String(validating: bytes, as: UTF8.self) else { throw refusal }
        let lines = text.utf8.split(separator: UInt8(ascii: "\n")).map { String(Substring($0)) }
        guard lines.count >= 7 else { throw refusal }
        func value(_ line: Int, _ name: String) -> String? {
            lines[line].hasPrefix(name + " ") ? String(lines[line].dropFirst(name.count + 1)) : nil
        }
        var path: [SumTree.Node] = []
        for line in lines.dropFirst(7) {
            let parts = line.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0] == "node", let sum = UInt64(parts[1]),
                let hash = Digest(hex: String(parts[2]))
            else { throw refusal }
            path.append(SumTree.Node(sum: sum, hash: hash))
        }
        guard let runHash = value(1, "run_hash").flatMap({ Digest(hex: $0) }),
            let index = value(2, "index").flatMap({ UInt64($0) }),
            let leafCount = value(3, "leaf_count").flatMap({ UInt64($0) }),
            let amount = value(4, "amount").flatMap({ UInt64($0) }),
            let blind = value(5, "blind").flatMap({ Hex.bytes($0) }), blind.count == 16,
            let document = value(6, "document").flatMap({ Digest(hex: $0) })
        else { throw refusal }
        self.init(
            runHash: runHash, index: index, leafCount: leafCount, amount: amount, blind: blind, document: document,
            path: path)
        guard Array(self.text.utf8) == bytes else { throw refusal }
    }
}
