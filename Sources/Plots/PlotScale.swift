import Foundation

/// A linear axis: which numbers it spans, where its ticks stand, and how they are written.
struct PlotScale {
    /// First and last tick.
    let range: ClosedRange<Double>
    /// Multiples of 1, 2 or 5 times a power of ten.
    let ticks: [Double]
    private let decimals: Int
    private let pixels: ClosedRange<Double>
    private let isFlipped: Bool

    /// An axis over the values; a vertical one is flipped, since pixels count from the top.
    init(_ values: [Double], pixels: ClosedRange<Double>, isFlipped: Bool = false, count: Int = 6) {
        let finite = values.filter(\.isFinite)
        var low = finite.min() ?? 0
        var high = finite.max() ?? 1
        if high - low <= abs(high) * 1e-12 {
            let margin = max(abs(high) * 0.1, 0.5)
            low -= margin
            high += margin
        }
        let rough = (high - low) / Double(count)
        let power = pow(10, log10(rough).rounded(.down))
        let step = power * ([1, 2, 5].first { $0 * power >= rough * 0.999 } ?? 10)
        let first = (low / step + 1e-9).rounded(.down)
        let last = (high / step - 1e-9).rounded(.up)
        ticks = stride(from: first, through: last, by: 1).map { $0 * step }
        range = first * step...last * step
        decimals = max(0, -Int(log10(step * 1.0001).rounded(.down)))
        self.pixels = pixels
        self.isFlipped = isFlipped
    }

    /// Where a value stands, in pixels.
    func position(_ value: Double) -> Double {
        let share = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
        let length = pixels.upperBound - pixels.lowerBound
        return isFlipped ? pixels.upperBound - share * length : pixels.lowerBound + share * length
    }

    /// A tick as text, with a true minus sign and no more decimals than the step needs.
    func text(_ tick: Double) -> String {
        let magnitude = abs(tick)
        if magnitude != 0, magnitude >= 1e6 || decimals > 5 { return String(format: "%.3g", tick) }
        let digits = String(format: "%.\(decimals)f", magnitude)
        return tick < 0 ? "−\(digits)" : digits
    }
}
