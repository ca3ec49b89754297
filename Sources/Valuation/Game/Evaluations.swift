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

    /// Sums over the evaluations of one coalition, around the first value so that equal values leave no rounding.
    private struct Group {
        let coalition: Coalition
        let first: Double
        var count = 0
        var sum = 0.0
        var squares = 0.0
        var variance = 0.0

        init(coalition: Coalition, first: Double) {
            self.coalition = coalition
            self.first = first
        }

        mutating func add(_ row: EvaluationRow) {
            let apart = row.value - first
            count += 1
            sum += apart
            squares += apart * apart
            variance += row.variance ?? 0
        }

        var squaresAroundMean: Double { max(0, squares - sum * sum / Double(count)) }

        var pooled: Pooled {
            Pooled(
                coalition: coalition, size: coalition.count, value: first + sum / Double(count), repeats: count,
                knownVariance: variance / Double(count * count))
        }
    }

    /// Number of players.
    let playerCount: Int
    /// The coalitions between nobody and everyone, in the order of their first appearance.
    let interior: [Pooled]
    /// The empty coalition.
    let empty: Pooled
    /// Everyone.
    let full: Pooled
    /// Where each coalition stands in the order of first appearance, ends included.
    private let order: [Coalition: Int]
    /// Where each of those stands among the interior ones; nil for the ends.
    private let place: [Int?]
    /// The variance of one evaluation, from the spread of repeats; nil without repeats.
    let repeatVariance: Double?
    /// Degrees of freedom behind ``repeatVariance``.
    let repeatFreedom: Int
    /// Whether any row carries a reported variance.
    let hasKnownVariances: Bool

    /// v(N) − v(∅), from the means of the ends.
    var gain: Double { full.value - empty.value }

    /// For each interior coalition the position of its complement among them; found anew at every call.
    var partner: [Int?] {
        interior.map { row in order[row.coalition.complement].flatMap { place[$0] } }
    }

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
        order.reserveCapacity(rows.count)
        var groups: [Group] = []
        groups.reserveCapacity(rows.count)
        for row in rows {
            let position = order[row.coalition] ?? groups.count
            if position == groups.count {
                order[row.coalition] = position
                groups.append(Group(coalition: row.coalition, first: row.value))
            }
            groups[position].add(row)
        }
        var interior: [Pooled] = []
        interior.reserveCapacity(groups.count)
        var ends: (empty: Pooled?, full: Pooled?) = (nil, nil)
        var squares = 0.0
        var freedom = 0
        var place: [Int?] = []
        place.reserveCapacity(groups.count)
        for group in groups {
            squares += group.squaresAroundMean
            freedom += group.count - 1
            let pooled = group.pooled
            place.append(pooled.size > 0 && pooled.size < playerCount ? interior.count : nil)
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
        self.order = order
        self.place = place
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
