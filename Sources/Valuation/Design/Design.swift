package import Errors
import Glibc
import Numerics

/// Which coalitions to evaluate, in which order.
///
/// Deterministic given its seed, and extendable: a longer design of the same kind, players and seed starts with the
/// shorter one. The ends ∅ and N are not part of a design; every game evaluates them besides, and repeatedly.
package enum Design: Hashable, Sendable {
    /// Pairs (S, N∖S) next to each other, sizes stratified uniformly on 1…n−1, no coalition twice. The default.
    case pairedStratified
    /// Independent draws from the Shapley kernel, with replacement: the published design.
    case kernel
    /// Chains along random orders of the players, each followed by the reversed order.
    case permutations
    /// All coalitions between ∅ and N, by size.
    case everything

    /// The first `count` coalitions; fewer only where there are no more to be had.
    ///
    /// - Throws: ``LaurelError`` of kind `input` when `everything` means more than 2²⁰ coalitions.
    package func coalitions(playerCount n: Int, count: Int, seed: UInt64) throws(LaurelError) -> [Coalition] {
        precondition(count >= 0, "a design has no negative length")
        guard n > 1 else { return [] }
        switch self {
        case .pairedStratified: return PairedDesign(playerCount: n, seed: seed).coalitions(count)
        case .kernel: return Design.kernelDraws(n, count, seed)
        case .permutations: return Design.chains(n, count, seed)
        case .everything:
            guard n <= 20 else {
                throw LaurelError.input("all coalitions of \(n) players are too many", next: "use a paired design")
            }
            let masks = (1..<(1 << n) - 1).sorted {
                ($0.nonzeroBitCount, $0) < ($1.nonzeroBitCount, $1)
            }
            return masks.prefix(count).map { Coalition(playerCount: n, mask: $0) }
        }
    }

    private static func kernelDraws(_ n: Int, _ count: Int, _ seed: UInt64) -> [Coalition] {
        let law = Combinatorics.kernelSizeLaw(n)
        var stream = RandomStream(seed: seed, "valuation.design.kernel")
        return (0..<count).map { _ in
            var rest = stream.uniform()
            var size = 1
            while size < n - 1, rest >= law[size] {
                rest -= law[size]
                size += 1
            }
            return Coalition(playerCount: n, members: stream.subset(of: n, count: size))
        }
    }

    private static func chains(_ n: Int, _ count: Int, _ seed: UInt64) -> [Coalition] {
        var stream = RandomStream(seed: seed, "valuation.design.permutations")
        var result: [Coalition] = []
        while result.count < count {
            var order = Array(0..<n)
            stream.shuffle(&order)
            for walk in [order, order.reversed()] {
                var coalition = Coalition(playerCount: n)
                for player in walk.dropLast() {
                    coalition.insert(player)
                    result.append(coalition)
                }
            }
        }
        return Array(result.prefix(count))
    }
}

/// The paired, size-stratified design without replacement.
///
/// Sizes of the smaller halves come in random orders of all sizes, one round after another, so that every size is met
/// equally often; a size of which every coalition has been used drops out.
struct PairedDesign {
    let playerCount: Int
    let seed: UInt64

    func coalitions(_ count: Int) -> [Coalition] {
        let n = playerCount
        var stream = RandomStream(seed: seed, "valuation.design.paired")
        var used: Set<Coalition> = []
        var left = (0...n).map { size in capacity(size) }
        var result: [Coalition] = []
        while result.count < count {
            var round = (1..<n).filter { left[$0] > 0 }
            guard !round.isEmpty else { break }
            stream.shuffle(&round)
            for size in round where left[size] > 0 && result.count < count {
                let coalition = fresh(size, used, &stream)
                used.insert(coalition)
                used.insert(coalition.complement)
                left[size] -= 1
                left[n - size] -= 1
                result.append(coalition)
                result.append(coalition.complement)
            }
        }
        return Array(result.prefix(count))
    }

    /// Number of coalitions of a size, as far as it fits an integer of half the width.
    ///
    /// Half a size's coalitions are complements of the other half when the size is n/2, and each pair then takes two.
    private func capacity(_ size: Int) -> Int {
        let logarithm = Combinatorics.logBinomial(playerCount, size)
        guard logarithm < 40 else { return Int.max / 2 }
        return Int(exp(logarithm).rounded())
    }

    /// A coalition of the size that was not used yet: by rejection, at last by search, which small sizes need.
    private func fresh(_ size: Int, _ used: Set<Coalition>, _ stream: inout RandomStream) -> Coalition {
        for _ in 0..<64 {
            let candidate = Coalition(playerCount: playerCount, members: stream.subset(of: playerCount, count: size))
            if !used.contains(candidate) { return candidate }
        }
        var members = Array(stream.subset(of: playerCount, count: size))
        while true {
            let candidate = Coalition(playerCount: playerCount, members: members)
            if !used.contains(candidate) { return candidate }
            members = successor(of: members)
        }
    }

    /// The next subset of the same size in lexicographic order, the first after the last.
    private func successor(of members: [Int]) -> [Int] {
        var next = members
        for position in stride(from: members.count - 1, through: 0, by: -1)
        where next[position] < playerCount - members.count + position {
            next[position] += 1
            for later in (position + 1)..<max(members.count, position + 1) { next[later] = next[later - 1] + 1 }
            return next
        }
        return Array(0..<members.count)
    }
}
