import Credit
import Documents
import Errors
package import Foundation
import Plots
import Valuation

extension CreditReport {
    /// Writes the paying credits with their 95 % intervals as an SVG picture.
    ///
    /// - Throws: ``LaurelError`` of kind `refused` while the run is not estimated, `environment` when the file cannot
    ///   be written.
    package func writePlot(to url: URL) throws {
        guard let paying = estimates.first(where: \.pays) else {
            throw LaurelError.refused(
                "run \(run.plan.run) has no credits yet", next: "laurel credit run --period \(run.plan.period)")
        }
        let entries = paying.credits.map { PlotEntry($0.player, $0.value, interval: $0.low...$0.high) }
        let svg = Plot.intervals(
            entries.sorted { $0.value > $1.value },
            labels: PlotLabels(
                title: "Credit for \(run.plan.period)",
                description: "What each player adds to \(run.plan.properties.map(\.name).joined(separator: " and ")), "
                    + "with 95 % intervals.",
                x: "credit"))
        try OutputFile.write(Array(svg.utf8), to: url)
    }
}
