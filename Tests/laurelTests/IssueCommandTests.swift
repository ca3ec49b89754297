import Foundation
import TestSupport
import Testing

/// `laurel statement issue` and `period settle`: rehearsals, keys, and months that only move what is there.
@Suite struct IssueCommandTests {
    /// September is shared 1 to 3 between ada and bob, settled and stated.
    private func withSeptember(_ body: (LaurelProgram) async throws -> Void) async throws {
        try await LaurelProgram.withHome { laurel in
            for name in ["ada", "bob"] { try await laurel.succeed("contributor", "add", name, "--name", name) }
            let weights = try laurel.file("weights.csv", "contributor,weight\nada,1\nbob,3\n")
            try await laurel.succeed(
                "revenue", "add", "--period", "2026-09", "--amount", "100.00", "--currency", "USD", "--source", "shop",
                "--ref", "r-1")
            try await laurel.succeed("allocate", "--period", "2026-09", "--weights", weights)
            try await body(laurel)
        }
    }

    @Test("A payment that comes back in a month without revenue is stated, and the statement verifies")
    func returnedAlone() async throws {
        try await withSeptember { laurel in
            try await laurel.succeed("statement", "issue", "--period", "2026-09")
            try await laurel.succeed("period", "close", "2026-09")
            #expect(try await laurel.run("statement", "issue", "--period", "2026-10").status == 4)
            try await laurel.succeed(
                "payment", "return", "bob", "--period", "2026-09", "--into", "2026-10", "--reason", "account closed")
            let issued = try await laurel.succeed("statement", "issue", "--period", "2026-10", "--format", "json")
                .rows()
            #expect(issued.map { $0["id"] as? String } == ["2026-10-usd-bob"])
            let shown = try await laurel.succeed("statement", "show", "2026-10-usd-bob").json() as? [String: Any]
            let balance = try #require(shown?["balance"] as? [String: String])
            #expect(balance["released"] == "75.000000" && balance["earned"] == "0.000000", "\(balance)")
            let run = try #require(shown?["run"] as? [String: Any])
            #expect(run["allocation_id"] == nil)
            try await laurel.succeed("statement", "bundle", "--period", "2026-10", "--out", "bundles")
            try await laurel.succeed("verify", "bundles/bob")
            try await laurel.succeed("period", "close", "2026-10")
            #expect(try await laurel.succeed("check", "--strict").output.isEmpty)
        }
    }

    @Test("A rehearsal lists every payee's balance as the real run then makes it, and keeps nothing")
    func rehearsal() async throws {
        try await withSeptember { laurel in
            let planned = try await laurel.succeed("period", "settle", "2026-09", "--dry-run", "--format", "json")
                .rows()
            let foreseen = try await laurel.succeed(
                "statement", "issue", "--period", "2026-09", "--dry-run", "--format", "json"
            ).rows()
            for rows in [planned, foreseen] {
                #expect(rows.map { $0["contributor"] as? String } == ["ada", "bob"])
                #expect(rows.map { $0["paid"] as? String } == ["25.000000", "75.000000"])
                #expect(rows.map { $0["status"] as? String } == ["scheduled", "scheduled"])
            }
            #expect(try await laurel.succeed("statement", "list", "--format", "json").rows().isEmpty)
            let state = try await laurel.succeed("period", "list", "--format", "json").rows()
            #expect(state.first?["settled"] as? Bool == false)
            try await laurel.succeed("statement", "issue", "--period", "2026-09")
            let shown = try await laurel.succeed("statement", "show", "2026-09-usd-bob").json() as? [String: Any]
            #expect((shown?["balance"] as? [String: String])?["paid"] == "75.000000")
        }
    }

    @Test("A key stands for one month's statements and no other's")
    func key() async throws {
        try await withSeptember { laurel in
            func issue(_ period: String) async throws -> LaurelProgram.Run {
                try await laurel.run("statement", "issue", "--idempotency-key", "k-1", "--period", period)
            }
            for _ in 1...2 { #expect(try await issue("2026-09").status == 0) }
            try await laurel.succeed("period", "close", "2026-09")
            try await laurel.succeed(
                "payment", "return", "bob", "--period", "2026-09", "--into", "2026-10", "--reason", "account closed")
            let other = try await issue("2026-10")
            #expect(other.status == 4 && other.errors.contains("k-1"), "\(other.errors)")
        }
    }

    @Test("Every row of the allocation report can be redone by hand")
    func report() async throws {
        try await withSeptember { laurel in
            let report = try await laurel.succeed("report", "allocation", "--period", "2026-09").output
            let lines = report.split(separator: "\r\n")
            #expect(lines.first?.hasSuffix(",role,dataset_amount,pool,weight_total") == true)
            #expect(lines.last?.hasSuffix(",contributor,75.000000,100.000000,4") == true)
        }
    }
}
