-- What must always hold in the books: each invariant with its promise, its view of failures and how to mend them.

SET ROLE laurel_owner;

-- What must always hold. Each has a view check_<name> that shows what does not: object, expected, actual. Silence is good.
CREATE TABLE ledger.invariant (
    name      text COLLATE "C" PRIMARY KEY,
    number    int NOT NULL UNIQUE,
    is_strict boolean NOT NULL,
    promise   text NOT NULL,
    mend      text NOT NULL
);

INSERT INTO ledger.invariant (number, name, is_strict, promise, mend) VALUES
    (1,  'journals-balanced', false, 'the lines of a journal sum to zero in every currency',
         'restore the last backup: no door of the ledger can do this'),
    (2,  'journals-complete', false, 'a journal has the lines, the gross sum and the currencies that its header says',
         'restore the last backup: no door of the ledger can do this'),
    (3,  'currencies-match', false, 'every line belongs to a journal and to an account of its currency',
         'restore the last backup: no door of the ledger can do this'),
    (4,  'periods-closed-frozen', false, 'a closed period has exactly the lines that it had when it was closed',
         'find the late journal with laurel ledger journals and restore the last backup'),
    (5,  'clearing-zero', false, 'the pools of closed periods are empty',
         'laurel allocate --period PERIOD --into OPEN-PERIOD'),
    (6,  'closings-chain', false, 'a closing balance is the one before plus debits minus credits',
         'restore the last backup: closing rows are written once'),
    (7,  'payables-match-control', false, 'what a payee is owed is what allocations, settlements, payments, conversions and write-offs say',
         'compare laurel ledger journals --account payable:PARTY with the payee''s statements'),
    (8,  'payouts-match-clearing', false, 'payout clearing holds exactly the payments that the bank has not answered',
         'laurel payment list; settle or return what the bank answered'),
    (9,  'allocations-sum-to-pool', false, 'the lines of an allocation sum to its pool, each dataset''s lines to its amount',
         'laurel allocate --period PERIOD --restate with the same weights'),
    (10, 'receipts-unique', false, 'a reference of a source names at most one receipt that is not void',
         'laurel revenue void REF'),
    (11, 'reversals-exact', false, 'a reversal negates what it reverses, line for line',
         'restore the last backup: no door of the ledger can do this'),
    (12, 'guards-hold', false, 'no account stands on the side that its class forbids',
         'agree on a negative carry in the payee''s terms, or restate'),
    (13, 'rounding-zero', false, 'exact division leaves nothing to round', 'reverse the journal that posted to rounding'),
    (18, 'splits-total-one', false, 'the shares of a dataset sum to 1,000,000 parts per million whenever it has any',
         'laurel dataset register with a --split that sums to 1000000'),
    (19, 'idempotency-unique', false, 'a key names one journal, and one answer of each principal',
         'REINDEX the tables ledger.journal and ledger.idempotency, then restore the last backup'),
    (20, 'payouts-match-statements', false, 'the statement in force for a settled and closed period says what was paid',
         'laurel statement issue --period PERIOD issues the next version'),
    (21, 'orphans', true, 'every line of an allocation and every step of a settlement belongs to one',
         'restore the last backup: no door of the ledger can do this'),
    (22, 'leases-sane', true, 'no task is leased for more than a day, no evaluation shows a fence that its task never had',
         'laurel credit run with the same options takes over what nobody works on'),
    (23, 'log-covers-documents', true, 'every statement, manifest, keyring and seal stands in the log, which has no gap and names nothing else',
         'restore the last backup: somebody went behind the ledger'),
    (24, 'log-covers-journals', true, 'the journals of a closed period, all that they were posted for and under, are what the log was sealed with',
         'restore the last backup: somebody went behind the ledger'),
    (25, 'sources-match-journals', true, 'receipts, what became of them, advances, write-offs, remittances, conversions, settlements and payments say what their journals posted',
         'restore the last backup: somebody went behind the ledger'),
    (26, 'accounts-as-charted', true, 'every account stands on the side, under the guard and with the owner that its class says',
         'restore the last backup: no door of the ledger can do this'),
    (27, 'approvals-valid', true, 'two people approved each posted write-off, one after the other, neither of them the payee or who proposed it',
         'restore the last backup: somebody went behind the ledger'),
    (14, 'allocations-follow-law', true, 'every share is pool × weight ÷ total by largest remainder, ties by id bytes',
         'laurel allocate --period PERIOD --restate with the same weights'),
    (15, 'journals-unchanged', true, 'the lines of a journal still have the digest that was taken when it was posted',
         'restore the last backup: somebody went behind the ledger'),
    (16, 'grants-as-designed', true, 'programs read the ledger and write nothing but through its functions',
         'REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON the table FROM the role'),
    (17, 'triggers-enabled-always', true, 'every table of the ledger refuses change, whatever the session says',
         'ALTER TABLE ledger.TABLE ENABLE ALWAYS TRIGGER NAME');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.invariant
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
ALTER TABLE ledger.invariant ENABLE ALWAYS TRIGGER append_only;

CREATE VIEW ledger."check_journals-balanced" AS
SELECT 'journal ' || p.journal_id AS object, '0 ' || p.currency AS expected, sum(p.amount_micros)::text AS actual
FROM ledger.posting p GROUP BY p.journal_id, p.currency HAVING sum(p.amount_micros) <> 0;

CREATE VIEW ledger."check_journals-complete" AS
SELECT 'journal ' || j.id AS object, format('%s lines, %s micros in %s', j.line_count, j.gross_micros, j.currency_set) AS expected,
       format('%s lines, %s micros in %s', coalesce(p.lines, 0), coalesce(p.gross, 0), p.currencies) AS actual
FROM ledger.journal j
LEFT JOIN (SELECT c.journal_id, sum(c.lines) AS lines, sum(c.gross) AS gross,
                  array_agg(c.currency ORDER BY c.currency) AS currencies
           FROM (SELECT journal_id, currency, count(*) AS lines,
                        sum(amount_micros) FILTER (WHERE amount_micros > 0) AS gross
                 FROM ledger.posting GROUP BY journal_id, currency) c GROUP BY c.journal_id) p ON p.journal_id = j.id
WHERE j.line_count IS DISTINCT FROM p.lines OR j.gross_micros IS DISTINCT FROM p.gross
   OR j.currency_set IS DISTINCT FROM p.currencies;

CREATE VIEW ledger."check_currencies-match" AS
SELECT format('%s lines of account %s, first in journal %s', p.lines, p.account_id, p.first_journal) AS object,
       coalesce(a.currency, 'an account') AS expected, p.currency AS actual
FROM (SELECT account_id, currency, count(*) AS lines, min(journal_id) AS first_journal
      FROM ledger.posting GROUP BY account_id, currency) p
LEFT JOIN ledger.account a ON a.id = p.account_id
WHERE a.currency IS DISTINCT FROM p.currency
UNION ALL
SELECT format('%s lines of journal %s', p.lines, p.journal_id), 'a journal', 'none'
FROM (SELECT journal_id, count(*) AS lines FROM ledger.posting GROUP BY journal_id) p
WHERE NOT EXISTS (SELECT FROM ledger.journal j WHERE j.id = p.journal_id);

CREATE VIEW ledger."check_periods-closed-frozen" AS
SELECT format('account %s %s in %s', a.code, a.currency, coalesce(k.period_id, m.period_id)) AS object,
       format('%s lines, debits %s, credits %s', coalesce(k.line_count, 0), coalesce(k.debits, 0), coalesce(k.credits, 0)) AS expected,
       format('%s lines, debits %s, credits %s', coalesce(m.lines, 0), coalesce(m.debits, 0), coalesce(m.credits, 0)) AS actual
FROM ledger.account_period k
FULL JOIN (SELECT p.account_id, j.period_id, count(*) AS lines,
                  coalesce(sum(p.amount_micros) FILTER (WHERE p.amount_micros > 0), 0) AS debits,
                  -coalesce(sum(p.amount_micros) FILTER (WHERE p.amount_micros < 0), 0) AS credits
           FROM ledger.posting p JOIN ledger.journal j ON j.id = p.journal_id
           JOIN ledger.period_close c ON c.period_id = j.period_id
           GROUP BY p.account_id, j.period_id) m ON m.account_id = k.account_id AND m.period_id = k.period_id
JOIN ledger.account a ON a.id = coalesce(k.account_id, m.account_id)
WHERE (coalesce(k.line_count, 0), coalesce(k.debits, 0), coalesce(k.credits, 0))
   <> (coalesce(m.lines, 0), coalesce(m.debits, 0), coalesce(m.credits, 0));

CREATE VIEW ledger."check_clearing-zero" AS
SELECT format('%s %s', a.code, a.currency) AS object, '0' AS expected, sum(p.amount_micros)::text AS actual
FROM ledger.account a JOIN ledger.posting p ON p.account_id = a.id JOIN ledger.journal j ON j.id = p.journal_id
WHERE a.class = 'pool' AND j.period_id <= (SELECT max(period_id) FROM ledger.period_close)
  AND a.code <= 'pool:' || (SELECT max(period_id) FROM ledger.period_close)
GROUP BY a.id, a.code, a.currency HAVING sum(p.amount_micros) <> 0;

CREATE VIEW ledger."check_closings-chain" AS
SELECT format('account %s in %s', k.account_id, k.period_id) AS object, format('opening %s', coalesce(b.closing, 0)) AS expected,
       format('opening %s', k.opening) AS actual
FROM ledger.account_period k
LEFT JOIN ledger.account_period b ON b.account_id = k.account_id
      AND b.period_id = (SELECT max(c.period_id) FROM ledger.period_close c WHERE c.period_id < k.period_id)
WHERE k.opening <> coalesce(b.closing, 0)
UNION ALL
SELECT format('account %s after %s', b.account_id, b.period_id), format('a row with opening %s', b.closing), 'none'
FROM ledger.account_period b
JOIN LATERAL (SELECT min(c.period_id) AS id FROM ledger.period_close c WHERE c.period_id > b.period_id) n ON n.id IS NOT NULL
WHERE b.closing <> 0
  AND NOT EXISTS (SELECT 1 FROM ledger.account_period k WHERE k.account_id = b.account_id AND k.period_id = n.id);

CREATE VIEW ledger."check_payables-match-control" AS
SELECT format('payable:%s %s', c.party_id, c.currency) AS object, sum(c.expected)::text AS expected, sum(c.actual)::text AS actual
FROM (
    SELECT e.party_id, e.currency, e.amount_micros AS expected, 0::bigint AS actual FROM ledger.earning e
    UNION ALL
    SELECT s.party_id, s.currency,
           CASE WHEN s.kind IN ('reserve_released', 'hold_released') THEN s.amount_micros ELSE -s.amount_micros END, 0
    FROM ledger.settlement_step s
    UNION ALL
    SELECT p.party_id, p.currency, -p.amount_micros, 0 FROM ledger.payment p
    WHERE NOT EXISTS (SELECT 1 FROM ledger.payment_result r WHERE r.payment_id = p.id AND r.result = 'returned')
    UNION ALL
    SELECT t.party_id, t.currency, t.amount_micros, 0 FROM ledger.settlement_step t
    JOIN ledger.payment p USING (settlement_id, party_id, currency)
    JOIN ledger.payment_result r ON r.payment_id = p.id AND r.result = 'returned' WHERE t.kind = 'tax_withheld'
    UNION ALL SELECT f.party_id, f.from_currency, -f.from_micros, 0 FROM ledger.fx_conversion f
    UNION ALL
    SELECT o.party_id, o.currency, o.amount_micros, 0 FROM ledger.write_off o
    JOIN ledger.write_off_approval p ON p.write_off_id = o.id AND p.journal_id IS NOT NULL WHERE o.advance_id IS NULL
    UNION ALL SELECT f.party_id, f.to_currency, f.to_micros, 0 FROM ledger.fx_conversion f
    UNION ALL
    SELECT a.owner_party, a.currency, 0, -p.amount
    FROM (SELECT account_id, sum(amount_micros)::bigint AS amount FROM ledger.posting GROUP BY account_id) p
    JOIN ledger.account a ON a.id = p.account_id WHERE a.class = 'payable'
) c
GROUP BY c.party_id, c.currency HAVING sum(c.expected) <> sum(c.actual);

CREATE VIEW ledger."check_payouts-match-clearing" AS
WITH open AS (
    SELECT 'payout_clearing:' || s.period_id AS code, p.currency, sum(p.amount_micros) AS amount
    FROM ledger.payment p JOIN ledger.settlement s ON s.id = p.settlement_id
    WHERE NOT EXISTS (SELECT 1 FROM ledger.payment_result r WHERE r.payment_id = p.id)
    GROUP BY s.period_id, p.currency
), actual AS (
    SELECT a.code, a.currency, -sum(p.amount_micros) AS amount
    FROM ledger.account a JOIN ledger.posting p ON p.account_id = a.id
    WHERE a.class = 'payout_clearing' GROUP BY a.code, a.currency
)
SELECT format('%s %s', coalesce(o.code, a.code), coalesce(o.currency, a.currency)) AS object,
       coalesce(o.amount, 0)::text AS expected, coalesce(a.amount, 0)::text AS actual
FROM open o FULL JOIN actual a ON a.code = o.code AND a.currency = o.currency
WHERE coalesce(o.amount, 0) <> coalesce(a.amount, 0);

CREATE VIEW ledger."check_allocations-sum-to-pool" AS
SELECT format('allocation %s', a.id) AS object, format('%s micros in %s lines', a.pool_micros, a.line_count) AS expected,
       format('%s micros in %s lines', coalesce(l.amount, 0), coalesce(l.lines, 0)) AS actual
FROM ledger.allocation a
LEFT JOIN (SELECT allocation_id, sum(amount_micros) AS amount, count(*) AS lines
           FROM ledger.allocation_line GROUP BY allocation_id) l ON l.allocation_id = a.id
WHERE coalesce(l.lines, 0) <> a.line_count
   OR coalesce(l.amount, 0) <> CASE WHEN a.to_suspense THEN 0 ELSE a.pool_micros END
UNION ALL
SELECT format('allocation %s dataset %s', l.allocation_id, l.dataset_id),
       min(l.dataset_floor_micros + l.dataset_extra_micros)::text, sum(l.amount_micros)::text
FROM ledger.allocation_line l WHERE l.dataset_id IS NOT NULL
GROUP BY l.allocation_id, l.dataset_id
HAVING sum(l.amount_micros) <> min(l.dataset_floor_micros + l.dataset_extra_micros) OR sum(l.share_ppm) <> 1000000;

CREATE VIEW ledger."check_receipts-unique" AS
SELECT format('%s %s', r.source, r.external_ref) AS object, '1' AS expected, count(*)::text AS actual
FROM ledger.revenue_receipt r WHERE NOT EXISTS (SELECT 1 FROM ledger.revenue_void v WHERE v.receipt_id = r.id)
GROUP BY r.source, r.external_ref HAVING count(*) > 1;

CREATE VIEW ledger."check_reversals-exact" AS
SELECT 'journal ' || j.id AS object, 'the negation of journal ' || j.reverses_id AS expected,
       format('account %s sums to %s', d.account_id, d.amount) AS actual
FROM ledger.journal j
CROSS JOIN LATERAL (SELECT p.account_id, sum(p.amount_micros) AS amount FROM ledger.posting p
                    WHERE p.journal_id IN (j.id, j.reverses_id) GROUP BY p.account_id
                    HAVING sum(p.amount_micros) <> 0) d
WHERE j.reverses_id IS NOT NULL;

CREATE VIEW ledger."check_guards-hold" AS
SELECT format('%s %s', a.code, a.currency) AS object, replace(a.guard, '_', ' ') AS expected, p.amount::text AS actual
FROM (SELECT account_id, sum(amount_micros) AS amount FROM ledger.posting GROUP BY account_id) p
JOIN ledger.account a ON a.id = p.account_id
WHERE CASE a.guard WHEN 'no_debit_balance' THEN p.amount > 0 WHEN 'no_credit_balance' THEN p.amount < 0 ELSE false END
  AND NOT (a.class = 'payable' AND EXISTS (SELECT 1 FROM ledger.payee_term t WHERE t.party_id = a.owner_party
               AND t.currency = a.currency AND t.allow_negative_carry));

CREATE VIEW ledger."check_accounts-as-charted" AS
SELECT format('%s %s', a.code, a.currency) AS object, concat_ws(', ', c.name, c.normal_side, c.guard, 'owner ' || c.owner) AS expected,
       concat_ws(', ', a.class, a.normal_side, a.guard, a.owner_party) AS actual
FROM ledger.account a LEFT JOIN ledger.account_class c ON c.name = split_part(a.code, ':', 1)
WHERE a.class IS DISTINCT FROM c.name OR a.normal_side IS DISTINCT FROM c.normal_side OR a.guard IS DISTINCT FROM c.guard
   OR a.owner_party IS DISTINCT FROM CASE c.owner WHEN 'party' THEN split_part(a.code, ':', 2) END;

CREATE VIEW ledger."check_rounding-zero" AS
SELECT format('%s %s', a.code, a.currency) AS object, '0' AS expected, sum(p.amount_micros)::text AS actual
FROM ledger.account a JOIN ledger.posting p ON p.account_id = a.id
WHERE a.class = 'rounding' GROUP BY a.id, a.code, a.currency HAVING sum(p.amount_micros) <> 0;

CREATE VIEW ledger."check_splits-total-one" AS
SELECT format('dataset %s on %s', s.dataset_id, d.day) AS object, '1000000' AS expected, sum(o.share_ppm)::text AS actual
FROM registry.dataset_split s
CROSS JOIN LATERAL (VALUES (lower(s.valid)), (upper(s.valid))) AS d (day)
JOIN registry.dataset_split o ON o.dataset_id = s.dataset_id AND o.valid @> d.day
GROUP BY s.dataset_id, s.party_id, s.role, s.valid, d.day HAVING sum(o.share_ppm) <> 1000000;

-- The division is checked by multiplying back. The extra units lie with the largest remainders when the smallest remainder
-- that got one is not below the largest that got none and, where both are equal, its ids come first.
CREATE VIEW ledger."check_allocations-follow-law" AS
WITH share AS MATERIALIZED (
    SELECT a.id, l.contributor_id AS key, a.pool_micros, a.weight_total, l.weight,
           l.dataset_floor_micros AS floor, l.dataset_extra_micros AS extra,
           a.pool_micros::numeric * l.weight - l.dataset_floor_micros * a.weight_total AS remainder
    FROM ledger.allocation a JOIN ledger.allocation_line l ON l.allocation_id = a.id
    WHERE a.weight_total > 0 AND l.dataset_id IS NULL
    UNION ALL
    SELECT DISTINCT a.id, l.dataset_id, a.pool_micros, a.weight_total, l.weight, l.dataset_floor_micros,
           l.dataset_extra_micros, a.pool_micros::numeric * l.weight - l.dataset_floor_micros * a.weight_total
    FROM ledger.allocation a JOIN ledger.allocation_line l ON l.allocation_id = a.id
    WHERE a.weight_total > 0 AND l.dataset_id IS NOT NULL
), bound AS (
    SELECT id, pool_micros - sum(floor) AS left_over, sum(extra) AS extras,
           min(remainder) FILTER (WHERE extra = 1) AS lowest_in, max(remainder) FILTER (WHERE extra = 0) AS highest_out
    FROM share GROUP BY id, pool_micros
)
SELECT format('allocation %s share %s', id, key) AS object, format('%s × %s ÷ %s', pool_micros, weight, weight_total) AS expected,
       format('floor %s', floor) AS actual
FROM share WHERE remainder < 0 OR remainder >= weight_total
UNION ALL
SELECT format('allocation %s', id), format('%s extra units for the largest remainders', left_over),
       format('%s extra units, remainder %s with one and %s without', extras, lowest_in, highest_out)
FROM bound WHERE extras <> left_over OR lowest_in < highest_out
UNION ALL
SELECT format('allocation %s', b.id), 'equal remainders: the first ids get the extra units',
       format('%s got one and %s none', max(s.key) FILTER (WHERE s.extra = 1), min(s.key) FILTER (WHERE s.extra = 0))
FROM bound b JOIN share s ON s.id = b.id AND s.remainder = b.lowest_in
WHERE b.lowest_in = b.highest_out
GROUP BY b.id HAVING max(s.key) FILTER (WHERE s.extra = 1) > min(s.key) FILTER (WHERE s.extra = 0)
UNION ALL
SELECT format('allocation %s dataset %s party %s', p.allocation_id, p.dataset_id, p.party_id),
       format('%s × %s ÷ 1000000, extra %s', p.amount, p.share_ppm, (p.rank <= p.left_over)::int),
       format('floor %s, extra %s', p.floor_micros, p.extra_micros)
FROM (SELECT l.*, d.amount, row_number() OVER (PARTITION BY l.allocation_id, l.dataset_id ORDER BY
                 d.amount * l.share_ppm - l.floor_micros::numeric * 1000000 DESC, l.party_id, l.role COLLATE "C") AS rank,
             d.amount - sum(l.floor_micros) OVER (PARTITION BY l.allocation_id, l.dataset_id) AS left_over
      FROM ledger.allocation_line l
      CROSS JOIN LATERAL (SELECT l.dataset_floor_micros::numeric + l.dataset_extra_micros AS amount) d
      WHERE l.dataset_id IS NOT NULL) p
WHERE p.floor_micros <> div(p.amount * p.share_ppm, 1000000) OR p.extra_micros <> (p.rank <= p.left_over)::int;

CREATE VIEW ledger."check_journals-unchanged" AS
SELECT 'journal ' || j.id AS object, encode(j.body_sha256, 'hex') AS expected, encode(b.sha256, 'hex') AS actual
FROM ledger.journal j
LEFT JOIN (SELECT p.journal_id, string_agg(a.code || ' ' || p.currency || ' ' || p.amount_micros, E'\n' ORDER BY p.line_no) AS text
           FROM ledger.posting p JOIN ledger.account a ON a.id = p.account_id GROUP BY p.journal_id) l ON l.journal_id = j.id
CROSS JOIN LATERAL (SELECT sha256(convert_to(
    concat_ws('|', j.kind, j.period_id, to_char(j.effective_on, 'YYYY-MM-DD'), coalesce(j.relates_to_period, ''),
              coalesce(j.reverses_id::text, '')) || E'\n' || l.text, 'UTF8')) AS sha256) b
WHERE j.body_sha256 IS DISTINCT FROM b.sha256;

CREATE VIEW ledger."check_payouts-match-statements" AS
SELECT 'statement ' || s.id AS object, format('%s micros paid', coalesce(p.amount_micros, 0)) AS expected,
       format('%s micros paid', s.paid) AS actual
FROM (SELECT t.id, t.party_id, t.currency, e.id AS settlement_id,
             trunc((convert_from(t.bytes, 'UTF8')::jsonb #>> '{balance,paid}')::numeric * 1000000) AS paid
      FROM statements.statement t
      JOIN ledger.settlement e ON e.period_id = t.period_id
      JOIN ledger.period_close c ON c.period_id = t.period_id
      WHERE NOT EXISTS (SELECT FROM statements.statement n WHERE n.supersedes = t.id)) s
LEFT JOIN ledger.payment p ON p.settlement_id = s.settlement_id AND p.party_id = s.party_id AND p.currency = s.currency
WHERE s.paid IS DISTINCT FROM coalesce(p.amount_micros, 0);

CREATE VIEW ledger."check_idempotency-unique" AS
SELECT format('key %s', j.idempotency_key) AS object, '1 journal' AS expected, format('%s journals', count(*)) AS actual
FROM ledger.journal j GROUP BY j.idempotency_key HAVING count(*) > 1
UNION ALL
SELECT format('key %s of %s', i.key, i.principal), '1 answer', format('%s answers', count(*))
FROM ledger.idempotency i GROUP BY i.principal, i.key HAVING count(*) > 1;

CREATE VIEW ledger."check_orphans" AS
SELECT format('%s lines of allocation %s', count(*), l.allocation_id) AS object, 'an allocation' AS expected, 'none' AS actual
FROM ledger.allocation_line l
WHERE NOT EXISTS (SELECT FROM ledger.allocation a WHERE a.id = l.allocation_id)
GROUP BY l.allocation_id
UNION ALL
SELECT format('%s steps of settlement %s', count(*), s.settlement_id), 'a settlement', 'none'
FROM ledger.settlement_step s
WHERE NOT EXISTS (SELECT FROM ledger.settlement t WHERE t.id = s.settlement_id)
GROUP BY s.settlement_id;

CREATE VIEW ledger."check_approvals-valid" AS
SELECT 'write-off ' || coalesce(w.reference, a.write_off_id::text) AS object,
       coalesce(format('1 and 2 by two people, not %s, not %s', w.proposed_by, w.party_id), 'a proposal') AS expected,
       string_agg(format('%s by %s', a.number, a.approved_by), ', ' ORDER BY a.number) AS actual
FROM ledger.write_off_approval a LEFT JOIN ledger.write_off w ON w.id = a.write_off_id
GROUP BY a.write_off_id, w.id
HAVING w.id IS NULL OR min(a.number) <> 1 OR count(DISTINCT a.approved_by) <> count(*)
    OR bool_or(a.approved_by IN (w.proposed_by, w.party_id))
    OR bool_or((a.proposed_by, a.party_id) <> (w.proposed_by, w.party_id));

CREATE VIEW ledger."check_leases-sane" AS
SELECT format('task %s of %s', t.number, t.run_id) AS object, 'a lease of minutes' AS expected,
       format('%s until %s', t.lease_owner, t.lease_until) AS actual
FROM credit.task t WHERE t.state = 'leased' AND t.lease_until > clock_timestamp() + interval '1 day'
UNION ALL
SELECT format('evaluation of task %s of %s', e.task, e.run_id), format('a fence up to %s', t.fence), e.fence::text
FROM credit.evaluation e JOIN credit.task t ON t.run_id = e.run_id AND t.number = e.task WHERE e.fence > t.fence;

CREATE VIEW ledger."check_log-covers-documents" AS
WITH document AS (
    SELECT 'statement ' || id AS name, 'payout-statement/v1' AS kind, sha256, issued_at AS at FROM statements.statement
    UNION ALL SELECT 'manifest ' || payout_run_id, 'payout-manifest/v1' AS kind, sha256, created_at FROM statements.manifest
    UNION ALL SELECT 'keyring ' || version, 'keyring/v1' AS kind, sha256, issued_at FROM statements.keyring
    UNION ALL SELECT 'seal of ' || period_id, 'ledger-seal/v1' AS kind, s.sha256, c.closed_at
        FROM statements.seal s LEFT JOIN ledger.period_close c USING (period_id)
)
SELECT coalesce(d.name, 'entry ' || e.index) AS object,
       CASE WHEN d.name IS NULL THEN 'a document with digest ' || encode(e.document_sha256, 'hex')
            ELSE format('a log entry of kind %s at %s', d.kind, d.at) END AS expected,
       CASE WHEN d.name IS NULL OR e.index IS NULL THEN 'none' ELSE format('%s at %s', e.kind, e.sequenced_at) END AS actual
FROM document d FULL JOIN statements.log_entry e ON e.document_sha256 = d.sha256
WHERE (d.kind, d.at) IS DISTINCT FROM (e.kind, e.sequenced_at)
UNION ALL
SELECT 'the log', format('%s entries', max(e.index) + 1), format('%s entries', count(*))
FROM statements.log_entry e HAVING count(*) <> max(e.index) + 1
UNION ALL
SELECT format('checkpoint %s', c.size), 'as many entries in the log', format('%s', (SELECT count(*) FROM statements.log_entry))
FROM statements.checkpoint c WHERE c.size > (SELECT count(*) FROM statements.log_entry);

CREATE VIEW ledger."check_log-covers-journals" AS
WITH sealed AS (
    SELECT s.period_id, convert_from(s.bytes, 'UTF8')::jsonb AS said
    FROM statements.seal s JOIN statements.log_entry e ON e.document_sha256 = s.sha256 AND e.kind = 'ledger-seal/v1'
)
SELECT format('%s of period %s', x.part, s.period_id) AS object, format('%s rows, %s', x.said_rows, x.said_digest) AS expected,
       format('%s rows, %s', x.row_count, x.digest) AS actual
FROM sealed s
CROSS JOIN LATERAL (
    SELECT coalesce(w.key, h.part) AS part, coalesce((w.value ->> 'rows')::bigint, 0) AS said_rows,
           coalesce(w.value ->> 'sha256', 'none') AS said_digest, coalesce(h.row_count, 0) AS row_count,
           coalesce(h.digest, 'none') AS digest
    FROM jsonb_each(s.said -> 'contents') w
    FULL JOIN statements.contents_of(s.said ->> 'period', s.said -> 'after', s.said -> 'until') h ON h.part = w.key) x
WHERE (x.said_rows, x.said_digest) <> (x.row_count, x.digest)
UNION ALL
SELECT 'period ' || coalesce(c.period_id, s.period_id), 'closed, and sealed in the log',
       CASE WHEN c.period_id IS NULL THEN 'sealed, not closed' ELSE 'closed, not sealed' END
FROM ledger.period_close c FULL JOIN sealed s ON s.period_id = c.period_id AND s.said ->> 'period' = c.period_id
WHERE c.period_id IS NULL OR s.period_id IS NULL;

-- Each source names the sums that its journal must have posted, by account and currency; nothing else may be there.
CREATE VIEW ledger."check_sources-match-journals" AS
WITH said AS (
    SELECT 'receipt ' || r.external_ref AS object, r.journal_id, x.code, r.currency, x.amount
    FROM ledger.revenue_receipt r
    CROSS JOIN LATERAL (VALUES ('receivable:' || r.source, r.gross_micros), ('fee:processing', -r.fee_micros),
        ('withholding:source', -r.tax_micros),
        ('pool:' || r.period_id, -(r.gross_micros - r.fee_micros - r.tax_micros))) AS x (code, amount)
    UNION ALL
    SELECT 'advance ' || a.reference, a.paid_journal_id, x.code, a.currency, x.amount
    FROM ledger.advance a
    CROSS JOIN LATERAL (VALUES ('advance:' || a.party_id, a.amount_micros), ('bank:main', -a.amount_micros)) AS x (code, amount)
    UNION ALL
    SELECT 'write-off ' || o.reference, p.journal_id, x.code, o.currency, x.amount
    FROM ledger.write_off o JOIN ledger.write_off_approval p ON p.write_off_id = o.id AND p.journal_id IS NOT NULL
    CROSS JOIN LATERAL (VALUES ('adjust:writeoff', o.amount_micros),
        (CASE WHEN o.advance_id IS NULL THEN 'payable:' ELSE 'advance:' END || o.party_id, -o.amount_micros)) AS x (code, amount)
    UNION ALL
    SELECT 'remittance ' || t.reference, t.journal_id, x.code, t.currency, x.amount
    FROM ledger.tax_remittance t
    CROSS JOIN LATERAL (VALUES ('withholding:' || t.jurisdiction, t.amount_micros), ('bank:main', -t.amount_micros)) AS x (code, amount)
    UNION ALL
    SELECT 'conversion of journal ' || f.journal_id, f.journal_id, x.code, x.currency, x.amount
    FROM ledger.fx_conversion f
    CROSS JOIN LATERAL (VALUES
        ('payable:' || f.party_id, f.from_currency, f.from_micros), ('fx:liquidity', f.from_currency, -f.from_micros),
        ('fx:liquidity', f.to_currency, f.to_micros), ('payable:' || f.party_id, f.to_currency, -f.to_micros)
    ) AS x (code, currency, amount)
    UNION ALL
    SELECT 'settlement ' || s.settlement_id || ' ' || s.kind, s.journal_id, 'payable:' || s.party_id, s.currency,
           CASE WHEN s.kind IN ('reserve_released', 'hold_released') THEN -s.amount_micros ELSE s.amount_micros END
    FROM ledger.settlement_step s
    UNION ALL
    SELECT 'settlement ' || p.settlement_id || ' payments', p.journal_id, 'payable:' || p.party_id, p.currency, p.amount_micros
    FROM ledger.payment p WHERE p.journal_id IS NOT NULL
), expected AS (
    SELECT object, journal_id, code, currency, sum(amount) AS amount FROM said
    GROUP BY object, journal_id, code, currency HAVING sum(amount) <> 0
), posted AS (
    SELECT p.journal_id, a.code, p.currency, sum(p.amount_micros) AS amount
    FROM ledger.posting p JOIN ledger.account a ON a.id = p.account_id JOIN ledger.journal j ON j.id = p.journal_id
    WHERE j.kind IN ('revenue_recognised', 'advance_paid', 'fx_converted', 'tax_remitted')
       OR (j.kind = 'written_off' AND (a.class IN ('payable', 'advance') OR a.code = 'adjust:writeoff'))
       OR (a.class = 'payable' AND j.kind IN ('advance_recouped', 'reserve_withheld', 'reserve_released', 'hold_placed',
                                              'hold_released', 'tax_withheld', 'payout_initiated'))
    GROUP BY p.journal_id, a.code, p.currency HAVING sum(p.amount_micros) <> 0
)
SELECT format('%s, %s %s', coalesce(e.object, 'journal ' || p.journal_id), coalesce(e.code, p.code), coalesce(e.currency, p.currency))
           AS object, coalesce(e.amount, 0)::text AS expected, coalesce(p.amount, 0)::text AS actual
FROM expected e FULL JOIN posted p
    ON p.journal_id = e.journal_id AND p.code = e.code AND p.currency = e.currency
WHERE coalesce(e.amount, 0) <> coalesce(p.amount, 0)
UNION ALL
SELECT 'void of receipt ' || r.external_ref, 'a reversal of journal ' || r.journal_id,
       coalesce(j.kind || ' of journal ' || j.reverses_id, 'none')
FROM ledger.revenue_void v JOIN ledger.revenue_receipt r ON r.id = v.receipt_id
LEFT JOIN ledger.journal j ON j.id = v.journal_id WHERE j.reverses_id IS DISTINCT FROM r.journal_id
UNION ALL
SELECT 'journal ' || j.id, 'the void of a receipt', 'none' FROM ledger.journal j
JOIN ledger.revenue_receipt r ON r.journal_id = j.reverses_id
WHERE NOT EXISTS (SELECT FROM ledger.revenue_void v WHERE v.journal_id = j.id)
UNION ALL
SELECT 'cancellation of advance ' || a.reference, 'a reversal of journal ' || a.paid_journal_id,
       coalesce(j.kind || ' of journal ' || j.reverses_id, 'none')
FROM ledger.advance_cancellation n JOIN ledger.advance a ON a.id = n.advance_id
LEFT JOIN ledger.journal j ON j.id = n.journal_id WHERE j.reverses_id IS DISTINCT FROM a.paid_journal_id
UNION ALL
SELECT 'journal ' || j.id, 'the cancellation of an advance', 'none' FROM ledger.journal j
JOIN ledger.advance a ON a.paid_journal_id = j.reverses_id
WHERE NOT EXISTS (SELECT FROM ledger.advance_cancellation n WHERE n.journal_id = j.id)
UNION ALL
SELECT 'receipt ' || r.external_ref, 'posted in ' || r.posted_period, 'posted in ' || j.period_id
FROM ledger.revenue_receipt r JOIN ledger.journal j ON j.id = r.journal_id WHERE j.period_id <> r.posted_period
UNION ALL
SELECT format('%s journal %s', j.kind, j.id), 'the row that it was posted for', 'none' FROM ledger.journal j
WHERE (j.kind = 'receivable_collected' AND NOT EXISTS (SELECT FROM ledger.revenue_collection c WHERE c.journal_id = j.id))
   OR (j.kind IN ('payout_settled', 'payout_returned')
       AND NOT EXISTS (SELECT FROM ledger.payment_result t WHERE t.journal_id = j.id));

CREATE VIEW ledger."check_grants-as-designed" AS
SELECT format('%s on ledger.%s', r.name, t.tablename) AS object, 'no ' || lower(v.verb) AS expected, lower(v.verb) AS actual
FROM pg_tables t
CROSS JOIN (VALUES ('laurel_app'), ('laurel_auditor')) AS r (name)
CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS v (verb)
WHERE t.schemaname = 'ledger' AND has_table_privilege(r.name, format('ledger.%I', t.tablename), v.verb)
UNION ALL
SELECT format('%s on function ledger.%s', r.name, p.proname), 'no execute', 'execute'
FROM pg_proc p
CROSS JOIN (VALUES ('laurel_app'), ('laurel_auditor')) AS r (name)
WHERE p.pronamespace = 'ledger'::regnamespace AND p.proname IN ('post_journal', 'reverse_journal', 'open_accounts', 'require_room')
  AND has_function_privilege(r.name, p.oid, 'EXECUTE');

CREATE VIEW ledger."check_triggers-enabled-always" AS
SELECT format('trigger %s on ledger.%s', w.trigger, w.tablename) AS object, 'enabled always' AS expected,
       CASE g.tgenabled WHEN 'O' THEN 'enabled for some sessions' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica only'
                        ELSE 'missing' END AS actual
FROM (SELECT tablename::text, 'append_only' AS trigger FROM pg_tables WHERE schemaname = 'ledger'
      UNION ALL VALUES ('journal', 'journal_enters'), ('journal', 'journal_holds'), ('posting', 'posting_belongs'),
                       ('account', 'account_belongs'), ('period_close', 'period_sealed')) w
LEFT JOIN pg_trigger g ON g.tgrelid = format('ledger.%I', w.tablename)::regclass AND g.tgname = w.trigger
WHERE g.tgenabled IS DISTINCT FROM 'A';

GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO laurel_app, laurel_auditor;

RESET ROLE;
