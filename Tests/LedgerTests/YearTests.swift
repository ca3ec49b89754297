import Documents
import Foundation
import TestSupport
import Testing

/// A year of a thousand contributors in three currencies, played through the command line.
///
/// It has an advance that is recouped, a reserve that is released, a disputed dataset, a payee below the minimum, a
/// returned payment, tax, a conversion, a voided receipt and a month that is restated after it was closed.
@Suite struct YearTests {
    private func weights(_ month: Int, shifted: Bool = false) -> String {
        var text = "contributor,dataset,weight\n"
        for number in 1...1000 {
            let id = "c\(String(10_000 + number).dropFirst())"
            var weight = 100 + (number * 7919 + month * 104_729) % 900
            if shifted, number % 10 == 4 { weight += 37 }
            if number == 7 {
                text += "\(id),\(id)-sketches,\(weight)\n\(id),\(id)-photos,\(weight / 2)\n"
            } else {
                text += "\(id),,\(weight)\n"
            }
        }
        return text
    }

    private func revenue(_ month: Int) -> String {
        let period = "2026-\(String(100 + month).dropFirst())"
        return """
            period,amount,currency,source,ref,fee,tax,received_on
            \(period),\(120_000 + month * 977).50,USD,shop,U-\(month),1234.56,0.01,\(period)-15
            \(period),\(9_000_000 + month * 123_457),JPY,app,J-\(month),,,
            \(period),\(45_678 + month).\(100 + month),KWD,shop,K-\(month),0.999,,\(period)-28

            """
    }

    private func table(_ csv: String) throws -> [[String: String]] {
        var reader = csv.split(separator: "\r\n", omittingEmptySubsequences: true).map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        let header = reader.removeFirst()
        return reader.map { Dictionary(uniqueKeysWithValues: zip(header, $0)) }
    }

    @Test func twelveMonths() async throws {
        try await LaurelProgram.withHome { program in
            var people = "id,name\n"
            for number in 1...1000 { people += "c\(String(10_000 + number).dropFirst()),Contributor \(number)\n" }
            try await program.succeed("contributor", "import", program.file("people.csv", people))
            try await program.succeed(
                "terms", "set", "c0002", "--currency", "USD", "--from", "2026-01-01", "--min-payout", "500.00")
            try await program.succeed(
                "terms", "set", "c0003", "--currency", "KWD", "--from", "2026-01-01", "--reserve-ppm", "100000",
                "--reserve-months", "3")
            try await program.succeed(
                "tax", "rule", "US", "--form", "W-8BEN", "--rate-ppm", "150000", "--from", "2026-01-01")
            try await program.succeed(
                "tax", "profile", "c0006", "--country", "US", "--form", "W-8BEN", "--signed-on", "2026-01-01")
            for month in 1...12 {
                let period = "2026-\(String(100 + month).dropFirst())"
                let last = "2026-\(String(99 + month).dropFirst())"
                try await program.succeed("revenue", "import", program.file("revenue-\(month).csv", revenue(month)))
                switch month {
                case 1:
                    try await program.succeed(
                        "advance", "pay", "c0001", "--amount", "300.00", "--currency", "USD", "--recoup-ppm", "500000",
                        "--period", period, "--ref", "A-1")
                case 2:
                    try await program.succeed("hold", "place", "--dataset", "c0007-sketches", "--reason", "disputed")
                case 5: try await program.succeed("hold", "release", "1", "--period", period)
                case 9:
                    try await program.succeed(
                        "revenue", "add", "--period", period, "--amount", "77.00", "--currency", "USD", "--source",
                        "shop", "--ref", "U-void")
                    try await program.succeed("revenue", "void", "U-void")
                default: break
                }
                try await program.succeed("revenue", "collect", "K-\(month)")
                let file = try program.file("weights-\(month).csv", weights(month))
                try await program.succeed("allocate", "--period", period, "--weights", file)
                if month == 4 {
                    try await program.succeed(
                        "payment", "return", "c0010", "--period", last, "--reason", "account closed", "--into", period,
                        "--currency", "USD")
                }
                if month == 7 {
                    let other = try program.file("restated.csv", weights(6, shifted: true))
                    let refused = try await program.run("allocate", "--period", "2026-06", "--weights", other)
                    #expect(refused.status == 4)
                    try await program.succeed("allocate", "--period", "2026-06", "--weights", other, "--into", period)
                }
                if month == 8 {
                    try await program.succeed(
                        "ledger", "convert", "c0008", "--amount", "10.00", "--from", "USD", "--to", "JPY", "--rate",
                        "151.237", "--rate-source", "ECB", "--rate-on", "2026-08-20", "--period", period, "--ref", "X-1"
                    )
                }
                try await program.succeed("period", "settle", period)
                try await program.succeed("payment", "settle", "--period", period)
                try await program.succeed("period", "close", period)
                let check = try await program.run("check", "--strict")
                #expect(check.status == 0 && check.output.isEmpty && check.errors.isEmpty, "\(period) \(check)")
            }
            try await compareWithHledger(program)
            try await readReports(program)
        }
    }

    /// Another program adds the books up to the same balances, to the last micro.
    private func compareWithHledger(_ program: LaurelProgram) async throws {
        let balances = try await program.balances()
        #expect(Set(balances.ours.keys.map { $0.suffix(3) }) == ["USD", "JPY", "KWD"])
        #expect(balances.ours["receivable:shop KWD"] == nil && balances.ours["receivable:shop USD"] != nil)
        #expect(balances.ours.count > 1000)
        #expect(balances.ours == balances.theirs)
    }

    /// Each event shows in the payouts of its month.
    private func readReports(_ program: LaurelProgram) async throws {
        func payout(_ month: String, _ payee: String, _ currency: String) async throws -> [String: String] {
            let rows = try await table(program.succeed("report", "payouts", "--period", month, "--raw").output)
            return try #require(rows.first { $0["contributor"] == payee && $0["currency"] == currency })
        }
        let below = try await payout("2026-01", "c0002", "USD")
        #expect(below["status"] == "below_minimum" && below["paid"] == "0.000000")
        #expect(below["carried"] == below["earned"])
        #expect(try await payout("2026-02", "c0002", "USD")["opening"] == below["carried"])
        let recouped = try await payout("2026-01", "c0001", "USD")
        #expect(recouped["deducted"] != "0.000000")
        #expect(try await payout("2026-12", "c0001", "USD")["deducted"] == "0.000000")
        #expect(try await payout("2026-01", "c0003", "KWD")["released"] == "0.000000")
        let reserve = try await payout("2026-01", "c0003", "KWD")
        #expect(try await payout("2026-04", "c0003", "KWD")["released"] == reserve["deducted"])
        #expect(try await payout("2026-02", "c0007", "USD")["deducted"] != "0.000000")
        #expect(try await payout("2026-05", "c0007", "USD")["released"] != "0.000000")
        #expect(try await payout("2026-03", "c0010", "USD")["status"] == "returned")
        #expect(try await payout("2026-04", "c0010", "USD")["returned"] == payout("2026-03", "c0010", "USD")["paid"])
        #expect(try await payout("2026-07", "c0004", "USD")["adjusted"] != "0.000000")
        #expect(try await payout("2026-08", "c0008", "JPY")["converted"] == "1512.370000")
        #expect(try await payout("2026-01", "c0006", "USD")["deducted"] != "0.000000")
        let samples = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Reports/samples")
        for name in ["payouts", "allocation", "ledger", "trial-balance", "contributors", "credits"] {
            let file = program.folder.appending(path: "\(name).csv")
            try await program.succeed("report", name, "--period", "2026-07", "--out", file.path)
            let sample = try String(contentsOf: samples.appending(path: "\(name).csv"), encoding: .utf8)
            let report = try String(contentsOf: file, encoding: .utf8)
            #expect(report.prefix { $0 != "\r\n" } == sample.prefix { $0 != "\r\n" }, "the columns of \(name)")
            let summary = try String(
                contentsOf: program.folder.appending(path: "\(name).summary.json"), encoding: .utf8)
            #expect(summary.contains(Digest.sha256([UInt8](report.utf8)).hex))
            #expect(summary.contains("\"row_count\":\(report.split(separator: "\r\n").count - 1)"))
        }
        let allocation = try await table(program.succeed("report", "allocation", "--period", "2026-06", "--raw").output)
        #expect(allocation.count == 3 * 1001)
        let restated = try await table(program.succeed("report", "ledger", "--period", "2026-07", "--raw").output)
        #expect(restated.contains { $0["relates_to_period"] == "2026-06" && $0["kind"] == "prior_period_adjusted" })
    }
}
