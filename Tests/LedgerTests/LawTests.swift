import Documents
import Errors
import Ledger
import Money
import Postgres
import Testing

/// The law in the database, tried by those who would break it.
@Suite struct LawTests {
    private func state(of body: () async throws -> Void) async -> String {
        do {
            try await body()
            return "accepted"
        } catch let error as PostgresError {
            return error.sqlState
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: ["laurel_app", "laurel_auditor"])
    func programsAndAuditorsWriteNothingThemselves(role: String) async throws {
        try await withBooks { ledger, administration in
            let database = Database(url: ledger.database.url, role: role, maxConnections: 1)
            let tables = try await administration.query(
                """
                SELECT c.relname::text AS name, min(a.attname::text) AS column
                FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                     AND a.attidentity = '' AND a.attgenerated = ''
                WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind = 'r' GROUP BY c.relname ORDER BY 1
                """)
            #expect(tables.count > 20)
            for row in tables {
                let table: String = try row.get("name")
                let column: String = try row.get("column")
                for verb in [
                    "INSERT INTO ledger.\(table) DEFAULT VALUES", "UPDATE ledger.\(table) SET \(column) = NULL",
                    "DELETE FROM ledger.\(table)", "TRUNCATE ledger.\(table) CASCADE",
                ] {
                    let state = await state { try await database.execute("\(raw: verb)") }
                    #expect(state == "42501", "\(role): \(verb)")
                }
            }
        }
    }

    /// The program has the doors that mean something, not the one that posts any journal; the auditor has none.
    @Test func doorsAreGrantedOneByOne() async throws {
        try await withBooks { ledger, administration in
            let rows = try await administration.query(
                """
                SELECT p.proname::text AS name, has_function_privilege('laurel_app', p.oid, 'EXECUTE') AS program,
                       has_function_privilege('laurel_auditor', p.oid, 'EXECUTE') AS auditor
                FROM pg_proc p WHERE p.pronamespace = 'ledger'::regnamespace AND p.prorettype <> 'trigger'::regtype
                """)
            let program = Set(try rows.filter { try $0.get("program") }.map { try $0.get("name", as: String.self) })
            let auditor = Set(try rows.filter { try $0.get("auditor") }.map { try $0.get("name", as: String.self) })
            let all = Set(try rows.map { try $0.get("name", as: String.self) })
            #expect(
                all.subtracting(program) == [
                    "post_journal", "reverse_journal", "open_accounts", "require_room", "require_shared",
                    "require_agreed", "require_not_before", "require_open", "require_late", "require_settled_before",
                    "unsettled_period", "convertible", "require_person", "write_off_room", "lock_advance",
                ])
            #expect(auditor == ["decimal_text", "largest_remainder", "payee_statement"])
            let state = await state {
                try await ledger.database.execute(
                    """
                    SELECT ledger.post_journal('written_off', '2026-10', '2026-10-31', 'k', ARRAY['bank:main', 'adjust:x'],
                        ARRAY['USD', 'USD'], ARRAY[5, -5]::bigint[], 'test', 't')
                    """)
            }
            #expect(state == "42501")
            try await administration.execute("GRANT EXECUTE ON FUNCTION ledger.post_journal TO laurel_app")
            try await administration.execute("GRANT DELETE ON ledger.posting TO laurel_auditor")
            let found = try await ledger.check(strict: true)
            #expect(found.map(\.invariant) == ["grants-as-designed", "grants-as-designed"])
        }
    }

    @Test func nobodyChangesWhatIsWritten() async throws {
        try await withBooks { ledger, administration in
            try await ledger.earn("r1", 100_00)
            for session in ["origin", "replica"] {
                for statement in [
                    "UPDATE ledger.posting SET amount_micros = 1", "DELETE FROM ledger.posting",
                    "TRUNCATE ledger.posting", "UPDATE ledger.journal SET memo = 'x'", "DELETE FROM ledger.period",
                    "INSERT INTO ledger.posting VALUES (1, 9, 1, 5, 'USD')",
                ] {
                    let state = await state {
                        try await administration.withTransaction { connection in
                            try await connection.execute("SET LOCAL session_replication_role = \(raw: session)")
                            try await connection.execute("\(raw: statement)")
                        }
                    }
                    #expect(state == "LR001", "\(session): \(statement)")
                }
            }
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    @Test func journalsBalanceAndAreComplete() async throws {
        try await withBooks { ledger, administration in
            try await ledger.earn("r1", 100_00)
            let owner = owner(of: ledger)
            func post(_ amounts: [Int64], _ currencies: [String]) async -> String {
                await state {
                    try await owner.execute(
                        """
                        SELECT ledger.post_journal('written_off', '2026-10', '2026-10-31', \("k\(amounts)\(currencies)"),
                            ARRAY['bank:main', 'adjust:test'], \(currencies)::text[], \(amounts)::bigint[], 'test', 't')
                        """)
                }
            }
            #expect(await post([5, -5], ["USD", "USD"]) == "accepted")
            #expect(await post([5, -4], ["USD", "USD"]) == "LR001")
            #expect(await post([5, -5], ["USD", "EUR"]) == "LR001")
            #expect(await post([4_000_000_000_000_000_000, -4_000_000_000_000_000_000], ["USD", "USD"]) == "accepted")
            #expect(await post([700_000_000_000_000_000, -700_000_000_000_000_000], ["USD", "USD"]) == "LR002")
            #expect(await post([Int64.max, -Int64.max], ["USD", "USD"]) == "LR002")
            let unannounced = await state {
                try await administration.execute(
                    """
                    INSERT INTO ledger.journal (kind, currency_set, period_id, effective_on, line_count, gross_micros,
                        source_kind, source_id, idempotency_key, body_sha256)
                    VALUES ('written_off', '{USD}', '2026-10', '2026-10-31', 2, 5, 't', 't', 'empty', sha256(''))
                    """)
            }
            #expect(unannounced == "LR001")
            let elsewhere = await state {
                try await administration.withTransaction { connection in
                    try await connection.execute(
                        "SELECT ledger.open_accounts(ARRAY['bank:main', 'adjust:test'], ARRAY['EUR', 'EUR'])")
                    try await connection.execute(
                        """
                        WITH header AS (
                            INSERT INTO ledger.journal (kind, currency_set, period_id, effective_on, line_count, gross_micros,
                                source_kind, source_id, idempotency_key, body_sha256)
                            VALUES ('written_off', '{USD}', '2026-10', '2026-10-31', 2, 5, 't', 't', 'lost', sha256(''))
                            RETURNING id)
                        INSERT INTO ledger.posting (journal_id, line_no, account_id, amount_micros, currency)
                        SELECT header.id, l.line_no, a.id, l.amount, 'USD'
                        FROM header, (VALUES (1, 'bank:main', 5), (2, 'adjust:test', -5)) AS l (line_no, code, amount)
                        JOIN ledger.account a ON a.code = l.code AND a.currency = 'EUR'
                        """)
                }
            }
            #expect(elsewhere == "LR001")
        }
    }

    /// What stands on an account and what moves in a month has a limit, not what moves in all its years.
    @Test func anAccountTurnsOverMoreThanItMayHold() async throws {
        try await withBooks { ledger, _ in
            try await ledger.earn("r1", 100_00)
            _ = try await ledger.openPeriod(Period(year: 2027, month: 2)!)
            let owner = owner(of: ledger)
            func post(_ period: String, _ amount: Int64) async -> String {
                await state {
                    try await owner.execute(
                        """
                        SELECT ledger.post_journal('written_off', \(period), \(period + "-28"), \("\(period) \(amount)"),
                            ARRAY['bank:main', 'adjust:test'], ARRAY['USD', 'USD'], \([amount, -amount])::bigint[], 't', 't')
                        """)
                }
            }
            let most: Int64 = 4_000_000_000_000_000_000
            for (number, period) in ["2026-10", "2026-11", "2026-12", "2027-01", "2027-02"].enumerated() {
                #expect(await post(period, number % 2 == 0 ? most : -most) == "accepted")
            }
            #expect(await post("2027-01", most / 2) == "LR002")
            #expect(await post("2027-02", 1 - most) == "accepted")
            #expect(await post("2027-02", most - 1) == "LR002")
            let bank = try await ledger.trialBalance().first { $0.code == "bank:main" }
            #expect(bank?.debits == "12000000000000.000000" && bank?.balance == usd(1))
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    @Test func aReversalIsExactAndHappensOnce() async throws {
        try await withBooks { ledger, _ in
            try await ledger.earn("r1", 100_00)
            let owner = owner(of: ledger)
            func reverse(_ memo: String, _ day: String) async -> String {
                await state {
                    try await owner.execute("SELECT ledger.reverse_journal(1, '2026-10', \(day), \(memo))")
                }
            }
            #expect(await reverse("a", "2026-10-31") == "accepted")
            #expect(await reverse("a", "2026-10-30") == "LR001")
            #expect(try await ledger.balance("pool:2026-10") == 0)
        }
    }

    @Test func aClosedPeriodStaysAsItIs() async throws {
        try await withBooks { ledger, _ in
            try await ledger.earn("r1", 100_00)
            let early = await #expect(throws: LaurelError.self) { try await ledger.closePeriod(october) }
            #expect(early?.kind == .refused)
            _ = try await ledger.share([("p1", 1), ("p2", 2)])
            // Nobody is paid yet, so that what is restated is still there.
            for party in ["p1", "p2"] {
                _ = try await ledger.changeTerms(
                    TermsChange(
                        party: party, currency: .named("USD"), validFrom: october.firstDay,
                        minimumPayout: usd(500_000_000)))
            }
            let unsettled = await #expect(throws: LaurelError.self) { try await ledger.closePeriod(october) }
            #expect(unsettled?.problem.contains("not settled") == true)
            _ = try await ledger.settle(october, policy: WaterfallPolicy(WaterfallPolicy.standard))
            #expect(try await ledger.closePeriod(october))
            #expect(try await ledger.closePeriod(october) == false)
            let late = await #expect(throws: LaurelError.self) { try await ledger.earn("r2", 5) }
            #expect(late?.kind == .refused)
            let before = await #expect(throws: LaurelError.self) {
                try await ledger.earn("r3", 5, in: Period(year: 2026, month: 9)!)
            }
            #expect(before?.kind == .refused)
            // A restatement posts the differences into an open period and edits nothing.
            let old = try await ledger.balance("payable:p1")
            let results = try await ledger.share([("p1", 2), ("p2", 2)], into: november)
            #expect(results[0].version == 2)
            #expect(try await ledger.balance("payable:p1") == -50_000_000)
            #expect(old == -33_333_333)
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    @Test func aCheckFindsWhatGotBehindTheLaw() async throws {
        try await withBooks { ledger, administration in
            try await ledger.earn("r1", 100_00)
            try await administration.withTransaction { connection in
                try await connection.execute("ALTER TABLE ledger.posting DISABLE TRIGGER append_only")
                try await connection.execute(
                    "UPDATE ledger.posting SET amount_micros = amount_micros + 1 WHERE journal_id = 1 AND line_no = 1")
            }
            let found = Set(try await ledger.check(strict: true).map(\.invariant))
            #expect(
                found.isSuperset(of: [
                    "journals-balanced", "journals-complete", "journals-unchanged", "triggers-enabled-always",
                ]))
        }
    }

    @Test func currenciesAreTheSameOnBothSides() async throws {
        try await withBooks { ledger, _ in
            let rows = try await ledger.database.query("SELECT code, minor_exponent FROM ledger.currency ORDER BY code")
            let there = try rows.map {
                "\(try $0.get("code", as: String.self)) \(try $0.get("minor_exponent", as: Int.self))"
            }
            #expect(there == Currency.all.map { "\($0.code) \($0.minorExponent)" })
        }
    }
}
