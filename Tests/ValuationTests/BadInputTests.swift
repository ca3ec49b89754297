import Errors
import Testing
import Valuation

@Suite("Bad input")
struct BadInputTests {
    static func message(_ text: String, players: [String]? = nil) -> String {
        do {
            _ = try EvaluationFile(parsing: Array(text.utf8), file: "e.csv", players: players)
            return "accepted"
        } catch {
            return error.description
        }
    }

    static let files: [(text: String, players: [String]?, start: String)] = [
        ("", nil, "file is empty: e.csv:1:1"),
        ("who,value\na,1\n", nil, "column coalition is missing: e.csv:1:1"),
        ("coalition\na\n", nil, "column value is missing: e.csv:1:1"),
        ("coalition,value,value\na,1,2\n", nil, "column value appears twice: e.csv:1:17"),
        ("coalition,value,value:value\na,1,2\n", nil, "column value:value means the same as value"),
        ("coalition,value\na,1\na|b,nan\n", nil, "value nan is not finite: e.csv:3:5"),
        ("coalition,value\na,inf\n", nil, "value inf is not finite: e.csv:2:3"),
        ("coalition,value\na,1e999\n", nil, "value 1e999 is not finite: e.csv:2:3"),
        ("coalition,value\na,\n", nil, "value is empty: e.csv:2:3"),
        ("coalition,value\na,\"1,5\"\n", nil, "value 1,5 is no number: e.csv:2:3"),
        ("coalition,value,variance\na,1,-1\n", nil, "variance -1 is negative: e.csv:2:5"),
        ("coalition,value,seed\na,1,x\n", nil, "seed x is no whole number of 64 bits: e.csv:2:5"),
        ("coalition,value\na|c,1\n", ["a", "b"], "player c is unknown: e.csv:2:1"),
        ("coalition,value\na||b,1\n", nil, "coalition has an empty player name: e.csv:2:1"),
        ("coalition,value\na|a,1\n", nil, "coalition names a player twice: e.csv:2:1"),
        ("coalition,value\na,1\n", ["a|b"], "player name \"a|b\" cannot stand in a coalition"),
        ("coalition,value\na,1\n", ["a", "a"], "player a is named twice"),
        ("coalition,value\na,1\n", [], "there are no players"),
        ("coalition,value\na,1,2\n", nil, "row has 3 cells, the header has 2: e.csv:2:1"),
    ]

    @Test("A file that is no list of evaluations is refused with its place", arguments: files.indices)
    func refused(index: Int) {
        let file = Self.files[index]
        let found = Self.message(file.text, players: file.players)
        #expect(found.hasPrefix(file.start), "\(found)")
    }

    static func rows(_ text: String) throws -> (rows: [EvaluationRow], players: Int) {
        let file = try EvaluationFile(parsing: Array(("coalition,value\n" + text).utf8), file: "e.csv")
        return (try #require(file.rows["value"]), file.players.count)
    }

    @Test(
        "Rows without an end, or without anything between, are refused",
        arguments: ["a,1\na|b,2\n", ",0\na,1\nb,1\n", ",0\na|b,2\n"],
        EstimatorName.allCases)
    func incomplete(text: String, estimator: EstimatorName) throws {
        let (rows, players) = try Self.rows(text)
        #expect(throws: LaurelError.self) {
            try estimate(rows: rows, playerCount: players, estimator: estimator)
        }
    }

    @Test("One player gets the gain", arguments: EstimatorName.allCases)
    func onePlayer(estimator: EstimatorName) throws {
        let (rows, players) = try Self.rows(",1\na,3\n")
        let estimate = try estimate(rows: rows, playerCount: players, estimator: estimator)
        #expect(estimate.values.map(\.value) == [2])
        #expect(try crossCheck(estimate, rows: rows).isEmpty)
    }

    @Test("Values that are all equal give equal values and a warning", arguments: AxiomTests.sampled)
    func allEqual(estimator: EstimatorName) throws {
        let rows = try AxiomTests.noisyRows(1).map { EvaluationRow(coalition: $0.coalition, value: 2.5) }
        let estimate = try estimate(rows: rows, playerCount: 9, estimator: estimator)
        #expect(estimate.values.allSatisfy { abs($0.value) < 1e-9 })
        #expect(estimate.warnings.contains("all values are equal"))
    }

    @Test("A player who is in every coalition, and one who is in none, are warned of", arguments: AxiomTests.sampled)
    func confounded(estimator: EstimatorName) throws {
        let (rows, players) = try Self.rows(
            ",0\na|b,2\na|c,2.5\na|b|d,3\na|c|d,2\na|b|c,4\na|d,1\na|b|c|d|e,5\n")
        if estimator == .kernelPaired || estimator == .leverageRidge { return }  // no complements here
        let estimate = try estimate(rows: rows, playerCount: players, estimator: estimator)
        #expect(estimate.warnings.contains("1 of the players are in every coalition between the ends"))
        #expect(estimate.warnings.contains("1 of the players are in no coalition between the ends"))
        #expect(estimate.values.allSatisfy { $0.value.isFinite && $0.stdError.isFinite })
    }

    @Test(
        "Fewer rows than players still give a defined result and a warning",
        arguments: [EstimatorName.gp, .svarm, .leverage])
    func few(estimator: EstimatorName) throws {
        let estimate = try estimate(
            rows: try AxiomTests.noisyRows(3, n: 9, count: 4), playerCount: 9, estimator: estimator)
        #expect(estimate.values.allSatisfy { $0.value.isFinite })
        #expect(estimate.warnings.contains { $0.hasPrefix("only 4 coalitions for 9 players") })
    }

    @Test("Separators in names are cells like any other, and files survive the way out and in")
    func roundTrip() throws {
        let text = "coalition,value:a,variance:a,value:b,seed\r\n\"x, y|=z\",1.5,0.1,-2,7\r\n,0,,1e-3,\r\n"
        let file = try EvaluationFile(parsing: Array(text.utf8), file: "e.csv")
        #expect(file.players == ["=z", "x, y"])
        let again = try EvaluationFile(parsing: file.bytes(), file: "e.csv", players: file.players)
        #expect(again.rows == file.rows)
        #expect(again.properties == ["a", "b"])
    }

    @Test("A hundred thousand repeats are pooled, not multiplied")
    func manyRows() throws {
        let rows = try AxiomTests.noisyRows(2)
        let many = (0..<1500).flatMap { _ in rows }
        let estimate = try estimate(rows: many, playerCount: 9)
        #expect(estimate.evaluations == many.count)
        #expect(estimate.values.allSatisfy { $0.value.isFinite })
    }

    @Test("Names of estimators and indices are checked")
    func names() {
        #expect(throws: LaurelError.self) { try EstimatorName(name: "gpp") }
        for name in ["", "beta", "beta:1", "beta:0,1", "beta:1,x", "beta:1,inf", "Shapley"] {
            #expect(throws: LaurelError.self) { try SemivalueIndex(name: name) }
        }
        #expect(throws: LaurelError.self) {
            try estimate(rows: try AxiomTests.noisyRows(1), playerCount: 9, estimator: .kernel, index: .banzhaf)
        }
    }
}
