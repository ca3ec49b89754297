package import Documents

/// A log's tree with all its nodes, for many proofs from one state: each proof is then a few look-ups, where ``LogTree``
/// would hash all leaves again.
///
/// Level 0 holds the leaves; each level above holds the hashes of pairs, an odd last node unchanged. That is the shape of
/// RFC 6962: every subtree there is one node here.
package struct LogTreeLevels: Sendable {
    private let levels: [[Digest]]

    /// Hashes the whole tree once: linear in the number of leaves, of which there is at least one.
    package init(_ leaves: [Digest]) {
        precondition(!leaves.isEmpty, "a log has entries")
        var levels = [leaves]
        while let level = levels.last, level.count > 1 {
            levels.append(
                stride(from: 0, to: level.count, by: 2).map {
                    $0 + 1 < level.count ? LogTree.nodeHash(level[$0], level[$0 + 1]) : level[$0]
                })
        }
        self.levels = levels
    }

    /// How many leaves.
    package var size: Int { levels[0].count }

    /// The root of all leaves.
    package var root: Digest { levels[levels.count - 1][0] }

    /// The audit path of a leaf (RFC 6962 §2.1.1), from the leaf up.
    package func inclusionProof(of index: Int) -> [Digest] {
        precondition((0..<size).contains(index), "the leaf is in the tree")
        return levels.dropLast().enumerated().compactMap { height, level in
            let sibling = (index >> height) ^ 1
            return sibling < level.count ? level[sibling] : nil
        }
    }

    /// The proof that the first leaves are the beginning of all, as ``LogTree/consistencyProof(from:in:)`` gives it.
    package func consistencyProof(from oldSize: Int) -> [Digest] {
        precondition((0...size).contains(oldSize), "the old tree is no larger")
        guard oldSize > 0, oldSize < size else { return [] }
        return subproof(oldSize, start: 0, count: size, isComplete: true)
    }

    private func subproof(_ oldSize: Int, start: Int, count: Int, isComplete: Bool) -> [Digest] {
        guard oldSize < count else { return isComplete ? [] : [node(start, count)] }
        let half = LogTree.split(count)
        return oldSize <= half
            ? subproof(oldSize, start: start, count: half, isComplete: isComplete) + [node(start + half, count - half)]
            : subproof(oldSize - half, start: start + half, count: count - half, isComplete: false)
                + [node(start, half)]
    }

    /// The hash of a subtree of the RFC's splits: it starts at a multiple of the power of two that holds it.
    private func node(_ start: Int, _ count: Int) -> Digest {
        let height = Int.bitWidth - (count - 1).leadingZeroBitCount
        return levels[height][start >> height]
    }
}
