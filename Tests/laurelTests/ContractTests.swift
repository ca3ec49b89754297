import Foundation
import TestSupport
import Testing

/// What other programs rely on: exit statuses, one line for an error, JSON alone on stdout.
@Suite struct ContractTests {
    @Test func errorsAreOneLineWithTheStatusOfTheContract() async throws {
        try await LaurelProgram.withHome { laurel in
            let manifest = try Gallery.hang(in: laurel.folder)
            try Data("path,contributor,title\n".utf8).write(to: laurel.folder.appending(path: "short.csv"))
            try Data("contributor,weight\nada,1e5\n".utf8).write(to: laurel.folder.appending(path: "weights.csv"))
            try Data("id,name,kind\neve,Eve,person\nrob,Rob,robot\n".utf8).write(
                to: laurel.folder.appending(path: "people.csv"))
            try await laurel.succeed("dataset", "import", manifest)
            let earn = ["revenue", "add", "--period", "2026-10", "--currency", "USD", "--source", "s", "--ref", "r"]
            #expect(try await laurel.start(earn + ["--amount", "10.00"]).end().status == 0)
            let cases: [(command: [String], status: Int32, says: String)] = [
                (["dataset", "import", "short.csv"], 2, "licence"),
                (["dataset", "import", "nowhere.csv"], 2, "nowhere.csv"),
                (["dataset", "register", manifest, "--contributor", "eve"], 2, "eve"),
                (["dataset", "show", "nothing"], 2, "nothing"),
                (["contributor", "show", "nobody"], 2, "nobody"),
                (["snapshot", "show", "none"], 2, "none"),
                (["credit", "show", "run-1999-01-1"], 2, "run-1999-01-1"),
                (["credit", "run", "--period", "2026-13", "--property", "x"], 2, "2026-13"),
                (["allocate", "--period", "2026-10", "--weights", "weights.csv"], 2, "weights.csv:2:5"),
                (earn + ["--amount", "1,000.00"], 2, "1,000.00"),
                (earn + ["--amount", "1.001"], 2, "1.001"),
                (["statement", "issue", "--period", "2026-10"], 4, "2026-10"),
                (["verify", "nowhere"], 2, "nowhere"),
                (["no-such-noun"], 2, "no-such-noun"),
                (["init", "--issuer", "Another House"], 4, "Test House"),
                (["init", "--currency", "dollars"], 2, "dollars"),
                (["contributor", "add", "zed", "--name", "Zed\nNew"], 2, "control character"),
                (["contributor", "add", "ada", "--name", "ada", "--method", "sepa"], 4, "contributor update"),
                (["contributor", "import", "people.csv"], 2, "people.csv:3:1"),
                (
                    [
                        "credit", "plan", "--period", "2026-10", "--evaluator", "x", "--property", "v",
                        "--stop-money-width", "2",
                    ], 2, "--stop-money-width"
                ),
                (["check", "--database-url", "postgresql://127.0.0.1:1/x"], 5, "127.0.0.1"),
                (["check", "--home", laurel.folder.appending(path: "empty").path], 4, "laurel init"),
            ]
            for (command, status, says) in cases {
                let run = try await laurel.start(command).end()
                #expect(run.status == status, "\(command): \(run.errors)")
                let lines = run.errors.split(separator: "\n")
                #expect(lines.count == 1 && run.errors.hasPrefix("laurel: "), "\(command): \(run.errors)")
                #expect(run.errors.contains(says), "\(command): \(run.errors)")
                #expect(run.output.isEmpty, "\(command): \(run.output)")
            }
        }
    }

    @Test func aResultThatCannotBeWrittenIsNoSuccess() async throws {
        try await LaurelProgram.withHome { laurel in
            try await laurel.succeed("dataset", "import", Gallery.hang(in: laurel.folder))
            try await laurel.succeed(
                "revenue", "add", "--period", "2026-10", "--amount", "1.00", "--currency", "USD", "--source", "s",
                "--ref",
                "r")
            for (noun, target, status) in [
                ("contributor list", ">/dev/full", 5), ("report contributors --period 2026-10", ">/dev/full", 5),
                ("contributor list", "| true", 0), ("report contributors --period 2026-10 --out /dev/stdout", "", 0),
            ] {
                let run = try await laurel.startShell("\"$LAUREL_PROGRAM\" \(noun) \(target)").end()
                #expect(run.status == Int32(status), "\(noun) \(target): \(run.errors)")
                #expect(run.errors.split(separator: "\n").count <= 1, "\(run.errors)")
            }
            #expect(!FileManager.default.fileExists(atPath: "/dev/stdout.summary.json"))
        }
    }

    @Test func listsAreJSONAloneOnStdout() async throws {
        try await LaurelProgram.withHome { laurel in
            try await laurel.succeed("dataset", "import", Gallery.hang(in: laurel.folder))
            try await laurel.succeed("snapshot", "create")
            #expect(try await laurel.start(Gallery.creditRun()).end().status == 0)
            for noun in [
                ["contributor", "list"], ["dataset", "list"], ["dataset", "duplicates"], ["snapshot", "list"],
                ["model", "list"], ["credit", "list"], ["revenue", "list"], ["period", "list"], ["ledger", "accounts"],
                ["ledger", "journals"], ["ledger", "trial-balance"], ["statement", "list"], ["keys", "list"],
                ["advance", "list"],
                ["hold", "list"], ["terms", "list"], ["terms", "show", "ada", "--on", "2026-10-31"], ["tax", "rules"],
                ["tax", "profiles"], ["tax", "owed"], ["write-off", "list"],
            ] {
                let run = try await laurel.start(noun + ["--format", "json"]).end()
                #expect(run.status == 0, "\(noun): \(run.errors)")
                #expect(try run.json() is [[String: Any]], "\(noun): \(run.output)")
            }
            let runs = try await laurel.succeed("credit", "list", "--format", "json").rows()
            #expect(runs.count == 1)
            #expect(Set(["id", "period", "state"]).isSubset(of: runs.first?.keys.map { $0 } ?? []))
            let shown = try await laurel.succeed("credit", "show", "run-2026-10-1", "--format", "json").json()
            let values = try #require((shown as? [String: Any])?["values"] as? [[String: Any]])
            for value in values {
                #expect(
                    Set(["player", "property", "value", "std_error", "low", "high"]).isSubset(of: value.keys.map { $0 })
                )
            }
        }
    }
}
