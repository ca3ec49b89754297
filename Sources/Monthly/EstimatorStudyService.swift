import Documents
import Errors
package import Valuation

/// The study of estimators on games with known values.
package enum EstimatorStudyService {
    /// Runs the grid, cell by cell.
    ///
    /// - Parameters:
    ///   - grid: what to vary.
    ///   - progress: told of every finished combination.
    /// - Returns: One cell for each combination and estimator.
    /// - Throws: `LaurelError` when an estimator cannot answer, `CancellationError` when interrupted.
    package static func run(
        _ grid: EstimatorStudy.Grid, progress: ProgressHandler
    ) throws -> [EstimatorStudy.Cell] {
        guard grid.seeds > 0 else { throw LaurelError.input("no seeds to run", next: "ask for at least one") }
        guard grid.firstSeed.addingReportingOverflow(UInt64(grid.seeds)).overflow == false else {
            throw LaurelError.input("the seeds run past 64 bits", next: "start at a smaller seed")
        }
        if let few = grid.players.first(where: { $0 < 2 }) {
            throw LaurelError.input("a game of \(few) players has nothing to estimate", next: "use at least 2")
        }
        var cells: [EstimatorStudy.Cell] = []
        let total = grid.properties.count * grid.players.count * grid.coalitions.count * grid.noise.count
        var done = 0
        for property in grid.properties {
            for players in grid.players {
                for coalitions in grid.coalitions {
                    for noise in grid.noise {
                        cells += try EstimatorStudy.cells(
                            of: property, players: players, coalitions: coalitions, noise: noise, grid: grid)
                        done += 1
                        progress(ProgressUpdate(stage: "study", done: done, total: total))
                    }
                }
            }
        }
        return cells
    }

    /// The cells as a table for other programs.
    package static func csv(_ cells: [EstimatorStudy.Cell]) -> [UInt8] {
        var writer = CSVWriter(columns: [
            ("game", .text), ("players", .number), ("coalitions", .number), ("noise", .number), ("estimator", .text),
            ("error", .number), ("equal_split", .number), ("coverage", .number),
            ("coverage_error", .number), ("half_width", .number),
            ("rank_correlation", .number), ("seconds", .number),
        ])
        for cell in cells {
            writer.append([
                cell.property.rawValue, "\(cell.players)", "\(cell.coalitions)", "\(cell.noise)",
                cell.estimator.rawValue, "\(cell.error)", "\(cell.equalSplitError)", "\(cell.coverage)",
                "\(cell.coverageError)",
                "\(cell.halfWidth)", "\(cell.rankCorrelation)", "\(cell.seconds)",
            ])
        }
        return writer.bytes
    }
}
