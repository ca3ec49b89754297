import Documents
import Errors
import Statements
import Testing

@Suite("Proofs")
struct ProofTests {
    @Test("The sum tree has the published root")
    func sumTreeVector() throws {
        let run = Digest.sha256("run-2026-01")
        let leaves = [500, 0, 1234, 7, 99].enumerated().map { index, amount in
            SumTree.leaf(
                runHash: run, index: UInt64(index), amount: UInt64(amount),
                blind: [UInt8](repeating: UInt8(index), count: 16), document: .sha256("doc\(index)"))
        }
        let levels = try #require(SumTree.levels(of: leaves))
        let root = try #require(levels.last?.first)
        #expect(root.sum == 1840)
        #expect(root.hash.hex == "930b6ec046656e8874ca19ebb823ffd7df2f961bd4d8c7142950a92a19daa167")
    }

    @Test("Every leaf of trees up to 40 leaves reaches the root, and only in its own place")
    func sumTreePaths() throws {
        for count in 1...40 {
            let leaves = (0..<count).map { SumTree.Node(sum: UInt64($0 * $0), hash: .sha256("\($0)")) }
            let levels = try #require(SumTree.levels(of: leaves))
            let root = try #require(levels.last?.first)
            #expect(root.sum == leaves.reduce(0) { $0 + $1.sum })
            for index in 0..<count {
                let path = SumTree.path(to: index, in: levels)
                func end(_ index: Int, _ path: [SumTree.Node]) -> SumTree.Node? {
                    SumTree.root(from: leaves[index % count], index: UInt64(index), count: UInt64(count), path: path)
                }
                #expect(end(index, path) == root)
                #expect(end(index, path + [root]) == nil)
                #expect(path.isEmpty || end(index, path.dropLast()) == nil)
                #expect(count == 1 || end((index + 1) % count, path) != root)
            }
        }
    }

    @Test("Sums stay below 2^63, so that no negative ghost hides a deficit")
    func sumTreeOverflow() {
        let half = SumTree.Node(sum: 1 << 62, hash: .sha256("x"))
        #expect(SumTree.parent(half, half) == nil)
        #expect(SumTree.parent(SumTree.Node(sum: .max, hash: .sha256("g")), half) == nil)
        #expect(SumTree.levels(of: [half, half]) == nil)
        #expect(SumTree.root(from: SumTree.Node(sum: .max, hash: half.hash), index: 0, count: 1, path: []) == nil)
    }

    // The entries and roots of certificate-transparency's own tests of RFC 6962 trees.
    static let entries = [
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    ]
    static let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    @Test("The log's tree has the roots of RFC 6962's reference tests")
    func logVectors() throws {
        let leaves = try Self.entries.map { LogTree.leafHash(try #require(Hex.bytes($0))) }
        for size in 1...8 {
            #expect(LogTree.root(leaves.prefix(size)).hex == Self.roots[size - 1])
        }
        #expect(LogTree.root([]).hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            LogTree.inclusionProof(of: 0, in: leaves[...]).map(\.hex) == [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ])
        #expect(
            LogTree.consistencyProof(from: 6, in: leaves[...]).map(\.hex) == [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ])
    }

    @Test("Every inclusion and consistency proof of small logs verifies, and no other does")
    func logProofs() {
        let leaves = (0..<24).map { LogTree.leafHash([UInt8($0)]) }
        for size in 1...24 {
            let root = LogTree.root(leaves.prefix(size))
            for index in 0..<size {
                let proof = LogTree.inclusionProof(of: index, in: leaves.prefix(size))
                func verifies(_ leaf: Int, _ index: Int, _ proof: [Digest]) -> Bool {
                    LogTree.verifiesInclusion(
                        of: leaves[leaf], index: UInt64(index), size: UInt64(size), proof: proof, root: root)
                }
                #expect(verifies(index, index, proof))
                #expect(!verifies((index + 1) % 24, index, proof))
                #expect(!verifies(index, (index + 1) % 24, proof))
                #expect(!verifies(index, index, proof + [root]))
                #expect(proof.isEmpty || !verifies(index, index, proof.dropLast()))
            }
            for oldSize in 0...size {
                let old = LogTree.root(leaves.prefix(oldSize))
                let proof = LogTree.consistencyProof(from: oldSize, in: leaves.prefix(size))
                func verifies(_ old: Digest, _ new: Digest, _ proof: [Digest]) -> Bool {
                    LogTree.verifiesConsistency(
                        oldSize: UInt64(oldSize), oldRoot: old, newSize: UInt64(size), newRoot: new, proof: proof)
                }
                #expect(verifies(old, root, proof), "\(oldSize) in \(size)")
                #expect(!verifies(.sha256("rewritten"), root, proof))
                #expect(!verifies(old, root, proof + [root]))
                #expect(oldSize == 0 || !verifies(old, .sha256("rewritten"), proof))
            }
        }
    }

    @Test("The tree with all its levels gives the same root and proofs as the recursion of the RFC")
    func logLevels() {
        let leaves = (0..<33).map { LogTree.leafHash([UInt8($0)]) }
        for size in 1...33 {
            let tree = LogTreeLevels(Array(leaves.prefix(size)))
            #expect(tree.root == LogTree.root(leaves.prefix(size)))
            for index in 0..<size {
                #expect(tree.inclusionProof(of: index) == LogTree.inclusionProof(of: index, in: leaves.prefix(size)))
            }
            for old in 0...size {
                #expect(
                    tree.consistencyProof(from: old) == LogTree.consistencyProof(from: old, in: leaves.prefix(size)))
            }
        }
    }

    @Test("A history reads back, and only in its one spelling and in ascending sizes")
    func history() throws {
        let state = LogHistory.State(size: 3, root: .sha256("r"), proof: [.sha256("a"), .sha256("b")])
        let history = LogHistory(states: [state, .init(size: 4, root: .sha256("s"), proof: [])])
        #expect(try LogHistory(parsing: Array(history.text.utf8)) == history)
        #expect(try LogHistory(parsing: Array(LogHistory(states: []).text.utf8)).states.isEmpty)
        let twice = LogHistory(states: [state, state]).text
        for bad in [
            twice, history.text + "\n", history.text.replacing("3 ", with: "03 "), "", "laurel/log-history/v2\n",
        ] {
            #expect(throws: LaurelError.self) { try LogHistory(parsing: Array(bad.utf8)) }
        }
    }

    @Test("A checkpoint reads back, and only in its one spelling")
    func checkpoint() throws {
        let key = try Example.key(9)
        let checkpoint = Checkpoint(origin: "laurel.example/log", size: 7, root: .sha256("r"), key: key)
        #expect(try Checkpoint(parsing: checkpoint.note) == checkpoint)
        #expect(checkpoint.isSigned(by: key.publicKey))
        #expect(!checkpoint.isSigned(by: try Example.key(8).publicKey))
        for bad in [checkpoint.note + "\n", checkpoint.note.replacing("\n7\n", with: "\n07\n"), checkpoint.body, ""] {
            #expect(throws: LaurelError.self) { try Checkpoint(parsing: bad) }
        }
    }
}

extension LogTree {
    /// The audit path by the recursion of RFC 6962 §2.1.1, which ``LogTreeLevels`` must agree with.
    fileprivate static func inclusionProof(of index: Int, in leaves: ArraySlice<Digest>) -> [Digest] {
        guard leaves.count > 1 else { return [] }
        var half = 1
        while half * 2 < leaves.count { half *= 2 }
        let (left, right) = (leaves.prefix(half), leaves.dropFirst(half))
        return index < half
            ? inclusionProof(of: index, in: left) + [root(right)]
            : inclusionProof(of: index - half, in: right) + [root(left)]
    }
}
