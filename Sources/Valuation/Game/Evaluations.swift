import Errors

/// Evaluation rows of one game made ready for an estimator: repeats pooled, ends apart, pairs found, noise measured.
struct Evaluations: Sendable {
    /// All evaluations of one coalition.
    struct Pooled: Sendable {
        let coalition: Coalition
        /// Number of members.
        let size: Int
        /// The mean of the values.
        var value: Double
        /// How many evaluations were averaged.
        var repeats: Int
        /// The variance of the mean that the evaluators reported; 0 when they reported none.
        var knownVariance: Double
    }

    /// Number of players.
    let playerCount: Int
    /// The coalitions between nobody and everyone, in the order of their first appearance.
    let interior: [Pooled]
    /// The empty coalition.
    let empty: Pooled
    /// Everyone.
    let full: Pooled
    /// For each interior coalition the position of its complement among them.
    let partner: [Int?]
    /// The variance of one evaluation, from the spread of repeats; nil without repeats.
    let repeatVariance: Double?
    /// Degrees of freedom behind ``repeatVariance``.
    let repeatFreedom: Int
    /// Whether any row carries a reported variance.
    let hasKnownVariances: Bool

    /// v(N) − v(∅), from the means of the ends.
    var gain: Double { full.value - empty.value }

    /// Whether every one of the 2ⁿ coalitions was evaluated.
    var isComplete: Bool { playerCount < 31 && interior.count == (1 << playerCount) - 2 }

    /// Whether anything shows that evaluations are noisy: repeats that differ, or reported variances.
    var showsNoise: Bool { (repeatVariance ?? 0) > 0 || hasKnownVariances }

    /// Groups rows; linear in their number.
    ///
    /// - Throws: ``LaurelError`` of kind `input` when an end is missing, or nothing between the ends was evaluated.
    init(_ rows: [EvaluationRow], playerCount: Int) throws(LaurelError) {
        precondition(rows.allSatisfy { $0.coalition.playerCount == playerCount }, "rows of one game")
        guard playerCount > 0 else { throw LaurelError.input("the game has no players", next: "name at least one") }
        var order: [Coalition: Int] = [:]
        var groups: [(coalition: Coalition, values: [Double], variance: Double)] = []
        for row in rows {
            let position = order[row.coalition] ?? groups.count
            if position == groups.count {
                order[row.coalition] = position
                groups.append((row.coalition, [], 0))
            }
            groups[position].values.append(row.value)
            groups[position].variance += row.variance ?? 0
        }
        var interior: [Pooled] = []
        var ends: (empty: Pooled?, full: Pooled?) = (nil, nil)
        var squares = 0.0
        var freedom = 0
        for group in groups {
            let count = Double(group.values.count)
            let mean = group.values.reduce(0, +) / count
            squares += group.values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            freedom += group.values.count - 1
            let pooled = Pooled(
                coalition: group.coalition, size: group.coalition.count, value: mean, repeats: group.values.count,
                knownVariance: group.variance / (count * count))
            switch pooled.size {
            case 0: ends.empty = pooled
            case playerCount: ends.full = pooled
            default: interior.append(pooled)
            }
        }
        guard let empty = ends.empty else {
            throw LaurelError.input(
                "the empty coalition is missing",
                next: "add a row with an empty coalition cell: the value before anyone's data")
        }
        guard let full = ends.full else {
            throw LaurelError.input(
                "the coalition of all \(playerCount) players is missing",
                next: "add a row that names everyone, or correct the list of players")
        }
        guard playerCount == 1 || !interior.isEmpty else {
            throw LaurelError.input(
                "nothing between nobody and everyone was evaluated", next: "evaluate coalitions of some of the players")
        }
        self.playerCount = playerCount
        self.interior = interior
        self.empty = empty
        self.full = full
        let positions = Dictionary(uniqueKeysWithValues: interior.enumerated().map { ($1.coalition, $0) })
        partner = interior.map { positions[$0.coalition.complement] }
        repeatVariance = freedom > 0 ? squares / Double(freedom) : nil
        repeatFreedom = freedom
        hasKnownVariances = rows.contains { ($0.variance ?? 0) > 0 }
    }

    /// The variance of v(N) − v(∅), given the variance of one evaluation.
    func gainVariance(noise: Double) -> Double {
        noise / Double(empty.repeats) + noise / Double(full.repeats)
    }

    /// Number of interior coalitions of each size.
    var sizeCounts: [Int] {
        var counts = [Int](repeating: 0, count: playerCount + 1)
        for row in interior { counts[row.size] += 1 }
        return counts
    }

    /// The pairs (S, N∖S) of which both were evaluated, each once, as positions in ``interior``.
    var pairs: [(Int, Int)] {
        partner.enumerated().compactMap { position, other in
            guard let other, position < other else { return nil }
            return (position, other)
        }
    }
}
