package import Documents
import Errors

/// A Merkle tree whose nodes also add up: it binds every payee's amount to one total that all can see.
///
/// ```
/// leaf = SHA256(00 ‖ run_hash[32] ‖ u64 index ‖ u64 amount ‖ blind[16] ‖ SHA256(statement.json)[32])
/// node = SHA256(01 ‖ u64 sumL ‖ hashL ‖ u64 sumR ‖ hashR)
/// ```
/// Both sums are hashed apart, which mends Maxwell's original. An odd node is promoted, the shape of RFC 6962.
/// Amounts are micros below 2⁶³, so a negative ghost cannot hide a deficit. A proof shows one neighbour's amount, which
/// is why leaves are shuffled; the tree cannot say that every payee is real, which the registry must.
package enum SumTree {
    /// A hash and the sum below it.
    package struct Node: Hashable, Sendable {
        package let sum: UInt64
        package let hash: Digest

        package init(sum: UInt64, hash: Digest) {
            self.sum = sum
            self.hash = hash
        }
    }

    /// One payee's leaf.
    package static func leaf(
        runHash: Digest, index: UInt64, amount: UInt64, blind: [UInt8], document: Digest
    ) -> Node {
        precondition(blind.count == 16, "a blind has 16 bytes")
        var bytes: [UInt8] = [0]
        bytes += runHash.bytes
        bytes += bigEndian(index)
        bytes += bigEndian(amount)
        bytes += blind
        bytes += document.bytes
        return Node(sum: amount, hash: .sha256(bytes))
    }

    /// The parent of two nodes; nil when the sum reaches 2⁶³.
    package static func parent(_ left: Node, _ right: Node) -> Node? {
        let (sum, overflow) = left.sum.addingReportingOverflow(right.sum)
        guard !overflow, sum <= UInt64(Int64.max), max(left.sum, right.sum) <= UInt64(Int64.max) else { return nil }
        let bytes: [UInt8] = [1] + bigEndian(left.sum) + left.hash.bytes + bigEndian(right.sum) + right.hash.bytes
        return Node(sum: sum, hash: .sha256(bytes))
    }

    /// All levels from the leaves up; the last has one node. Linear in the number of leaves; nil when a sum reaches 2⁶³.
    package static func levels(of leaves: [Node]) -> [[Node]]? {
        precondition(!leaves.isEmpty, "a sum tree has leaves")
        var levels = [leaves]
        while let level = levels.last, level.count > 1 {
            var above: [Node] = []
            for index in stride(from: 0, to: level.count - 1, by: 2) {
                guard let node = parent(level[index], level[index + 1]) else { return nil }
                above.append(node)
            }
            if !level.count.isMultiple(of: 2) { above.append(level[level.count - 1]) }
            levels.append(above)
        }
        return levels
    }

    /// The siblings on the way from a leaf to the root; promoted nodes have none.
    package static func path(to index: Int, in levels: [[Node]]) -> [Node] {
        var index = index
        var path: [Node] = []
        for level in levels.dropLast() {
            let sibling = index ^ 1
            if sibling < level.count { path.append(level[sibling]) }
            index /= 2
        }
        return path
    }

    /// The root that a leaf and its path lead to; nil when the path has another length than the tree needs, or a sum
    /// reaches 2⁶³.
    package static func root(from leaf: Node, index: UInt64, count: UInt64, path: [Node]) -> Node? {
        guard index < count, leaf.sum <= UInt64(Int64.max) else { return nil }
        var (node, index, width) = (leaf, index, count)
        var rest = path[...]
        while width > 1 {
            if index ^ 1 < width {
                guard let sibling = rest.popFirst() else { return nil }
                let joined = index.isMultiple(of: 2) ? parent(node, sibling) : parent(sibling, node)
                guard let joined else { return nil }
                node = joined
            }
            index /= 2
            width = width / 2 + width % 2
        }
        return rest.isEmpty ? node : nil
    }

    private static func bigEndian(_ number: UInt64) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}
