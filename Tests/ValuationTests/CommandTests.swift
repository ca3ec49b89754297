import Foundation
import TestSupport
import Testing
import Valuation

/// `laurel credit estimate` and `laurel evaluate estimators` as a person meets them.
@Suite("Commands")
struct CommandTests {
    /// Runs `credit estimate` on a file of this text.
    static func estimate(_ text: String, _ options: [String] = []) async throws -> LaurelProgram.Run {
        try await LaurelProgram.run(
            ["credit", "estimate", "--evaluations", "evaluations.csv"] + options, files: ["evaluations.csv": text])
    }

    /// Texts that must be refused, with a part of the complaint.
    static let refused: [(text: String, options: [String], part: String)] = [
        ("coalition,value\n,0\na|c,1\na|b,2\n", ["--players", "a,b"], "player c is unknown"),
        ("coalition,value,value\n,0,0\n", [], "column value appears twice"),
        ("coalition,value\n,0\na,nan\na|b,1\n", [], "value nan is not finite"),
        ("coalition,value\n,0\na,-inf\na|b,1\n", [], "value -inf is not finite"),
        ("coalition,value\na,1\nb,1\na|b,2\n", [], "the empty coalition is missing"),
        ("coalition,value\n,0\na,1\nb,1\n", [], "the coalition of all 2 players is missing"),
        ("coalition,value\n,0\na|b,2\n", [], "nothing between nobody and everyone"),
        ("coalition,value\n,0\na,1\na|b,2\n", ["--estimator", "leverage-ridge"], "fewer than two pairs"),
        ("coalition,value\n,0\na,1\na|b,2\n", ["--estimator", "exact"], "estimator exact needs all 4 coalitions"),
        ("coalition,value\n,0\na,1\na|b,2\n", ["--estimator", "best"], "estimator best is unknown"),
        ("coalition,value\n,0\na;b,1\na|b,2\n", ["--players", "a,b"], "player a;b is unknown"),
        ("coalition,value\n,0\nx|y,1\nx|y|z,2\n", ["--players", "a,b,c"], "player x is unknown"),
    ]

    @Test("What cannot be used is refused in one line with status 2, naming file and line", arguments: refused.indices)
    func refuses(index: Int) async throws {
        let given = Self.refused[index]
        let outcome = try await Self.estimate(given.text, given.options)
        #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)")
        #expect(outcome.errors.contains(given.part), "\(outcome.errors)")
        #expect(
            outcome.errors.hasPrefix("laurel: ") && outcome.errors.split(whereSeparator: \.isNewline).count == 1)
    }

    @Test("One player, equal values, and a player in every coalition are answered with a warning where one is due")
    func defined() async throws {
        let one = try await Self.estimate("coalition,value\n,1\na,3\n", ["--format", "csv"])
        #expect(one.status == 0 && one.output.contains("a,2.0,"), "\(one)")
        let equal = try await Self.estimate("coalition,value\n,5\na,5\nb,5\na|b,5\n", ["--format", "csv"])
        #expect(equal.status == 0 && equal.errors.contains("all values are equal"), "\(equal)")
        let always = try await Self.estimate("coalition,value\n,0\na|b,2\na|c,3\na,1\na|b|c,5\n", ["--format", "csv"])
        #expect(always.status == 0, "\(always)")
        #expect(always.errors.contains("1 of the players are in every coalition"), "\(always.errors)")
        #expect(
            always.errors.contains("3 coalitions") || always.output.split(whereSeparator: \.isNewline).count == 4)
    }

    @Test("Names with commas, quotes and other separators come out as they went in")
    func separators() async throws {
        let text = "coalition,value\n,0\n\"x, y\",1\n\"a;\"\"b\"\"\",2\n\"x, y|a;\"\"b\"\"\",4\n"
        let outcome = try await Self.estimate(text, ["--format", "csv", "--estimator", "exact"])
        #expect(outcome.status == 0 && outcome.output.contains("\"x, y\",1.5,"), "\(outcome)")
    }

    @Test("Very many rows are pooled; more coalitions than a matrix can hold are refused with the way out")
    func many() async throws {
        let pooled = (0..<50_000).map { "\(["", "a", "b", "a|b"][$0 % 4]),\($0 % 4)\n" }.joined()
        let repeats = try await Self.estimate("coalition,value\n" + pooled, ["--format", "csv"])
        #expect(repeats.status == 0 && repeats.output.contains("b,2.0,"), "\(repeats)")
        let names = (0..<16).map { "p\($0)" }
        let all = (0..<9000).map { mask in
            names.indices.filter { mask >> $0 & 1 == 1 }.map { names[$0] }.joined(separator: "|") + ",\(mask % 97)\n"
        }.joined()
        let text = "coalition,value\n" + all + names.joined(separator: "|") + ",3\n"
        let refused = try await Self.estimate(text, ["--format", "csv"])
        #expect(refused.status == 2, "\(refused)")
        #expect(refused.errors.contains("use estimator leverage-ridge or svarm"), "\(refused)")
        let other = try await Self.estimate(text, ["--format", "csv", "--estimator", "svarm"])
        #expect(other.status == 0 && other.output.split(whereSeparator: \.isNewline).count == 17, "\(other)")
    }

    @Test("The study writes table, CSV and picture, and refuses grids that mean nothing")
    func study() async throws {
        try await withTemporaryDirectory { folder in
            let csv = folder.appending(path: "s.csv")
            let svg = folder.appending(path: "s.svg")
            let grid = ["evaluate", "estimators", "--players", "5", "--coalitions", "10", "--seeds", "2"]
            let outcome = try await LaurelProgram.run(
                grid + ["--estimators", "gp,svarm", "--csv", csv.path, "--svg", svg.path, "--format", "csv"])
            #expect(outcome.status == 0 && outcome.output.split(whereSeparator: \.isNewline).count == 7, "\(outcome)")
            #expect(try String(contentsOf: csv, encoding: .utf8).split(whereSeparator: \.isNewline).count == 7)
            let picture = try String(contentsOf: svg, encoding: .utf8)
            #expect(picture.hasPrefix("<svg") && picture.contains(">svarm<") && !picture.contains("nan"))
            for bad in [
                ["--seeds", "0"], ["--first-seed", "\(UInt64.max)"], ["--players", "1"], ["--games", "chess"],
            ] {
                #expect(try await LaurelProgram.run(grid + bad).status == 2)
            }
            let nowhere = try await LaurelProgram.run(grid + ["--csv", folder.appending(path: "no/s.csv").path])
            #expect(nowhere.status != 0 && nowhere.errors.contains("cannot be written"), "\(nowhere)")
        }
    }
}
