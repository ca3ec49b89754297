import Documents
import Foundation
import Postgres
import TestSupport
import Testing

/// What was agreed is what is done: rules of plans, terms of payees, names of snapshots.
@Suite struct AgreementTests {
    @Test(arguments: ["clip", "significant", "lower-bound"])
    func moneyFollowsThePlansRuleForNegatives(rule: String) async throws {
        try await LaurelProgram.withHome { laurel in
            try await laurel.succeed("dataset", "import", Gallery.hang(in: laurel.folder))
            // Noise of two units on a gift of 1, 2, 3, 4: the rules differ.
            let run = try await laurel.start(
                Gallery.creditRun(noise: 2, estimator: "gp") + ["--negative-rule", rule]
            ).end()
            #expect(run.status == 0, "\(run.errors)")
            try await laurel.succeed(
                "revenue", "add", "--period", "2026-10", "--amount", "1000.00", "--currency", "USD", "--source", "s",
                "--ref", "r")
            try await laurel.succeed("allocate", "--period", "2026-10")
            try await laurel.succeed("report", "allocation", "--period", "2026-10", "--out", "allocation.csv")
            let rows = try CSVTable(reading: laurel.folder.appending(path: "allocation.csv"))
            let shown = try await laurel.succeed("credit", "show", "run-2026-10-1", "--format", "json").json()
            let values = try #require((shown as? [String: Any])?["values"] as? [[String: Any]])
            var payable: [String: Double] = [:]
            for value in values {
                let player = try #require(value["player"] as? String)
                let (credit, low) = (try number(value, "value"), try number(value, "low"))
                payable[player] =
                    switch rule {
                    case "clip": max(credit, 0)
                    case "significant": low > 0 ? credit : 0
                    default: max(low, 0)
                    }
            }
            let total = payable.values.reduce(0, +)
            #expect(payable.count == 4 && total > 0)
            for row in rows.rows {
                let expected = 1000 * payable[row["contributor"] ?? "", default: 0] / total
                let amount = try #require(Double(row["amount"] ?? ""))
                #expect(abs(amount - expected) < 0.01, "\(rule): \(row)")
            }
        }
    }

    /// A number that the contract writes as text.
    private func number(_ value: [String: Any], _ key: String) throws -> Double {
        let text = try #require(value[key] as? String)
        return try #require(Double(text))
    }

    @Test func anotherMinimumKeepsTheReserve() async throws {
        try await LaurelProgram.withHome { laurel in
            try await laurel.succeed("contributor", "add", "bob", "--name", "Bob")
            try await laurel.succeed(
                "terms", "set", "bob", "--currency", "USD", "--from", "2026-01-01", "--reserve-ppm", "200000",
                "--reserve-months", "6", "--allow-negative-carry")
            try await laurel.succeed("contributor", "update", "bob", "--min-payout", "30.00")
            try await laurel.succeed("contributor", "update", "bob", "--min-payout", "30.00")
            let rows = try await laurel.database.query(
                """
                SELECT array_agg(min_payout_micros || ' ' || reserve_ppm || ' ' || reserve_release_months || ' '
                       || allow_negative_carry ORDER BY id) AS terms FROM ledger.payee_term WHERE party_id = 'bob'
                """)
            #expect(try rows[0].get("terms", as: [String].self) == ["0 200000 6 true", "30000000 200000 6 true"])
        }
    }

    @Test func aMonthWithoutNewDataHasASnapshotOfItsOwn() async throws {
        try await LaurelProgram.withHome { laurel in
            try await laurel.succeed("dataset", "import", Gallery.hang(in: laurel.folder))
            for id in ["october", "november", "november"] {
                try await laurel.succeed("snapshot", "create", "--id", id)
                try await laurel.succeed("snapshot", "show", id)
            }
            let snapshots = try await laurel.succeed("snapshot", "list", "--format", "json").rows()
            #expect(Set(snapshots.compactMap { $0["digest"] as? String }).count == 1)
            #expect(snapshots.count == 2)
        }
    }

    @Test func datasetsCanPlayForAnOutsideEvaluator() async throws {
        try await LaurelProgram.withHome { laurel in
            try await laurel.succeed("dataset", "import", Gallery.hang(in: laurel.folder))
            let run = try await laurel.start(Gallery.creditRun() + ["--players", "dataset"]).end()
            #expect(run.status == 0, "\(run.errors)")
            try await laurel.succeed(
                "revenue", "add", "--period", "2026-10", "--amount", "1000.00", "--currency", "USD", "--source", "s",
                "--ref", "r")
            try await laurel.succeed("allocate", "--period", "2026-10")
            try await laurel.succeed("report", "allocation", "--period", "2026-10", "--out", "allocation.csv")
            let rows = try CSVTable(reading: laurel.folder.appending(path: "allocation.csv")).rows
            #expect(
                rows.map { "\($0["contributor"] ?? "") \($0["dataset"] ?? "") \($0["amount"] ?? "")" } == [
                    "ada ada-gallery 100.000000", "bob bob-gallery 200.000000", "cyd cyd-gallery 300.000000",
                    "dot dot-gallery 400.000000",
                ])
        }
    }

    @Test func theSameCommandsAtTheSameTimeAreOne() async throws {
        try await LaurelProgram.withHome { laurel in
            let manifest = try Gallery.hang(in: laurel.folder)
            for command in [
                ["dataset", "import", manifest], ["snapshot", "create", "--id", "s"],
                ["contributor", "add", "eve", "--name", "Eve"],
            ] {
                let running = try (0..<4).map { _ in try laurel.start(command) }
                for program in running {
                    let run = try await program.end()
                    #expect(run.status == 0, "\(command): \(run.errors)")
                }
            }
        }
    }
}
