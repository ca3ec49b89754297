import Numerics

/// What a bootstrap draws: whole pairs (S, N∖S), since their errors go together, and coalitions without partner.
struct BootstrapUnits: Sendable {
    /// Positions among the interior coalitions, one or two each, in file order.
    let units: [[Int]]

    init(_ data: Evaluations) {
        units = data.partner.enumerated().compactMap { position, other in
            guard let other else { return [position] }
            return position < other ? [position, other] : nil
        }
    }

    /// How often each interior coalition appears in one resample of as many units.
    func multiplicities(rows: Int, _ stream: inout RandomStream) -> [Double] {
        var counts = [Double](repeating: 0, count: rows)
        for _ in units {
            for row in units[stream.int(below: units.count)] { counts[row] += 1 }
        }
        return counts
    }
}
