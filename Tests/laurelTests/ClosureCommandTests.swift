import Foundation
import TestSupport
import Testing

/// At the terminal: somebody is suspended and comes back, another leaves with a debt that three people give up.
@Suite struct ClosureCommandTests {
    private func month(_ laurel: LaurelProgram, _ period: String, _ amount: String) async throws {
        try await laurel.succeed(
            "revenue", "add", "--period", period, "--amount", amount, "--currency", "USD", "--source", "shop", "--ref",
            "r-\(period)")
        let weights = try laurel.file("weights.csv", "contributor,weight\nada,1\nbob,1\n")
        try await laurel.succeed("allocate", "--period", period, "--weights", weights)
        try await laurel.succeed("statement", "issue", "--period", period)
        try await laurel.succeed("period", "close", period)
        #expect(try await laurel.succeed("check", "--strict").output.isEmpty)
    }

    private func payout(_ laurel: LaurelProgram, _ id: String) async throws -> String {
        let statement = try await laurel.succeed("statement", "show", id, "--format", "json").json() as? [String: Any]
        let payout = try #require(statement?["payout"] as? [String: Any])
        return "\(payout["status"] ?? "") \(payout["amount_minor"] ?? "")"
    }

    @Test func suspendedThenClosed() async throws {
        try await LaurelProgram.withHome { laurel in
            for name in ["ada", "bob"] {
                try await laurel.succeed("contributor", "add", name, "--name", name, "--min-payout", "1000.00")
            }
            try await laurel.succeed(
                "tax", "rule", "US", "--form", "none", "--rate-ppm", "300000", "--from", "2026-01-01")
            try await laurel.succeed(
                "tax", "profile", "bob", "--country", "US", "--form", "none", "--signed-on", "2026-01-01")
            try await laurel.succeed(
                "advance", "pay", "bob", "--amount", "90.00", "--currency", "USD", "--recoup-ppm", "100000",
                "--period", "2026-09", "--ref", "A-1")
            try await laurel.succeed("contributor", "suspend", "ada", "--reason", "identity in doubt")
            for name in ["ada", "bob"] {
                try await laurel.succeed("contributor", "close", name, "--period", "2026-09", "--reason", "left")
            }
            let listed = try await laurel.succeed("contributor", "list", "--format", "json").rows()
            #expect(listed.map { $0["closed_from"] as? String } == ["2026-09", "2026-09"])
            try await month(laurel, "2026-09", "200.00")
            #expect(try await payout(laurel, "2026-09-usd-ada") == "suspended 0")
            // 100 less 10 recouped, less 30 % of that.
            #expect(try await payout(laurel, "2026-09-usd-bob") == "scheduled 6300")
            try await laurel.succeed("statement", "bundle", "--period", "2026-09", "--out", "bundles")
            let page = try String(
                contentsOf: laurel.folder.appending(path: "bundles/ada/statement.html"), encoding: .utf8)
            #expect(page.contains("Your account is suspended."))
            try await laurel.succeed("verify", "bundles/ada")

            try await laurel.succeed("contributor", "resume", "ada")
            let remit = ["tax", "remit", "US", "--currency", "USD", "--period", "2026-10", "--ref", "T-1", "--amount"]
            let tooMuch = try await laurel.start(remit + ["27.01"]).end()
            #expect(tooMuch.status == 4 && tooMuch.errors.contains("laurel tax owed"), "\(tooMuch.errors)")
            for state in ["paid", "unchanged"] {
                let paid = try await laurel.start(remit + ["27.00", "--format", "json"]).end()
                #expect(paid.output.contains(state), "\(paid)")
            }
            try await laurel.succeed(
                "write-off", "propose", "bob", "--amount", "80.00", "--currency", "USD", "--advance", "A-1", "--reason",
                "left", "--by", "grace", "--ref", "W-1")
            let alone = try await laurel.run("write-off", "approve", "W-1", "--by", "grace", "--period", "2026-10")
            #expect(alone.status == 4 && alone.errors.contains("two others"), "\(alone.errors)")
            for person in ["ada", "edith"] {
                try await laurel.succeed("write-off", "approve", "W-1", "--by", person, "--period", "2026-10")
            }
            let advances = try await laurel.succeed("advance", "list", "--format", "json").rows()
            #expect(advances.map { "\($0["outstanding"] ?? "") \($0["state"] ?? "")" } == ["0.000000 done"])
            try await month(laurel, "2026-10", "20.00")
            #expect(try await payout(laurel, "2026-10-usd-ada") == "scheduled 11000")
            #expect(try await payout(laurel, "2026-10-usd-bob") == "scheduled 700")
            let balances = try await laurel.balances()
            #expect(balances.ours == balances.theirs && balances.ours["adjust:writeoff USD"] == "80.000000")
        }
    }
}
