import Errors
import Foundation
package import Valuation

/// Credits from a file of evaluations alone: no database, no model.
package enum EstimateService {
    /// An estimate with the players' names and what other estimators say.
    package struct Report: Sendable {
        /// The property that was estimated.
        package let property: String
        /// Names in the order of the values.
        package let players: [String]
        /// Values, intervals, noise and skill.
        package let estimate: Estimate
        /// The other estimators' views.
        package let checks: [CrossCheck]

        /// Everything to warn of, the checks' disagreements included.
        package var warnings: [String] { estimate.warnings + checks.compactMap(\.warning) }
    }

    /// Reads a file and estimates one property.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - property: its column's name; nil where the file holds one property only.
    ///   - players: names in the order wanted; nil takes everyone named in the file.
    ///   - estimator: its name.
    ///   - index: the semivalue's name.
    ///   - seed: of whatever chance the estimator uses.
    /// - Returns: The estimate and its cross-checks.
    /// - Throws: `LaurelError` of kind `input` with the place in the file.
    package static func estimate(
        path: String, property: String?, players: [String]?, estimator: String, index: String, seed: UInt64
    ) throws -> Report {
        let name = try EstimatorName(name: estimator)
        let semivalue = try SemivalueIndex(name: index)
        let url = URL(fileURLWithPath: path)
        let bytes: [UInt8]
        do {
            bytes = [UInt8](try Data(contentsOf: url))
        } catch {
            throw LaurelError.input("file cannot be read", at: path, next: "check its path and permissions")
        }
        let file = try EvaluationFile(parsing: bytes, file: url.lastPathComponent, players: players)
        let chosen = try choose(property, of: file, path: path)
        let rows = file.rows[chosen] ?? []
        do {
            let estimate = try Valuation.estimate(
                rows: rows, playerCount: file.players.count, estimator: name, index: semivalue, seed: seed)
            let checks = try crossCheck(estimate, rows: rows, seed: seed)
            return Report(property: chosen, players: file.players, estimate: estimate, checks: checks)
        } catch {
            throw LaurelError(error.kind, error.problem, at: error.place ?? url.lastPathComponent, next: error.remedy)
        }
    }

    private static func choose(_ property: String?, of file: EvaluationFile, path: String) throws -> String {
        let known = file.properties.joined(separator: ", ")
        if let property {
            guard file.properties.contains(property) else {
                throw LaurelError.input(
                    "property \(property) is not in the file", at: path, next: "choose from \(known)")
            }
            return property
        }
        guard file.properties.count == 1 else {
            throw LaurelError.input(
                "the file holds several properties", at: path, next: "choose one by --property: \(known)")
        }
        return file.properties[0]
    }
}
