import Documents
import Errors
import Foundation
import Ledger
import Money
import Postgres
import TestSupport
import Testing

/// What a command asks for is all of its arguments; what cannot be meant is refused in one line.
@Suite struct ArgumentTests {
    private func refused(_ what: String, _ kind: LaurelError.Kind = .refused, _ body: () async throws -> Void) async {
        let error = await #expect(throws: LaurelError.self, "\(what)") { try await body() }
        #expect(error?.kind == kind, "\(what): \(String(describing: error))")
    }

    @Test func aRepetitionIsTheSameInEveryArgument() async throws {
        try await withBooks { ledger, _ in
            func pay(_ dataset: String?, _ isCross: Bool, _ period: Period, _ key: String?) async throws -> Bool {
                try await ledger.payAdvance(
                    party: "p1", amount: usd(1_000_000), currency: .named("USD"), recoupPPM: 1, dataset: dataset,
                    crossGroup: isCross, reference: "a1", period: period, posting: Posting(idempotencyKey: key)
                ).isNew
            }
            #expect(try await pay("d1", false, october, "k1"))
            #expect(try await pay("d1", false, october, nil) == false)
            await refused("another dataset") { _ = try await pay("d2", false, october, nil) }
            await refused("no dataset") { _ = try await pay(nil, false, october, nil) }
            await refused("cross group") { _ = try await pay("d1", true, october, nil) }
            await refused("another period") { _ = try await pay("d1", false, november, nil) }
            await refused("the key with cross group") { _ = try await pay("d1", true, october, "k1") }
            let hold = try await ledger.placeHold(party: "p1", dataset: nil, reason: "disputed")
            #expect(try await ledger.placeHold(party: "p1", dataset: nil, reason: "disputed") == hold)
            await refused("another reason") {
                _ = try await ledger.placeHold(party: "p1", dataset: nil, reason: "deceased")
            }
        }
    }

    @Test func aKeyRemembersTheArgumentsAndNotTheState() async throws {
        try await withBooks { ledger, _ in
            try await ledger.earn("r1", 10_000)
            _ = try await ledger.share([("p1", 1), ("p2", 1)])
            func share(_ isRestating: Bool) async throws {
                _ = try await ledger.allocate(
                    october, currencies: [.named("USD")],
                    weights: Weights([.init(contributor: "p1", weight: 1), .init(contributor: "p2", weight: 3)]),
                    policy: AllocationPolicy.weightsFile, restating: isRestating,
                    posting: Posting(idempotencyKey: "share"))
            }
            await refused("other weights") { try await share(false) }
            let error = await #expect(throws: LaurelError.self) { try await share(true) }
            #expect(error?.problem.contains("another request") == true)
            _ = try await ledger.settle(october, policy: WaterfallPolicy(WaterfallPolicy.standard))
            for _ in 0..<2 {
                let news = try await ledger.recordResults(
                    ofPeriod: october, party: nil, result: "settled", reason: "", in: october,
                    posting: Posting(idempotencyKey: "bank"))
                #expect(news == 2)
            }
            #expect(
                try await ledger.recordResults(
                    ofPeriod: october, party: nil, result: "settled", reason: "", in: october) == 0)
        }
    }

    @Test func termsKeepWhatIsNotNamed() async throws {
        try await withBooks { ledger, _ in
            let day = Day(year: 2026, month: 1, day: 1)!
            let dollar = try Currency.named("USD")
            _ = try await ledger.changeTerms(
                TermsChange(
                    party: "p1", currency: dollar, validFrom: day, minimumPayout: usd(5_000_000), reservePPM: 100_000,
                    reserveReleaseMonths: 3))
            let later = Day(year: 2026, month: 2, day: 1)!
            let terms = try await ledger.changeTerms(
                TermsChange(party: "p1", currency: dollar, validFrom: later, allowsNegativeCarry: true))
            #expect(terms.minimumPayout == usd(5_000_000) && terms.reservePPM == 100_000)
            #expect(terms.reserveReleaseMonths == 3 && terms.allowsNegativeCarry)
            let without = try await ledger.changeTerms(
                TermsChange(party: "p1", currency: dollar, validFrom: later, reservePPM: 0))
            #expect(without.reserveReleaseMonths == 0 && without.allowsNegativeCarry)
            await refused("a reserve without months", .input) {
                _ = try await ledger.changeTerms(
                    TermsChange(party: "p2", currency: dollar, validFrom: later, reservePPM: 1))
            }
        }
    }

    @Test(arguments: [
        #"{"$schema":"laurel/waterfall-policy/v1","order":["release","recoup","reserve","minimum","tax","pay"]}"#,
        #"{"$schema":"laurel/waterfall-policy/v1","cap":"5","order":["release","hold","minimum","tax","pay"]}"#,
        #"{"$schema":"laurel/waterfall-policy/v1","order":["release","hold","minimum","tax","pay"],"tax_base":"gross"}"#,
    ])
    func aPolicyThatWouldNotBeFollowedIsRefused(_ text: String) throws {
        #expect(throws: LaurelError.self) { try WaterfallPolicy(CanonicalValue.parse(Array(text.utf8))) }
        let plain = #"{"$schema":"laurel/waterfall-policy/v1","order":["release","hold","minimum","tax","pay"]}"#
        #expect(try WaterfallPolicy(CanonicalValue.parse(Array(plain.utf8))).order == [.hold])
    }

    @Test func aDatasetIsSharedToItsContributorOnly() async throws {
        try await withBooks { ledger, administration in
            try await administration.execute(
                "INSERT INTO registry.dataset (id, contributor, title, registered_at) VALUES ('d1', 'p1', 'D', '2026-01-01')"
            )
            try await ledger.earn("r1", 10_000)
            func share(_ contributor: String, _ dataset: String) async throws {
                _ = try await ledger.allocate(
                    october, currencies: [.named("USD")],
                    weights: Weights([.init(contributor: contributor, dataset: dataset, weight: 1)]),
                    policy: AllocationPolicy.weightsFile, restating: true)
            }
            await refused("p1's dataset", .input) { try await share("p2", "d1") }
            try await share("p2", "not-registered")
            try await share("p1", "d1")
        }
        let file = Array("contributor,dataset,weight\np1,d1,1\np2,d2,1\n".utf8)
        let error = #expect(throws: LaurelError.self) {
            try Weights(parsing: file, file: "w.csv", owners: ["d1": "p1", "d2": "p1"])
        }
        #expect(error?.place == "w.csv:3:4")
    }

    @Test func commandsRefuseInOneLineAndReportsSayTheirFile() async throws {
        try await LaurelProgram.withHome { program in
            try await program.succeed("contributor", "add", "ada", "--name", "Ada", "--min-payout", "25.00")
            try await program.succeed(
                "revenue", "add", "--period", "2020-01", "--amount", "20.00", "--currency", "USD", "--source", "shop",
                "--ref", "r1")
            let weights = try program.file("w.csv", "contributor,weight\nada,1\n")
            try await program.succeed("allocate", "--period", "2020-01", "--weights", weights)
            let convert = [
                "ledger", "convert", "ada", "--amount", "1.00", "--from", "USD", "--rate-on", "2020-01-01", "--period",
                "2020-01", "--ref", "x",
            ]
            let bad = [
                convert + ["--to", "EUR", "--rate-source", "ECB", "--rate", "1,1"],
                convert + ["--to", "EUR", "--rate-source", "ECB", "--rate", "1e3"],
                convert + ["--to", "EUR", "--rate-source", "ECB", "--rate", "0.00"],
                convert + ["--to", "USD", "--rate-source", "ECB", "--rate", "1"],
                convert + ["--to", "EUR", "--rate-source", "", "--rate", "1"],
                ["tax", "rule", "us", "--form", "F", "--rate-ppm", "1", "--from", "2020-01-01"],
                ["tax", "rule", "USA", "--form", "F", "--rate-ppm", "1", "--from", "2020-01-01"],
                ["tax", "rule", "US", "--form", "", "--rate-ppm", "1", "--from", "2020-01-01"],
                [
                    "tax", "rule", "US", "--form", "F", "--rate-ppm", "1", "--from", "2020-01-02", "--until",
                    "2020-01-01",
                ],
                ["hold", "place", "--party", "ada", "--reason", ""],
                ["period", "close", "2020-01", "--idempotency-key", ""],
                ["period", "close", "2020-01", "--idempotency-key", String(repeating: "k", count: 201)],
            ]
            for command in bad {
                let run = try await program.start(command).end()
                #expect(run.status == 2, "\(command): \(run)")
                #expect(
                    run.errors.split(separator: "\n").count == 1 && !run.errors.contains("violates"), "\(run.errors)")
            }
            let hold = try await program.succeed(
                "hold", "place", "--dataset", "nowhere", "--reason", "typing error", "--dry-run", "--format", "json")
            #expect(hold.errors.contains("nowhere") && hold.output.contains("\"hold\":null"), "\(hold)")
            // The first minimum counts for the month at hand, however long ago.
            try await program.succeed("period", "settle", "2020-01")
            try await program.succeed("report", "payouts", "--period", "2020-01", "--out", "january.csv")
            let sidecar = try String(
                contentsOf: program.folder.appending(path: "january.summary.json"), encoding: .utf8)
            #expect(sidecar.contains("\"file\":\"january.csv\""), "\(sidecar)")
            let payouts = try await program.succeed("report", "payouts", "--period", "2020-01").output
            #expect(payouts.contains("below_minimum"), "\(payouts)")
            let before = try await program.succeed("report", "trial-balance", "--period", "2020-01").output
            try await program.succeed(
                "revenue", "add", "--period", "2020-02", "--amount", "7.00", "--currency", "USD", "--source", "shop",
                "--ref", "r2")
            #expect(try await program.succeed("report", "trial-balance", "--period", "2020-01").output == before)
        }
    }
}
