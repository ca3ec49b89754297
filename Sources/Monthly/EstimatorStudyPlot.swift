import Plots
package import Valuation

extension EstimatorStudyService {
    /// The cells as a picture: a section for each size and noise, a row for each estimator, a dot for each game.
    package static func svg(_ cells: [EstimatorStudy.Cell]) -> [UInt8] {
        var games: [GenerativeGame.Property] = []
        var settings: [Setting] = []
        for cell in cells {
            if !games.contains(cell.property) { games.append(cell.property) }
            if !settings.contains(Setting(cell)) { settings.append(Setting(cell)) }
        }
        let measures: [(PlotMeasure, (EstimatorStudy.Cell) -> Double)] = [
            (PlotMeasure("relative error (median)", isLogarithmic: true), \.error),
            (PlotMeasure("coverage of 95 % intervals", target: 0.92...0.98), \.coverage),
            (PlotMeasure("rank correlation"), \.rankCorrelation),
            (PlotMeasure("milliseconds", isLogarithmic: true), { 1000 * $0.seconds }),
        ]
        let sections = settings.map { setting in
            let own = cells.filter { Setting($0) == setting }
            var names: [EstimatorName] = []
            for cell in own where !names.contains(cell.estimator) { names.append(cell.estimator) }
            return PlotSection(
                setting.title,
                names.map { name in
                    PlotSection.Row(
                        name.rawValue,
                        measures.map { measure in
                            games.map { game in
                                own.first { $0.estimator == name && $0.property == game }.map(measure.1) ?? .nan
                            }
                        })
                })
        }
        let text = Plot.dots(
            sections, measures: measures.map(\.0), groups: games.map(\.rawValue),
            labels: PlotLabels(
                title: "Estimators on games with known values",
                description: "Error, coverage, rank correlation and time of each estimator, a dot for each game; "
                    + "coverage between 92 and 98 per cent is shaded."))
        return Array(text.utf8)
    }

    /// What the cells of one section have in common.
    private struct Setting: Equatable {
        let players: Int
        let coalitions: Int
        let noise: Double

        init(_ cell: EstimatorStudy.Cell) {
            players = cell.players
            coalitions = cell.coalitions
            noise = cell.noise
        }

        var title: String { "\(players) players, \(coalitions) coalitions, noise \(noise) SD" }
    }
}
