import Documents
import Foundation
import Plots

/// The loss of every step of one course of training, as a table and as a picture in the model's folder.
struct LossCurve {
    private let losses: [Float]

    init(_ losses: [Float]) { self.losses = losses }

    /// Writes `loss.csv` with every step and `loss.svg` with the means of up to 200 stretches.
    func write(to folder: ModelFolder) throws {
        var table = CSVWriter(columns: [("step", .number), ("loss", .number)])
        for (index, loss) in losses.enumerated() { table.append([String(index + 1), String(loss)]) }
        try Data(table.bytes).write(to: folder.lossTable, options: .atomic)
        try Data(plot(of: folder.id).utf8).write(to: folder.lossPlot, options: .atomic)
    }

    private func plot(of id: String) -> String {
        let stretch = max(1, (losses.count + 199) / 200)
        let points = stride(from: 0, to: losses.count, by: stretch).map { start in
            let part = losses[start..<min(start + stretch, losses.count)]
            return PlotSeries.Point(
                Double(start) + Double(part.count + 1) / 2, Double(part.reduce(0, +)) / Double(part.count),
                interval: Double(part.min() ?? 0)...Double(part.max() ?? 0))
        }
        return Plot.lines(
            [PlotSeries("loss", points)],
            labels: PlotLabels(
                title: "Training of \(id)",
                description:
                    "The mean squared error of the prediction on each step's batch, with its lowest and highest.",
                x: "step", y: "loss"))
    }
}
