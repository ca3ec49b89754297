import TestSupport
import Testing

/// What people get wrong, through the command line: refused with the place, and nothing is changed.
@Suite struct BadInputTests {
    private static let amounts = [
        "1e5", "+1", "\"1,000.00\"", "٣", "-0", "NaN", String(repeating: "9", count: 40), "10.001", "01", "1.", ".5",
        " 1",
        "0x10", "Infinity", "１", "1_000",
    ]

    @Test func filesAreRefusedWithLineAndColumn() async throws {
        try await LaurelProgram.withHome { program in
            try await program.succeed(
                "revenue", "add", "--period", "2026-01", "--amount", "5.00", "--currency", "USD", "--source", "shop",
                "--ref", "first")
            try await program.succeed("contributor", "add", "ada", "--name", "Ada")
            let weights = try program.file("weights.csv", "contributor,weight\nada,1\n")
            try await program.succeed("allocate", "--period", "2026-01", "--weights", weights)
            try await program.succeed("period", "settle", "2026-01")
            try await program.succeed("period", "close", "2026-01")
            let good = "2026-02,1.00,USD,shop,good\n"
            var cases = Self.amounts.map { ("2026-02,\($0),USD,shop,bad", ":3:9:") }
            cases += [
                ("2026-02,1.5,JPY,shop,bad", ":3:9:"), ("2026-02,1.0001,KWD,shop,bad", ":3:9:"),
                ("2026-02,1.00,XXX,shop,bad", ":3:14:"), ("2026-02,1.00,usd,shop,bad", ":3:14:"),
                ("2026-13,1.00,USD,shop,bad", ":3:1:"), ("2026-02,,USD,shop,bad", ":3:9:"),
                ("2026-02,1.00,USD,sh op,bad", ":3:18:"), ("2026-02,1.00,USD,shop", ":3:"),
                ("2026-02,1.00,USD,shop,bad,extra", ":3:"), ("2026-02,0.00,USD,shop,bad", ":3:9:"),
                ("2026-02,-5.00,USD,shop,bad", ":3:9:"),
            ]
            for (row, place) in cases {
                let file = try program.file("bad.csv", "period,amount,currency,source,ref\n\(good)\(row)\n")
                let answer = try await program.run("revenue", "import", file)
                #expect(answer.status == 2, "\(row): \(answer)")
                #expect(answer.errors.contains("bad.csv\(place)"), "\(row): \(answer.errors)")
                #expect(answer.errors.split(separator: "\n").count == 1, "\(row): \(answer.errors)")
            }
            let closed = try program.file(
                "bad.csv", "period,amount,currency,source,ref\n\(good)2026-01,1.00,USD,shop,bad\n")
            let late = try await program.run("revenue", "import", closed)
            #expect(late.status == 4 && late.errors.contains("bad.csv:3:1"), "\(late)")
            let half = "4000000000000.00"
            let sums = try program.file(
                "bad.csv",
                "period,amount,currency,source,ref\n2026-02,\(half),USD,shop,good\n2026-02,\(half),USD,shop,bad\n")
            let overflow = try await program.run("revenue", "import", sums)
            #expect(overflow.status == 2 && overflow.errors.contains("bad.csv:3:1"), "\(overflow)")
            // Nothing of the refused files was kept.
            let receipts = try await program.succeed("revenue", "list", "--format", "csv").output
            #expect(!receipts.contains("good") && !receipts.contains("bad"))
            #expect(try await program.run("check", "--strict").status == 0)
        }
    }

    @Test(arguments: [
        (["--amount", "1e5"], "--amount"), (["--amount", "1,000.00"], "--amount"), (["--amount", "1.001"], "--amount"),
        (["--fee", "-1"], "--fee"), (["--currency", "ABC"], "--currency"), (["--period", "2026-1"], "--period"),
        (["--received-on", "2026-02-30"], "--received-on"), (["--received-on", "2026-11-01"], "--received-on"),
        (["--fee", "10.00"], "fee"),
    ])
    func optionsAreRefusedByName(changed: [String], named: String) async throws {
        try await LaurelProgram.withHome { program in
            var options = [
                "--period": "2026-10", "--amount": "10.00", "--currency": "USD", "--source": "shop", "--ref": "r",
            ]
            options[changed[0]] = changed[1]
            let run = try await program.start(
                ["revenue", "add"] + options.sorted { $0.key < $1.key }.flatMap { ["\($0.key)=\($0.value)"] }
            ).end()
            #expect(run.status == 2 && run.errors.contains(named), "\(run.errors)")
            #expect(
                try await program.succeed("revenue", "list", "--format", "csv").output.split(separator: "\r\n").count
                    == 1)
        }
    }
}
