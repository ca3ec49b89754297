import Documents
import Ledger
import Monthly
import Postgres
import TestSupport
import Testing

/// Every edit is made as somebody with a superuser's rights would, and taken back after the check has looked.
@Suite("laurel check --strict sees what went behind the program, and says so once")
struct TamperingTests {
    /// What a check of the whole house finds after some statements that are then taken back: names, and the objects.
    private func findings(
        _ database: Database, after statements: [String]
    ) async throws -> (checks: Set<String>, objects: [String]) {
        try await database.withTransaction(commit: false) { connection in
            for statement in statements { try await connection.execute("\(raw: statement)") }
            let found = try await BookCheckService.check(strict: true, connection)
            #expect(found.notes.isEmpty)
            return (Set(found.violations.map(\.invariant)), found.violations.map(\.object))
        }
    }

    /// An edit of rows that leaves the table's trigger as it was.
    private func edit(_ table: String, _ change: String) -> [String] {
        [
            "SET LOCAL session_replication_role = replica", "ALTER TABLE \(table) DISABLE TRIGGER append_only", change,
            "ALTER TABLE \(table) ENABLE ALWAYS TRIGGER append_only", "SET LOCAL session_replication_role = origin",
        ]
    }

    /// One edit of rows and the checks that see it.
    private struct Edit {
        let table: String
        let change: String
        let seen: Set<String>

        init(_ table: String, _ change: String, _ seen: Set<String>) {
            (self.table, self.change, self.seen) = (table, change, seen)
        }

        /// An edit of every row of a table, or of those that a WHERE at its end names.
        init(_ table: String, setting change: String, _ seen: Set<String>) {
            self.init(table, "UPDATE \(table) SET \(change)", seen)
        }
    }

    private func expectSeen(_ database: Database, _ edits: [Edit]) async throws {
        for one in edits {
            let found = try await findings(database, after: edit(one.table, one.change))
            #expect(found.checks == one.seen, "\(one.change): \(found.objects)")
        }
    }

    @Test("Rows of a closed period, what was agreed for it, and what is stored beside signed bytes")
    func rows() async throws {
        try await withClosedSeptember { laurel in
            #expect(try await findings(laurel.database, after: []).objects.isEmpty)
            try await expectSeen(laurel.database, sealedEdits)
            try await expectSeen(laurel.database, signedEdits)
        }
    }

    /// Edits of what the seal of a closed period covers.
    private var sealedEdits: [Edit] {
        let sealed: Set<String> = ["log-covers-journals"]
        var edits: [Edit] = []
        for change in [
            "memo = 'x'", "posted_by = 'x'", "posted_at = posted_at + interval '1 second'", "source_kind = 'x'",
            "source_id = 'x'", "xid = '7'",
        ] {
            edits.append(Edit("ledger.journal", setting: "\(change) WHERE id = 2", sealed))
        }
        for (table, change) in [
            ("payee_term", "min_payout_micros = 1"), ("payee_term", "reserve_ppm = 1"),
            ("payee_term", "valid_from = '2026-10-01'"), ("payee_term", "recorded_by = 'x'"),
            ("party_tax_profile", "country = 'DE'"), ("party_tax_profile", "expires_on = '2026-08-01'"),
            ("withholding_rule", "rate_ppm = 1"), ("withholding_rule", "valid = '[2027-01-01,)'"),
            ("hold", "reason = 'x'"), ("hold", "party_id = 'ada'"), ("hold_release", "released_by = 'x'"),
            ("advance", "recoup_ppm = 1"), ("advance", "cross_group = true"),
            ("allocation", "policy_sha256 = sha256('x')"), ("allocation", "run_id = 'x'"),
            ("allocation_line", "role = 'x' WHERE line_no = 1"), ("settlement", "policy_sha256 = sha256('x')"),
            ("settlement", "settled_by = 'x'"), ("settlement_step", "base_micros = base_micros + 1"),
            ("payment", "minimum_micros = minimum_micros + 1"), ("payment_result", "reason = 'x'"),
            ("revenue_receipt", "file_sha256 = sha256('x')"), ("period", "opened_by = 'x'"),
            ("period_close", "closed_by = 'x'"), ("advance_cancellation", "reason = 'x'"),
            ("tax_remittance", "reference = 'x'"), ("write_off", "reason = 'x'"),
            ("write_off_approval", "approved_by = 'x' WHERE number = 1"), ("final_settlement", "party_id = 'ben'"),
        ] {
            edits.append(Edit("ledger.\(table)", setting: change, sealed))
        }
        for table in ["payee_term", "party_tax_profile", "hold_release", "policy"] {
            edits.append(Edit("ledger.\(table)", "DELETE FROM ledger.\(table)", sealed))
        }
        edits.append(
            Edit("ledger.write_off", setting: "proposed_by = 'x'", sealed.union(["approvals-valid"])))
        let gone: Set<String> = ["log-covers-journals", "log-covers-documents"]
        edits.append(Edit("statements.seal", "DELETE FROM statements.seal", gone))
        edits.append(
            Edit("ledger.period_close", "DELETE FROM ledger.period_close", gone.union(["periods-closed-frozen"])))
        edits.append(
            Edit("ledger.account", setting: "guard = 'none' WHERE class = 'payable'", ["accounts-as-charted"]))
        return edits
    }

    /// Edits of what stands beside signed bytes, and of those.
    private var signedEdits: [Edit] {
        let (signed, logged): (Set<String>, Set<String>) = (["statements-verify"], ["log-covers-documents"])
        var edits: [Edit] = []
        for change in [
            "payout_run_id = 'x'", "period_id = '2026-08'", "version = 2", "supersedes = '2026-09-usd-ben'",
            "kid = sha256('x')", "sum_proof = sum_proof || '\\x0a'",
            "sum_proof = (SELECT b.sum_proof FROM statements.statement b WHERE b.id = '2026-09-usd-ben')",
        ] {
            edits.append(Edit("statements.statement", setting: "\(change) WHERE id = '2026-09-usd-ada'", signed))
        }
        for change in [
            "period_id = '2026-10'", "currency = 'EUR'", "version = 2", "allocation_id = 7", "kid = sha256('x')",
            "sig = set_byte(sig, 7, 255 - get_byte(sig, 7))", "payout_run_id = 'x'",
        ] {
            edits.append(Edit("statements.manifest", setting: change, signed))
        }
        let both = signed.union(logged)
        return edits + [
            // Who was paid is looked up by the payee, and the log by the digest of the bytes.
            Edit(
                "statements.statement", setting: "party_id = 'cleo' WHERE id = '2026-09-usd-ada'",
                signed.union(["payouts-match-statements"])),
            Edit("statements.statement", setting: "bytes = bytes || '\\x20', sha256 = sha256(bytes || '\\x20')", both),
            Edit("statements.statement", "DELETE FROM statements.statement WHERE id = '2026-09-usd-ada'", both),
            Edit("statements.statement", setting: "issued_at = issued_at + interval '1 ms'", both),
            Edit("statements.manifest", setting: "created_at = created_at + interval '1 s'", both),
            Edit("statements.manifest", "DELETE FROM statements.manifest", both),
            Edit("statements.attachment", setting: "bytes = 'x' WHERE name = 'statement.csv'", signed),
            Edit("statements.attachment", "DELETE FROM statements.attachment WHERE name = 'statement.html'", signed),
            Edit(
                "statements.keyring", setting: "issued_at = issued_at + interval '1 s'",
                ["keys-valid", "log-covers-documents"]),
            Edit("statements.signing_key", setting: "not_after = not_after + interval '1 year'", ["keys-valid"]),
            Edit("statements.signing_key", setting: "use = 'root' WHERE use = 'log'", ["keys-valid"]),
            Edit("statements.checkpoint", setting: "root = sha256('x')", ["log-consistent"]),
            Edit("statements.checkpoint", setting: "note = 'x'", ["log-consistent"]),
            Edit("statements.log_entry", setting: "sequenced_at = sequenced_at + interval '1 day'", logged),
        ]
    }

    @Test("Functions, views, triggers, constraints, rights, roles and the rows that are law")
    func schema() async throws {
        try await withDatabase(role: nil) { database in
            let triggers = Set(["triggers-enabled-always"])
            let changes: [(statements: [String], object: String, besides: Set<String>)] = [
                (
                    [
                        #"CREATE OR REPLACE VIEW ledger."check_orphans" AS SELECT ''::text AS object, ''::text AS expected, ''::text AS actual WHERE false"#
                    ],
                    "view ledger.check_orphans", []
                ),
                ([#"DROP VIEW ledger."check_orphans""#], "view ledger.check_orphans", ["orphans"]),
                (
                    edit("ledger.invariant", "DELETE FROM ledger.invariant WHERE name = 'journals-unchanged'"),
                    "row of ledger.invariant journals-unchanged", []
                ),
                (
                    edit(
                        "ledger.invariant", "UPDATE ledger.invariant SET is_strict = true WHERE name = 'clearing-zero'"),
                    "row of ledger.invariant clearing-zero", []
                ),
                (
                    edit("ledger.currency", "UPDATE ledger.currency SET minor_exponent = 3 WHERE code = 'USD'"),
                    "row of ledger.currency USD", []
                ),
                (
                    edit(
                        "ledger.account_class", "UPDATE ledger.account_class SET guard = 'none' WHERE name = 'payable'"),
                    "row of ledger.account_class payable", []
                ),
                (
                    [
                        "CREATE OR REPLACE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"
                    ],
                    "function ledger.refuse_change()", []
                ),
                (
                    ["CREATE FUNCTION ledger.pay_me() RETURNS int LANGUAGE sql AS 'SELECT 1'"],
                    "function ledger.pay_me()", []
                ),
                (
                    ["ALTER FUNCTION ledger.open_accounts(text[], text[]) SET search_path = public"],
                    "function ledger.open_accounts(text[],text[])", []
                ),
                (
                    ["ALTER TABLE ledger.hold DISABLE TRIGGER append_only"], "trigger append_only on ledger.hold",
                    triggers
                ),
                (
                    ["ALTER TABLE ledger.hold ENABLE TRIGGER append_only"], "trigger append_only on ledger.hold",
                    triggers
                ),
                (["DROP TRIGGER refuse_change ON registry.item"], "trigger refuse_change on registry.item", []),
                (
                    [
                        "CREATE TRIGGER more BEFORE INSERT ON ledger.posting FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change()"
                    ],
                    "trigger more on ledger.posting", []
                ),
                (["CREATE RULE quiet AS ON INSERT TO ledger.hold DO INSTEAD NOTHING"], "rule quiet on ledger.hold", []),
                (
                    ["ALTER TABLE ledger.policy DROP CONSTRAINT policy_check"],
                    "constraint policy_check on ledger.policy", []
                ),
                (
                    [
                        "ALTER TABLE ledger.policy DROP CONSTRAINT policy_check",
                        "ALTER TABLE ledger.policy ADD CONSTRAINT policy_check CHECK (sha256 = sha256(document)) NOT VALID",
                    ], "constraint policy_check on ledger.policy", []
                ),
                (
                    [
                        "ALTER TABLE credit.task DISABLE TRIGGER ALL",
                        "ALTER TABLE credit.task ENABLE ALWAYS TRIGGER task_is_kept",
                    ],
                    "constraint task_run_id_fkey on credit.task", []
                ),
                (["DROP INDEX ledger.journal_reversed_once"], "index ledger.journal_reversed_once", []),
                (["ALTER TABLE ledger.journal ADD more text"], "column ledger.journal.more", []),
                (["ALTER TABLE ledger.journal ALTER posted_by SET DEFAULT 'x'"], "column ledger.journal.posted_by", []),
                (["ALTER TABLE pii.party_detail ENABLE ROW LEVEL SECURITY"], "table pii.party_detail", []),
                (["CREATE TABLE public.more () INHERITS (ledger.posting)"], "table ledger.posting", []),
                (
                    ["ALTER TABLE ledger.hold OWNER TO laurel_app"], "rights on table ledger.hold",
                    ["grants-as-designed"]
                ),
                (["GRANT SELECT ON pii.party_detail TO PUBLIC"], "rights on table pii.party_detail", []),
                (
                    ["GRANT UPDATE (memo) ON ledger.journal TO laurel_auditor"], "rights on column ledger.journal.memo",
                    []
                ),
                (
                    ["GRANT EXECUTE ON FUNCTION ledger.require_room TO laurel_app"],
                    "rights on function ledger.require_room(bigint)", ["grants-as-designed"]
                ),
                (
                    ["CREATE ROLE laurel_test_intruder", "GRANT laurel_owner TO laurel_test_intruder"],
                    "role laurel_owner", []
                ),
                (["ALTER ROLE laurel_auditor BYPASSRLS"], "role laurel_auditor", []),
                (["SET LOCAL session_replication_role = replica"], "setting session_replication_role", []),
            ]
            #expect(try await findings(database, after: []).objects.isEmpty)
            for (statements, object, besides) in changes {
                let found = try await findings(database, after: statements)
                #expect(found.checks == besides.union(["schema-unchanged"]), "\(statements): \(found.objects)")
                #expect(found.objects.contains(object), "\(statements): \(found.objects)")
            }
        }
    }

    /// A month with every kind of agreement, settled, answered by the bank, closed; its log's state is signed.
    private func withClosedSeptember(_ body: (LaurelProgram) async throws -> Void) async throws {
        try await withMonths([]) { laurel in
            try await laurel.succeed("contributor", "add", "cleo", "--name", "Cleo")
            try await laurel.succeed(
                "terms", "set", "ada", "--currency", "USD", "--from", "2026-01-01", "--min-payout", "1.00",
                "--reserve-ppm", "100000", "--reserve-months", "6")
            try await laurel.succeed(
                "tax", "rule", "FR", "--form", "none", "--rate-ppm", "100000", "--from", "2026-01-01")
            try await laurel.succeed(
                "tax", "profile", "ada", "--country", "FR", "--form", "none", "--signed-on", "2026-01-01")
            try await laurel.succeed(
                "advance", "pay", "ben", "--amount", "100.00", "--currency", "USD", "--period", "2026-09", "--ref",
                "A-1")
            for reference in ["A-2", "A-3"] {
                try await laurel.succeed(
                    "advance", "pay", "cleo", "--amount", "50.00", "--currency", "USD", "--period", "2026-09", "--ref",
                    reference)
            }
            try await laurel.succeed("advance", "cancel", "A-2", "--period", "2026-09", "--reason", "paid twice")
            try await laurel.succeed(
                "write-off", "propose", "cleo", "--amount", "50.00", "--currency", "USD", "--advance", "A-3",
                "--reason", "left", "--by", "grace", "--ref", "W-1")
            for person in ["edith", "barbara"] {
                try await laurel.succeed("write-off", "approve", "W-1", "--by", person, "--period", "2026-09")
            }
            try await laurel.succeed("contributor", "close", "cleo", "--period", "2026-09", "--reason", "left")
            try await laurel.succeed("hold", "place", "--party", "cleo", "--reason", "a question")
            try await laurel.succeed("hold", "release", "1", "--period", "2026-09")
            try await laurel.succeed(
                "revenue", "add", "--period", "2026-09", "--amount", "1000.00", "--currency", "USD", "--source", "shop",
                "--ref", "r")
            try await laurel.succeed("allocate", "--period", "2026-09", "--weights", laurel.path("w.csv"))
            try await laurel.succeed("statement", "issue", "--period", "2026-09")
            try await laurel.succeed("payment", "settle", "--period", "2026-09")
            try await laurel.succeed(
                "tax", "remit", "FR", "--amount", "1.00", "--currency", "USD", "--period", "2026-09", "--ref", "T-1")
            try await laurel.succeed("period", "close", "2026-09")
            try await laurel.succeed("log", "checkpoint")
            try await body(laurel)
        }
    }
}
