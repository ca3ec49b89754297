/// A subset of the players `0..<playerCount`, kept as a bit set.
package struct Coalition: Hashable, Sendable {
    /// Number of players in the game, not in the coalition.
    package let playerCount: Int
    /// Bit `i % 64` of word `i / 64` says whether player `i` is a member; bits past the last player are zero.
    package private(set) var words: [UInt64]

    /// The coalition of the given members; naming one twice is harmless.
    package init(playerCount: Int, members: some Sequence<Int> = EmptyCollection()) {
        precondition(playerCount >= 0, "a game has no negative number of players")
        self.playerCount = playerCount
        words = [UInt64](repeating: 0, count: (playerCount + 63) / 64)
        for member in members { insert(member) }
    }

    /// The coalition of all players.
    package static func everyone(playerCount: Int) -> Coalition {
        Coalition(playerCount: playerCount, members: 0..<playerCount)
    }

    /// The coalition whose members are the set bits of `mask`, for games of at most 62 players.
    package init(playerCount: Int, mask: Int) {
        precondition(playerCount <= 62 && mask >= 0 && mask < 1 << playerCount, "a mask has one bit a player")
        self.init(playerCount: playerCount)
        if playerCount > 0 { words[0] = UInt64(mask) }
    }

    /// Number of members.
    package var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Whether nobody is in it.
    package var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// Whether everybody is in it.
    package var isEveryone: Bool { count == playerCount }

    /// Whether a player is a member.
    package func contains(_ player: Int) -> Bool {
        precondition(player >= 0 && player < playerCount, "player out of range")
        return words[player >> 6] >> UInt64(player & 63) & 1 == 1
    }

    /// Adds a player.
    package mutating func insert(_ player: Int) {
        precondition(player >= 0 && player < playerCount, "player out of range")
        words[player >> 6] |= 1 << UInt64(player & 63)
    }

    /// The coalition with one more member.
    package func inserting(_ player: Int) -> Coalition {
        var result = self
        result.insert(player)
        return result
    }

    /// The members in ascending order.
    package var members: [Int] {
        var members: [Int] = []
        members.reserveCapacity(count)
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                members.append(64 * index + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
        return members
    }

    /// Everyone who is not in it.
    package var complement: Coalition {
        var result = self
        for index in words.indices { result.words[index] = ~words[index] }
        if playerCount & 63 != 0 { result.words[words.count - 1] &= (1 << UInt64(playerCount & 63)) - 1 }
        return result
    }

    /// Number of members in common.
    package func overlap(with other: Coalition) -> Int {
        precondition(playerCount == other.playerCount, "coalitions of one game")
        var shared = 0
        for index in words.indices { shared += (words[index] & other.words[index]).nonzeroBitCount }
        return shared
    }
}
