import Documents
import Errors
import Ledger
import Money
import Postgres
import Testing

/// What a payee owes is given up by three people together, none of them the payee.
@Suite struct WriteOffTests {
    private func isRefused(_ what: String, _ body: () async throws -> Void) async {
        let error = await #expect(throws: LaurelError.self) { try await body() }
        #expect(error?.kind == .refused && error?.description.contains(what) == true, "\(String(describing: error))")
    }

    private func settle(_ ledger: Ledger, _ period: Period) async throws {
        _ = try await ledger.settle(period, policy: WaterfallPolicy(WaterfallPolicy.standard))
    }

    /// p1 was paid 100 for October and is found to have earned nothing: November owes them -100.
    private func withDebt(_ body: (Ledger, Database) async throws -> Void) async throws {
        try await withBooks { ledger, administration in
            _ = try await ledger.changeTerms(
                TermsChange(
                    party: "p1", currency: .dollars, validFrom: october.firstDay, allowsNegativeCarry: true))
            try await ledger.earn("r1", 100_00)
            _ = try await ledger.share([("p1", 1), ("p2", 0)])
            try await settle(ledger, october)
            _ = try await ledger.share([("p1", 0), ("p2", 1)], into: november)
            #expect(try await ledger.balance("payable:p1") == 100_000_000)
            try await body(ledger, administration)
        }
    }

    @Test func aNegativeCarryIsGivenUpByThree() async throws {
        try await withDebt { ledger, _ in
            func propose(_ amount: Int64, by person: String) async throws -> Bool {
                try await ledger.proposeWriteOff(
                    "W-1", party: "p1", amount: usd(amount), currency: .dollars, advance: nil, reason: "left",
                    by: person
                )
            }
            func approve(_ person: String) async throws -> String {
                let approval = try await ledger.approveWriteOff("W-1", by: person, in: november)
                return "\(approval.count) \(approval.isNew)"
            }
            await isRefused("owes only 100.000000") { _ = try await propose(100_000_001, by: "grace") }
            await isRefused("is the payee") { _ = try await propose(100_000_000, by: "p1") }
            #expect(try await propose(70_000_000, by: "grace"))
            #expect(try await !propose(70_000_000, by: "grace"))
            await isRefused("otherwise") { _ = try await propose(60_000_000, by: "grace") }
            await isRefused("grace proposed") { _ = try await approve("grace") }
            await isRefused("is the payee") { _ = try await approve("p1") }
            let spelled = await #expect(throws: LaurelError.self) { _ = try await approve("Grace") }
            #expect(spelled?.kind == .input)
            #expect(try await approve("ada") == "1 true")
            #expect(try await approve("ada") == "1 false")
            #expect(try await ledger.balance("payable:p1") == 100_000_000)
            #expect(try await approve("barbara") == "2 true")
            #expect(try await approve("barbara") == "2 false")
            await isRefused("two people") { _ = try await approve("edith") }
            #expect(try await ledger.balance("payable:p1") == 30_000_000)
            #expect(try await ledger.balance("adjust:writeoff") == 70_000_000)
            let listed = try await ledger.writeOffs()
            #expect(listed.map(\.approvedBy) == [["ada", "barbara"]] && listed[0].postedIn == "2026-11")
            // What is given up is no earning, and November's identity names it.
            try await settle(ledger, november)
            let row = try await ledger.database.query(
                "SELECT written_off, adjustments, closing FROM ledger.payee_statement('2026-11') WHERE party_id = 'p1'")[
                    0]
            #expect(try row.get("written_off") == 70_000_000 && row.get("closing") == -30_000_000)
            #expect(try row.get("adjustments") == -100_000_000)
            for month in [october, november] { #expect(try await ledger.closePeriod(month)) }
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    @Test func whatIsLeftOfAnAdvanceIsGivenUp() async throws {
        try await withBooks { ledger, _ in
            _ = try await ledger.payAdvance(
                party: "p1", amount: usd(50_000_000), currency: .dollars, recoupPPM: 1_000_000, dataset: nil,
                crossGroup: false, reference: "A-1", period: october)
            for (reference, amount) in [("W-1", Int64(40_000_000)), ("W-2", 50_000_000)] {
                _ = try await ledger.proposeWriteOff(
                    reference, party: "p1", amount: usd(amount), currency: .dollars, advance: "A-1", reason: "left",
                    by: "grace")
            }
            for person in ["ada", "barbara"] { _ = try await ledger.approveWriteOff("W-1", by: person, in: october) }
            let left = try await ledger.advances(of: "p1")
            #expect(left.map(\.outstanding) == [usd(10_000_000)] && left[0].writtenOff == usd(40_000_000))
            _ = try await ledger.approveWriteOff("W-2", by: "ada", in: october)
            await isRefused("owes only 10.000000") {
                _ = try await ledger.approveWriteOff("W-2", by: "barbara", in: october)
            }
            await isRefused("only 10.000000") {
                _ = try await ledger.cancelAdvance("A-1", in: october, reason: "error")
            }
            // Only the rest is recouped.
            try await ledger.earn("r1", 100_00)
            _ = try await ledger.share([("p1", 1)])
            try await settle(ledger, october)
            #expect(try await ledger.payments(of: october).map(\.amount) == [usd(90_000_000)])
            #expect(try await ledger.balance("advance:p1") == 0)
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    /// Given up in a month before it was owed, it would be paid out there.
    @Test func nothingIsGivenUpBeforeItIsOwed() async throws {
        try await withBooks { ledger, _ in
            let december = Period(year: 2026, month: 12)!
            _ = try await ledger.changeTerms(
                TermsChange(party: "p1", currency: .dollars, validFrom: october.firstDay, allowsNegativeCarry: true))
            for (reference, cents, month) in [("r1", Int64(100_00), october), ("r2", 40_00, november)] {
                try await ledger.earn(reference, cents, in: month)
                _ = try await ledger.share([("p1", 1), ("p2", 0)], in: month)
                if month == october { try await settle(ledger, october) }
            }
            // November owes p1 40 while December takes October's 100 back.
            _ = try await ledger.share([("p1", 0), ("p2", 1)], into: december)
            _ = try await ledger.payAdvance(
                party: "p3", amount: usd(60_000_000), currency: .dollars, recoupPPM: 1_000_000, dataset: nil,
                crossGroup: false, reference: "A-1", period: december)
            for (reference, party, advance) in [("W-1", "p1", nil), ("W-2", "p3", "A-1")] {
                _ = try await ledger.proposeWriteOff(
                    reference, party: party, amount: usd(60_000_000), currency: .dollars, advance: advance,
                    reason: "left", by: "grace")
                _ = try await ledger.approveWriteOff(reference, by: "ada", in: november)
            }
            await isRefused("owes only 0.000000") {
                _ = try await ledger.approveWriteOff("W-1", by: "barbara", in: november)
            }
            let early = await #expect(throws: LaurelError.self) {
                _ = try await ledger.approveWriteOff("W-2", by: "barbara", in: november)
            }
            #expect(early?.kind == .input && early?.description.contains("lies before it") == true)
            try await settle(ledger, november)
            #expect(try await ledger.payments(of: november).map(\.amount) == [usd(40_000_000)])
            for reference in ["W-1", "W-2"] {
                #expect(try await ledger.approveWriteOff(reference, by: "barbara", in: december).count == 2)
            }
            #expect(try await ledger.balance("payable:p1") == 40_000_000)
            #expect(try await ledger.balance("advance:p3") == 0)
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    /// The columns themselves say who may approve, whoever writes them and in whatever session.
    @Test(arguments: ["origin", "replica"])
    func nobodyGetsAroundTheThree(session: String) async throws {
        try await withDebt { ledger, administration in
            _ = try await ledger.proposeWriteOff(
                "W-1", party: "p1", amount: usd(1), currency: .dollars, advance: nil, reason: "left", by: "grace")
            for (number, person, journal) in [
                (1, "grace", "NULL"), (1, "p1", "NULL"), (1, "ada", "1"), (2, "ada", "NULL"), (3, "ada", "1"),
            ] {
                let error = await #expect(throws: PostgresError.self) {
                    try await administration.withTransaction { connection in
                        try await connection.execute("SET LOCAL session_replication_role = \(raw: session)")
                        try await connection.execute(
                            """
                            INSERT INTO ledger.write_off_approval
                                (write_off_id, number, approved_by, proposed_by, party_id, journal_id)
                            VALUES (1, \(number), \(person), 'grace', 'p1', \(raw: journal))
                            """)
                    }
                }
                #expect(error?.sqlState == "23514", "\(number) \(person) \(journal): \(String(describing: error))")
            }
            // A second approval without a first, in an ordinary session.
            await #expect(throws: PostgresError.self) {
                try await administration.execute(
                    "INSERT INTO ledger.write_off_approval (write_off_id, number, approved_by, proposed_by, party_id, journal_id) VALUES (1, 2, 'ada', 'grace', 'p1', 1)"
                )
            }
        }
    }

    /// Foreign keys sleep in a replica session; the check does not.
    @Test(arguments: [
        "(1, 1, 'ada', 'somebody', 'p1', NULL)", "(1, 1, 'grace', 'somebody', 'somebody', NULL)",
        "(1, 2, 'ada', 'grace', 'p1', 1)", "(9, 1, 'ada', 'grace', 'p1', NULL)",
    ])
    func anApprovalBehindTheLedgerIsSeen(row: String) async throws {
        try await withDebt { ledger, administration in
            _ = try await ledger.proposeWriteOff(
                "W-1", party: "p1", amount: usd(1), currency: .dollars, advance: nil, reason: "left", by: "grace")
            #expect(try await ledger.check(strict: true).isEmpty)
            try await administration.withTransaction { connection in
                try await connection.execute("SET LOCAL session_replication_role = 'replica'")
                try await connection.execute(
                    """
                    INSERT INTO ledger.write_off_approval
                        (write_off_id, number, approved_by, proposed_by, party_id, journal_id) VALUES \(raw: row)
                    """)
            }
            #expect(try await ledger.check(strict: true).map(\.invariant).contains("approvals-valid"))
        }
    }

    @Test func aWriteOffWithoutItsApprovalsIsSeen() async throws {
        try await withDebt { ledger, _ in
            try await owner(of: ledger).execute(
                """
                SELECT ledger.post_journal('written_off', '2026-11', '2026-11-30', 'k',
                    ARRAY['adjust:writeoff', 'payable:p1'], ARRAY['USD', 'USD'], ARRAY[5, -5]::bigint[], 'test', 't')
                """)
            let found = Set(try await ledger.check(strict: true).map(\.invariant))
            #expect(found == ["sources-match-journals", "payables-match-control"])
        }
    }
}
