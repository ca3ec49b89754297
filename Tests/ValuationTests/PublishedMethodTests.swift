import Documents
import Errors
import Foundation
import Testing
import Valuation

@Suite("The published method")
struct PublishedMethodTests {
    static func table(_ name: String) throws -> [UInt8] {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "csv"))
        return [UInt8](try Data(contentsOf: url))
    }

    @Test("Values equal those of an independent NumPy implementation to 1e-8", arguments: [5, 12, 40])
    func equalsNumPy(n: Int) throws {
        let file = try EvaluationFile(parsing: try Self.table("kernel-\(n)"), file: "kernel-\(n).csv")
        let expected = try CSVTable(parsing: try Self.table("kernel-\(n)-values"), file: "values")
        let rows = try #require(file.rows["value"])
        let estimate = try estimate(rows: rows, playerCount: n, estimator: .kernel)
        #expect(file.players == expected.rows.map { $0["player"] })
        for (row, found) in zip(expected.rows, estimate.values) {
            #expect(abs(try #require(Double(row["value"] ?? "")) - found.value) < 1e-8)
        }
    }
}
