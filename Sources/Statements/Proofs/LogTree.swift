package import Documents

/// The Merkle tree of RFC 6962 §2.1 over the leaf hashes of an append-only log.
package enum LogTree {
    /// The hash of an entry: `SHA256(00 ‖ entry)`.
    package static func leafHash(_ entry: [UInt8]) -> Digest { .sha256([0] + entry) }

    /// The hash of two subtrees: `SHA256(01 ‖ left ‖ right)`.
    package static func nodeHash(_ left: Digest, _ right: Digest) -> Digest {
        .sha256([1] + left.bytes + right.bytes)
    }

    /// The root of a tree; that of no entries is the SHA-256 of nothing. Linear in the number of leaves.
    package static func root(_ leaves: ArraySlice<Digest>) -> Digest {
        switch leaves.count {
        case 0: .sha256([UInt8]())
        case 1: leaves[leaves.startIndex]
        default: nodeHash(root(left(leaves)), root(right(leaves)))
        }
    }

    /// Whether an audit path leads from a leaf to a root (RFC 9162 §2.1.3.2).
    package static func verifiesInclusion(
        of leaf: Digest, index: UInt64, size: UInt64, proof: [Digest], root: Digest
    ) -> Bool {
        guard index < size else { return false }
        var (place, last, hash) = (index, size - 1, leaf)
        for sibling in proof {
            guard last > 0 else { return false }
            if !place.isMultiple(of: 2) || place == last {
                hash = nodeHash(sibling, hash)
                while place.isMultiple(of: 2), place > 0 {
                    place >>= 1
                    last >>= 1
                }
            } else {
                hash = nodeHash(hash, sibling)
            }
            place >>= 1
            last >>= 1
        }
        return last == 0 && hash == root
    }

    /// The proof that the tree of the first `oldSize` leaves is the beginning of this one (RFC 6962 §2.1.2).
    package static func consistencyProof(from oldSize: Int, in leaves: ArraySlice<Digest>) -> [Digest] {
        precondition((0...leaves.count).contains(oldSize), "the old tree is no larger")
        guard oldSize > 0, oldSize < leaves.count else { return [] }
        return subproof(oldSize, leaves, isComplete: true)
    }

    /// Whether a consistency proof joins two roots (RFC 9162 §2.1.4.2).
    package static func verifiesConsistency(
        oldSize: UInt64, oldRoot: Digest, newSize: UInt64, newRoot: Digest, proof: [Digest]
    ) -> Bool {
        guard oldSize <= newSize else { return false }
        if oldSize == newSize { return proof.isEmpty && oldRoot == newRoot }
        if oldSize == 0 { return proof.isEmpty && oldRoot == root([]) }
        var rest = proof[...]
        if oldSize & (oldSize - 1) == 0 { rest = ([oldRoot] + proof)[...] }
        guard let first = rest.popFirst() else { return false }
        var (place, last) = (oldSize - 1, newSize - 1)
        while !place.isMultiple(of: 2) {
            place >>= 1
            last >>= 1
        }
        var (oldHash, newHash) = (first, first)
        for sibling in rest {
            guard last > 0 else { return false }
            if !place.isMultiple(of: 2) || place == last {
                oldHash = nodeHash(sibling, oldHash)
                newHash = nodeHash(sibling, newHash)
                while place.isMultiple(of: 2), place > 0 {
                    place >>= 1
                    last >>= 1
                }
            } else {
                newHash = nodeHash(newHash, sibling)
            }
            place >>= 1
            last >>= 1
        }
        return last == 0 && oldHash == oldRoot && newHash == newRoot
    }

    private static func subproof(_ size: Int, _ leaves: ArraySlice<Digest>, isComplete: Bool) -> [Digest] {
        guard size < leaves.count else { return isComplete ? [] : [root(leaves)] }
        let half = split(leaves.count)
        return size <= half
            ? subproof(size, left(leaves), isComplete: isComplete) + [root(right(leaves))]
            : subproof(size - half, right(leaves), isComplete: false) + [root(left(leaves))]
    }

    /// The largest power of two below a count of at least two.
    static func split(_ count: Int) -> Int {
        1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)
    }

    private static func left(_ leaves: ArraySlice<Digest>) -> ArraySlice<Digest> {
        leaves.prefix(split(leaves.count))
    }

    private static func right(_ leaves: ArraySlice<Digest>) -> ArraySlice<Digest> {
        leaves.dropFirst(split(leaves.count))
    }
}
