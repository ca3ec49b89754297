import Documents
import Errors
import Ledger
import Money
import Postgres
import TestSupport
import Testing

/// What people type into the books is one visible line in one spelling: no text passes for another, none forges an entry.
@Suite struct EnteredTextTests {
    private static let unusable = [
        "INV\n7", "INV\r7", "INV\t7", "INV\u{1B}[31m7", "INV\u{202E}7", "INV\u{2066}7", "INV\u{200B}7", "INV\u{FEFF}7",
        "INV\u{2028}7", "INV\u{A0}7", "INV\u{AD}7", "INV\u{FE0F}7", "INV\u{0085}7", " INV7", "INV7 ", "Cafe\u{301}", "",
        String(repeating: "7", count: 201),
    ]

    @Test(arguments: unusable)
    func noTextOfTheBooksTakesIt(_ text: String) async throws {
        try await withBooks { ledger, _ in
            let day = october.lastDay
            let entries: [(String, () async throws -> Void)] = [
                ("receipt", { try await ledger.earn(text, 100) }),
                (
                    "advance",
                    {
                        _ = try await ledger.payAdvance(
                            party: "p1", amount: usd(1_000_000), currency: .named("USD"), recoupPPM: 1, dataset: nil,
                            crossGroup: false, reference: text, period: october)
                    }
                ),
                (
                    "conversion",
                    {
                        _ = try await ledger.convert(
                            party: "p1", amount: usd(1), from: .named("USD"), to: .named("EUR"), rate: "1.1",
                            source: "ECB", rateOn: day, key: text, period: october)
                    }
                ),
                (
                    "rate source",
                    {
                        _ = try await ledger.convert(
                            party: "p1", amount: usd(1), from: .named("USD"), to: .named("EUR"), rate: "1.1",
                            source: text, rateOn: day, key: "x", period: october)
                    }
                ),
                (
                    "form",
                    {
                        _ = try await ledger.addWithholdingRule(
                            jurisdiction: "US", form: text, ratePPM: 1, treaty: "", from: day, until: nil)
                    }
                ),
                (
                    "key",
                    {
                        _ = try await ledger.closePeriod(october, posting: Posting(idempotencyKey: text))
                    }
                ),
            ]
            for (name, enter) in entries {
                let error = await #expect(throws: LaurelError.self, "\(name)") { try await enter() }
                #expect(error?.kind == .input, "\(name): \(String(describing: error))")
            }
            // A reason may be long.
            if text.count < 201 {
                let error = await #expect(throws: LaurelError.self) {
                    try await ledger.placeHold(party: "p1", dataset: nil, reason: text)
                }
                #expect(error?.kind == .input && error?.place == "--reason")
            }
            let (accounts, receipts) = (try await ledger.trialBalance(), try await ledger.receipts())
            #expect(accounts.isEmpty && receipts.isEmpty)
        }
    }

    @Test func aFileIsRefusedAtTheCellAndAccentsAreWelcome() async throws {
        try await withBooks { ledger, _ in
            try await ledger.earn("Café 7 — Nº 12/2026 (東京)", 100)
            #expect(try await ledger.receipts().count == 1)
        }
        try await LaurelProgram.withHome { program in
            let header = "period,amount,currency,source,ref\n2026-10,1.00,USD,shop,good\n"
            for reference in ["Cafe\u{301}", "\"a\nb\"", "x ", "x\u{200B}"] {
                let file = try program.file("bad.csv", header + "2026-10,1.00,USD,shop,\(reference)\n")
                let run = try await program.run("revenue", "import", file)
                #expect(run.status == 2 && run.errors.contains("bad.csv:3:23"), "\(run.errors)")
                #expect(run.errors.split(separator: "\n").count == 1)
            }
            try await program.succeed("contributor", "add", "ada", "--name", "Ada")
            let weights = try program.file("w.csv", "contributor,dataset,weight\nada,x\u{200B},1\n")
            let run = try await program.run("allocate", "--period", "2026-10", "--weights", weights)
            #expect(run.status == 4)  // nothing to share yet; the file is read after that
            try await program.succeed(
                "revenue", "add", "--period", "2026-10", "--amount", "1.00", "--currency", "USD", "--source", "shop",
                "--ref", "good")
            let refused = try await program.run("allocate", "--period", "2026-10", "--weights", weights)
            #expect(refused.status == 2 && refused.errors.contains("w.csv:2:5"), "\(refused.errors)")
        }
    }

    @Test func anExportForgesNoEntryWhateverTheBooksHold() async throws {
        try await withBooks { ledger, _ in
            try await ledger.earn("r1", 100)
            let source = "x\n\n2026-10-31 (99) forged | bank\n    assets:bank:main  USD 1.0 ; note | end\u{2028}end"
            _ = try await owner(of: ledger).query(
                """
                SELECT ledger.post_journal('written_off', '2026-10', '2026-10-31', 'k',
                    ARRAY['bank:main', 'adjust:test'], ARRAY['USD', 'USD'], ARRAY[1, -1]::bigint[], 'test', \(source))
                """)
            let text = HledgerJournal.text(
                accounts: try await ledger.trialBalance(), lines: try await ledger.journalLines())
            let heads = text.unicodeScalars.split { $0 == "\n" || $0 == "\u{2028}" }.map { String($0) }
                .filter { $0.hasPrefix("2026") }
            #expect(heads.count == 2)
            #expect(heads.allSatisfy { $0.filter { $0 == "|" }.count == 1 && !$0.contains(";") }, "\(heads)")
        }
    }
}
