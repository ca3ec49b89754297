import Foundation
import TestSupport
import Testing

/// Revenue that comes after its month, from the receipt to the statements.
@Suite struct LateRevenueCommandTests {
    private func month(_ laurel: LaurelProgram, _ period: String, _ weights: String) async throws {
        try await laurel.succeed(
            "revenue", "add", "--period", period, "--amount", "100.00", "--currency", "USD", "--source", "shop",
            "--ref", "r-\(period)")
        try await laurel.succeed("allocate", "--period", period, "--weights", weights)
    }

    private func balance(_ laurel: LaurelProgram, _ id: String) async throws -> [String: String] {
        let statement = try await laurel.succeed("statement", "show", id, "--format", "json").json()
        return try #require((statement as? [String: Any])?["balance"] as? [String: String])
    }

    @Test func statementsSayWhatTheirMonthKnewAndTheNextOneTheRest() async throws {
        try await LaurelProgram.withHome { laurel in
            for name in ["ada", "bob"] { try await laurel.succeed("contributor", "add", name, "--name", name) }
            let weights = try laurel.file("weights.csv", "contributor,weight\nada,1\nbob,3\n")
            try await month(laurel, "2026-09", weights)
            try await laurel.succeed("period", "settle", "2026-09")
            // September is settled, its statements are not issued yet, and something comes late.
            let file = try laurel.file(
                "late.csv",
                "period,amount,currency,source,ref,into\n2026-09,40.00,USD,shop,late-1,2026-10\n2026-09,4.00,USD,shop,late-2,\n"
            )
            let refused = try await laurel.run("revenue", "import", file)
            #expect(refused.status == 4 && refused.errors.contains("late.csv:3:1"), "\(refused.errors)")
            try await laurel.succeed("revenue", "import", file, "--into", "2026-10")
            let list = try await laurel.succeed("revenue", "list", "--period", "2026-09", "--format", "json").rows()
            #expect(
                list.map { "\($0["ref"] ?? "") \($0["period"] ?? "") \($0["posted_period"] ?? "")" } == [
                    "r-2026-09 2026-09 2026-09", "late-1 2026-09 2026-10", "late-2 2026-09 2026-10",
                ])
            try await laurel.succeed("allocate", "--period", "2026-09", "--weights", weights, "--into", "2026-10")
            try await laurel.succeed("statement", "issue", "--period", "2026-09")
            #expect(try await balance(laurel, "2026-09-usd-bob")["earned"] == "75.000000")
            try await laurel.succeed("period", "close", "2026-09")
            try await month(laurel, "2026-10", weights)
            try await laurel.succeed("statement", "issue", "--period", "2026-10")
            let bob = try await balance(laurel, "2026-10-usd-bob")
            #expect(bob["earned"] == "75.000000" && bob["adjusted"] == "33.000000" && bob["paid"] == "108.000000")
            try await laurel.succeed("statement", "bundle", "--period", "2026-10", "--out", "bundles")
            try await laurel.succeed("verify", "bundles/bob")
            try await laurel.succeed("period", "close", "2026-10")
            #expect(try await laurel.succeed("check", "--strict").output.isEmpty)
        }
    }
}
