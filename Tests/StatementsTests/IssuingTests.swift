import Documents
import Errors
import Foundation
import Postgres
import Statements
import TestSupport
import Testing

@Suite("Issuing, from the command line")
struct IssuingTests {
    @Test("Issued by three at once and once more, a month has one statement a payee and a log without a gap")
    func concurrency() async throws {
        try await withMonths(["2026-09"]) { laurel in
            let command = ["statement", "issue", "--period", "2026-09", "--format", "json"]
            let running = try (0..<3).map { _ in try laurel.start(command) }
            var answers: [LaurelProgram.Run] = []
            for program in running { answers.append(try await program.end()) }
            for answer in answers {
                #expect(answer.status == 0, "\(answer.errors)")
                #expect(answer.output == answers[0].output)
            }
            #expect(answers.count { $0.errors.contains("2 statements issued") } == 1)
            let again = try await laurel.run("statement", "issue", "--period", "2026-09", "--format", "json")
            #expect(again.output == answers[0].output)
            #expect(again.errors.contains("nothing changed"))
            let log = try await laurel.database.query(
                "SELECT count(*) AS size, max(index) + 1 AS next FROM statements.log_entry")[0]
            // One keyring, two statements, one manifest.
            #expect(try log.get("size", as: Int64.self) == 4)
            #expect(try log.get("next", as: Int64.self) == 4)
        }
    }

    @Test("Text that no statement can say is refused before the settlement is posted")
    func badText() async throws {
        try await withMonths(["2026-09"]) { laurel in
            try await laurel.database.execute("UPDATE pii.party_detail SET name = E'bell\\x07' WHERE party_id = 'ben'")
            let refused = try await laurel.run("statement", "issue", "--period", "2026-09")
            #expect(refused.status == 2)
            #expect(refused.errors.contains("control character U+0007: 2026-09-usd-ben: "), "\(refused.errors)")
            #expect(refused.errors.split(separator: "\n").count == 1)
            let settled = try await laurel.database.query("SELECT 1 AS one FROM ledger.settlement")
            #expect(settled.isEmpty)
            try await laurel.database.execute("UPDATE pii.party_detail SET name = 'Ben' WHERE party_id = 'ben'")
            try await laurel.succeed("statement", "issue", "--period", "2026-09")
        }
    }

    @Test("Statements are listed, shown and bundled by id and by month, and every bundle verifies")
    func bundles() async throws {
        try await withMonths(["2026-09", "2026-10"]) { laurel in
            let early = try await laurel.run(
                "statement", "bundle", "--period", "2026-09", "--out", laurel.path("early"))
            #expect(early.status == 4)
            for month in ["2026-09", "2026-10"] { try await laurel.succeed("statement", "issue", "--period", month) }
            func ids(_ arguments: String...) async throws -> [String?] {
                try await laurel.start(["statement", "list", "--format", "json"] + arguments).end().rows().map {
                    $0["id"] as? String
                }
            }
            #expect(try await ids().count == 4)
            #expect(try await ids("--period", "2026-09") == ["2026-09-usd-ada", "2026-09-usd-ben"])
            #expect(try await ids("--contributor", "ben") == ["2026-10-usd-ben", "2026-09-usd-ben"])

            try await laurel.succeed("statement", "bundle", "--period", "2026-10", "--out", laurel.path("october"))
            try await laurel.succeed("statement", "bundle", "2026-09-usd-ada", "--out", laurel.path("september"))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: laurel.path("october")).sorted() == ["ada", "ben"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: laurel.path("september")) == ["ada"])
            let shown = try await laurel.succeed("statement", "show", "2026-10-usd-ada")
            let written = try Data(contentsOf: URL(filePath: laurel.path("october/ada/statement.json")))
            #expect(Data(shown.output.utf8) == written + [UInt8(ascii: "\n")])

            let verified = try await laurel.succeed(
                "verify", laurel.path("october/ada"), "--previous", laurel.path("september/ada"))
            #expect(!verified.output.contains("FAIL"))
            #expect(verified.output.contains("PASS the opening balance is the previous closing balance"))
            let second = try await laurel.succeed("verify", laurel.path("september/ada"))
            #expect(second.output.contains("PASS the log continues the one seen before"))
            let other = String(repeating: "0", count: 64)
            #expect(try await laurel.run("verify", laurel.path("october/ben"), "--root", other).status == 3)
            #expect(try await laurel.run("verify", laurel.path("none")).status == 2)
            #expect(try await laurel.run("statement", "show", "none").status == 2)
            #expect(try await laurel.run("statement", "bundle", "none", "--out", laurel.path("x")).status == 2)
        }
    }

    @Test("Log proofs and consistency proofs from the command line verify")
    func log() async throws {
        try await withMonths(["2026-09", "2026-10"]) { laurel in
            try await laurel.succeed("statement", "issue", "--period", "2026-09")
            let old = try Checkpoint(parsing: try await laurel.succeed("log", "checkpoint").output)
            try await laurel.succeed("statement", "issue", "--period", "2026-10")
            let new = try Checkpoint(parsing: try await laurel.succeed("log", "checkpoint").output)
            #expect(old.size == 4 && new.size == 7)
            let proof = try LogProof(
                parsing: Array(try await laurel.succeed("log", "prove", "2026-09-usd-ada").output.utf8))
            let statement = try await laurel.succeed("statement", "show", "2026-09-usd-ada").output.utf8.dropLast()
            #expect(proof.covers(LogProof.entry(ofStatement: .sha256(Array(statement)))))
            #expect(proof.checkpoint == new)
            let text = try await laurel.succeed("log", "consistency", "4", "7", "--format", "json").output
            let record = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            let hashes = try #require(record["proof"] as? [String]).compactMap { Digest(hex: $0) }
            #expect(record["old_root"] as? String == old.root.hex && record["new_root"] as? String == new.root.hex)
            #expect(
                LogTree.verifiesConsistency(
                    oldSize: 4, oldRoot: old.root, newSize: 7, newRoot: new.root, proof: hashes))
            #expect(try await laurel.run("log", "consistency", "7", "8").status == 2)
            #expect(try await laurel.run("log", "prove", "none").status == 2)
            #expect(try await laurel.run("log", "prove", String(repeating: "0", count: 64)).status == 2)
        }
    }

    @Test("What was signed stays: the database refuses to change it, as a refusal by state")
    func appendOnly() async throws {
        try await withMonths(["2026-09"]) { laurel in
            try await laurel.succeed("statement", "issue", "--period", "2026-09")
            for change in ["UPDATE statements.statement SET version = 2", "DELETE FROM statements.log_entry"] as [SQL] {
                let error = try await #require(throws: PostgresError.self) {
                    try await laurel.database.execute(change)
                }
                #expect(error.asLaurelError().kind == .refused, "\(error)")
            }
        }
    }

    @Test("A statement says of each property which way is better, as the credit run's plan does")
    func directions() async throws {
        try await withMonths([]) { laurel in
            let script = """
                #!/bin/sh
                read -r hello
                echo '{"type":"ready"}'
                while read -r line; do
                    id=${line#*\\"id\\":} id=${id%%,*}
                    worth=1
                    case $line in *\\[*\\"ada\\"*\\]*) worth=$((worth + 4)) ;; esac
                    case $line in *\\[*\\"ben\\"*\\]*) worth=$((worth + 2)) ;; esac
                    echo "{\\"type\\":\\"value\\",\\"id\\":$id,\\"values\\":{\\"vendi_score\\":$worth,\\"frechet_distance\\":$((9 - worth))}}"
                done
                """
            try Data(script.utf8).write(to: URL(filePath: laurel.path("evaluator.sh")))
            try await laurel.succeed(
                "credit", "run", "--period", "2026-09", "--evaluator", "sh \(laurel.path("evaluator.sh"))",
                "--property",
                "vendi_score", "--property", "frechet_distance", "--player", "ada", "--player", "ben")
            try await laurel.succeed(
                "revenue", "add", "--period", "2026-09", "--amount", "10.00", "--currency", "USD", "--source", "shop",
                "--ref", "r")
            try await laurel.succeed("allocate", "--period", "2026-09")
            try await laurel.succeed("statement", "issue", "--period", "2026-09")
            let shown = try await laurel.succeed("statement", "show", "2026-09-usd-ada").output.utf8.dropLast()
            let credits = try StatementDocument(try CanonicalValue.parse(Array(shown))).input.credits
            #expect(credits.map(\.property) == ["frechet_distance", "vendi_score"])
            #expect(credits.map(\.lowerIsBetter) == [true, false])
            #expect(credits.allSatisfy { $0.value.hasPrefix("3.9") || $0.value.hasPrefix("4") }, "\(credits)")
        }
    }
}
