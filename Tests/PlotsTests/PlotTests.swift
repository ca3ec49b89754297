import Foundation
import Plots
import Testing

@Suite("Plots")
struct PlotTests {
    static let labels = PlotLabels(title: "A < B & \"C\"", description: "What is to be seen.", x: "step", y: "loss")
    static let curve = PlotSeries(
        "loss", (0..<40).map { PlotSeries.Point(Double($0) * 50, 1 / Double($0 + 1), interval: 0...1) })

    static var all: [String: String] {
        let entries = (0..<10).map { index in
            PlotEntry("artist \(index)", Double(index) - 3, interval: Double(index) - 5...Double(index) - 1)
        }
        let steps = [PlotEntry("Credit", 120), PlotEntry("Advance", -30), PlotEntry("Reserve", -12.5)]
        return [
            "lines": Plot.lines([curve, PlotSeries("held out", curve.points.reversed())], labels: labels),
            "scatter": Plot.scatter([curve], labels: labels, diagonal: true),
            "intervals": Plot.intervals(entries, labels: labels),
            "bars": Plot.bars(entries, labels: labels),
            "waterfall": Plot.waterfall(steps, total: "Paid", labels: labels),
            "dots": Plot.dots(
                [
                    PlotSection("none", []),
                    PlotSection(
                        "small", [.init("gp", [[0.1, 0.3], [0.94, .nan]]), .init("svarm", [[2, 0], [0.7, 0.8]])]),
                ],
                measures: [.init("error", isLogarithmic: true), .init("coverage", target: 0.92...0.98)],
                groups: ["a", "b"], labels: labels),
            "no dots": Plot.dots([], measures: [.init("error", isLogarithmic: true)], groups: [], labels: labels),
            "empty": Plot.lines([], labels: labels),
            "flat": Plot.lines([PlotSeries("flat", [.init(1, 5), .init(1, 5), .init(2, .nan)])], labels: labels),
        ]
    }

    @Test("Every plot is well-formed, titled and described, and holds finite numbers only")
    func wellFormed() throws {
        for (name, text) in Self.all {
            #expect(text.contains("<title>A &lt; B &amp; &quot;C&quot;</title>"), "\(name)")
            #expect(text.contains("<desc>What is to be seen.</desc>"), "\(name)")
            #expect(!text.contains("nan") && !text.contains("inf"), "\(name)")
            #expect(text.split(separator: "<text").count == text.split(separator: "</text>").count, "\(name)")
        }
    }

    @Test("The same data give the same bytes")
    func deterministic() {
        #expect(Self.all == Self.all)
    }

    @Test("A dot plot has one dot for each number that its axis can hold, and ticks at powers of ten")
    func dots() throws {
        let text = try #require(Self.all["dots"])
        // Six numbers on the axes (a zero has no logarithm, NaN no place), and two dots of the legend.
        #expect(text.components(separatedBy: "<circle").count - 1 == 6 + 2)
        for tick in [">0.1<", ">1<", ">10<"] { #expect(text.contains(tick), "\(tick)") }
    }

    @Test("Ticks are round numbers that enclose the data")
    func ticks() {
        let text = Plot.lines([PlotSeries("a", [.init(0, -0.013), .init(997, 0.042)])], labels: Self.labels)
        for tick in [">0<", ">200<", ">1000<", ">−0.02<", ">0.00<", ">0.05<"] {
            #expect(text.contains(tick), "\(tick)")
        }
    }
}
