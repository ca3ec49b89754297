import Money

/// The balance as floating bars: each step begins where the one before ended.
///
/// The rows are a table with one small drawing each, so that the amounts stay readable on a phone and without pictures.
struct Waterfall {
    /// One row.
    struct Step {
        let label: String
        let explanation: String
        let amount: Micros
        /// Whether the bar starts at zero: opening and closing balance.
        let isTotal: Bool
    }

    let steps: [Step]

    /// The steps of a balance; those that moved nothing are left out, except what was earned.
    init(_ statement: StatementDocument) {
        let balance = statement.balance
        let changes: [(String, String, Int64)] = [
            ("Earned", "your part of this month's pool", balance.earned.value),
            ("Adjusted", "corrections of earlier months", balance.adjusted.value),
            ("Released", "kept back earlier, free now", balance.released.value),
            ("Deducted", "advances, reserves, holds, tax: listed below", -balance.deducted.value),
            ("Paid", "leaves our account for yours", -balance.paid.value),
        ]
        steps =
            [Step(label: "Opening balance", explanation: "carried over", amount: balance.opening, isTotal: true)]
            + changes.filter { $0.0 == "Earned" || $0.2 != 0 }.map {
                Step(label: $0.0, explanation: $0.1, amount: Micros($0.2), isTotal: false)
            }
            + [
                Step(
                    label: "Closing balance",
                    explanation: balance.closing < .zero
                        ? "owed to us, taken from later earnings" : "stays yours, carried to next month",
                    amount: balance.closing, isTotal: true)
            ]
    }

    /// Each step's bar as left edge and width in thousandths of the drawing, and where zero lies.
    func bars() -> [(left: Int, width: Int, zero: Int)] {
        var level: Int128 = 0
        var edges: [(Int128, Int128)] = []
        for step in steps {
            let value = Int128(step.amount.value)
            let start = step.isTotal ? 0 : level
            level = start + value
            edges.append((min(start, level), max(start, level)))
        }
        let low = min(0, edges.map(\.0).min() ?? 0)
        let high = max(0, edges.map(\.1).max() ?? 0)
        let span = max(1, high - low)
        func place(_ value: Int128) -> Int { Int((value - low) * 1000 / span) }
        return edges.map { (place($0.0), max($0.0 == $0.1 ? 0 : 4, place($0.1) - place($0.0)), place(0)) }
    }
}
