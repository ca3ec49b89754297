-- What the ledger says: stable views and functions to read it by. Writing is in 0003.

SET ROLE laurel_owner;

-- ─────────────────────────────────────────────── a period of a payee ───────────────────────────────────────────────

-- The identity of every payee and currency with a balance or a movement in the period, credit as plus:
-- opening + earned + adjustments + reserve_released + hold_released + converted
--     - recouped - reserve_withheld - hold_placed - tax_withheld - paid + returned = closing.
-- closing is summed on its own, from every posting, so that the identity can fail.
CREATE FUNCTION ledger.payee_statement(p_period text)
RETURNS TABLE (
    party_id text, currency text, opening bigint, earned bigint, adjustments bigint, reserve_released bigint,
    hold_released bigint, converted bigint, recouped bigint, reserve_withheld bigint, hold_placed bigint,
    tax_withheld bigint, paid bigint, returned bigint, closing bigint
)
LANGUAGE sql STABLE AS $$
    WITH closed AS (
        SELECT max(c.period_id) AS id FROM ledger.period_close c WHERE c.period_id < p_period
    ), moved AS (
        -- Everything since the last closed period before this one, by kind; what lies before this period is opening.
        SELECT a.owner_party, a.currency, sum(-p.amount_micros) AS amount,
               CASE WHEN j.period_id < p_period THEN 'opening'
                    WHEN j.kind IN ('prior_period_adjusted', 'reversal', 'written_off') THEN 'adjustments'
                    ELSE j.kind END AS kind
        FROM ledger.posting p
        JOIN ledger.journal j ON j.id = p.journal_id
        JOIN ledger.account a ON a.id = p.account_id
        WHERE a.class = 'payable' AND j.period_id <= p_period AND j.period_id > coalesce((SELECT id FROM closed), '')
        GROUP BY a.owner_party, a.currency, 4
        UNION ALL
        SELECT a.owner_party, a.currency, -c.closing, 'opening'
        FROM ledger.account_period c JOIN ledger.account a ON a.id = c.account_id
        WHERE a.class = 'payable' AND c.period_id = (SELECT id FROM closed) AND c.closing <> 0
        UNION ALL
        -- Whoever took part and earned nothing is told so.
        SELECT DISTINCT l.party_id, n.currency, 0, 'pool_allocated'
        FROM ledger.allocation n JOIN ledger.allocation_line l ON l.allocation_id = n.id
        WHERE n.period_id = p_period AND n.posted_period = p_period
    )
    SELECT m.owner_party, m.currency,
           coalesce(sum(m.amount) FILTER (WHERE m.kind = 'opening'), 0)::bigint,
           coalesce(sum(m.amount) FILTER (WHERE m.kind = 'pool_allocated'), 0)::bigint,
           coalesce(sum(m.amount) FILTER (WHERE m.kind = 'adjustments'), 0)::bigint,
           coalesce(sum(m.amount) FILTER (WHERE m.kind = 'reserve_released'), 0)::bigint,
           coalesce(sum(m.amount) FILTER (WHERE m.kind = 'hold_released'), 0)::bigint,
           coalesce(sum(m.amount) FILTER (WHERE m.kind = 'fx_converted'), 0)::bigint,
           -coalesce(sum(m.amount) FILTER (WHERE m.kind = 'advance_recouped'), 0)::bigint,
           -coalesce(sum(m.amount) FILTER (WHERE m.kind = 'reserve_withheld'), 0)::bigint,
           -coalesce(sum(m.amount) FILTER (WHERE m.kind = 'hold_placed'), 0)::bigint,
           -coalesce(sum(m.amount) FILTER (WHERE m.kind = 'tax_withheld'), 0)::bigint,
           -coalesce(sum(m.amount) FILTER (WHERE m.kind = 'payout_initiated'), 0)::bigint,
           coalesce(sum(m.amount) FILTER (WHERE m.kind = 'payout_returned'), 0)::bigint,
           sum(m.amount)::bigint
    FROM moved m
    GROUP BY m.owner_party, m.currency
    ORDER BY m.owner_party COLLATE "C", m.currency
$$;

-- ───────────────────────────────────────────────────── earnings ─────────────────────────────────────────────────────

-- The allocation that is in force for a period and currency: the latest version.
CREATE VIEW ledger.current_allocation AS
SELECT a.* FROM ledger.allocation a
WHERE NOT EXISTS (SELECT 1 FROM ledger.allocation b WHERE b.supersedes = a.id);

-- Why a payee earned what in the period of use.
CREATE VIEW ledger.earning AS
SELECT a.period_id, a.currency, l.party_id, l.contributor_id, l.dataset_id, l.role, l.weight, l.share_ppm,
       l.dataset_floor_micros, l.dataset_extra_micros,
       l.dataset_floor_micros + l.dataset_extra_micros AS dataset_amount_micros,
       l.floor_micros, l.extra_micros, l.amount_micros, a.id AS allocation_id, a.version AS allocation_version,
       a.posted_period, a.run_id
FROM ledger.current_allocation a JOIN ledger.allocation_line l ON l.allocation_id = a.id;

-- What a restatement changed, new minus old, in the period where it was posted.
CREATE VIEW ledger.adjustment AS
SELECT d.allocation_id, a.posted_period, a.period_id AS relates_to_period, a.currency, d.party_id, d.dataset_id,
       sum(d.amount)::bigint AS amount_micros
FROM ledger.allocation a
CROSS JOIN LATERAL (
    SELECT a.id AS allocation_id, l.party_id, l.dataset_id,
           CASE l.allocation_id WHEN a.id THEN l.amount_micros ELSE -l.amount_micros END AS amount
    FROM ledger.allocation_line l WHERE l.allocation_id IN (a.id, a.supersedes)
) d
WHERE a.posted_period <> a.period_id
GROUP BY d.allocation_id, a.posted_period, a.period_id, a.currency, d.party_id, d.dataset_id
HAVING sum(d.amount) <> 0;

-- The pool of a period and currency: what came in, what was taken off, what was shared, and over how much.
CREATE VIEW ledger.pool_total AS
SELECT r.period_id, r.currency, r.gross_micros, r.fee_micros, r.tax_micros,
       r.gross_micros - r.fee_micros - r.tax_micros AS net_micros, r.receipt_count,
       a.id AS allocation_id, a.version AS allocation_version, a.run_id, a.pool_micros, a.weight_total, a.to_suspense,
       a.policy_sha256, a.weights_sha256, c.contributor_count, c.dataset_count
FROM (SELECT v.period_id, v.currency, sum(v.gross_micros)::bigint AS gross_micros, sum(v.fee_micros)::bigint AS fee_micros,
             sum(v.tax_micros)::bigint AS tax_micros, count(*) AS receipt_count
      FROM ledger.revenue_receipt v
      WHERE NOT EXISTS (SELECT 1 FROM ledger.revenue_void x WHERE x.receipt_id = v.id)
      GROUP BY v.period_id, v.currency) r
LEFT JOIN ledger.current_allocation a ON a.period_id = r.period_id AND a.currency = r.currency
LEFT JOIN LATERAL (
    SELECT count(DISTINCT l.contributor_id) AS contributor_count, count(DISTINCT l.dataset_id) AS dataset_count
    FROM ledger.allocation_line l WHERE l.allocation_id = a.id) c ON true;

-- Lots of reserve, with what is still withheld of each.
CREATE VIEW ledger.reserve_lot AS
SELECT s.settlement_id || '-' || s.step_no AS id, s.party_id, s.currency, s.amount_micros, s.release_on,
       s.amount_micros - coalesce((SELECT sum(r.amount_micros) FROM ledger.settlement_step r
           WHERE r.kind = 'reserve_released' AND r.ref = s.settlement_id || '-' || s.step_no), 0)::bigint AS open_micros
FROM ledger.settlement_step s WHERE s.kind = 'reserve_withheld';

-- Advances with what is still to be recouped.
CREATE VIEW ledger.advance_balance AS
SELECT a.id, a.party_id, a.currency, a.reference, a.amount_micros, a.recoup_ppm, a.dataset_id, a.cross_group,
       a.amount_micros - coalesce((SELECT sum(s.amount_micros) FROM ledger.settlement_step s
           WHERE s.kind = 'advance_recouped' AND s.ref = a.id::text), 0)::bigint AS outstanding_micros
FROM ledger.advance a;

-- What is held under each hold, by payee and currency, and from which period on it is released (NULL: it is not).
CREATE VIEW ledger.hold_balance AS
SELECT s.ref AS hold_id, s.party_id, s.currency, r.period_id AS released_in,
       sum(CASE s.kind WHEN 'hold_placed' THEN s.amount_micros ELSE -s.amount_micros END)::bigint AS held_micros
FROM ledger.settlement_step s LEFT JOIN ledger.hold_release r ON r.hold_id::text = s.ref
WHERE s.kind IN ('hold_placed', 'hold_released')
GROUP BY s.ref, s.party_id, s.currency, r.period_id;

-- Accounts with their balances; debit is plus.
CREATE VIEW ledger.trial_balance AS
SELECT a.code, a.class, a.currency, coalesce(sum(p.amount_micros) FILTER (WHERE p.amount_micros > 0), 0) AS debits,
       -coalesce(sum(p.amount_micros) FILTER (WHERE p.amount_micros < 0), 0) AS credits,
       coalesce(sum(p.amount_micros), 0) AS balance, count(p.journal_id) AS lines
FROM ledger.account a LEFT JOIN ledger.posting p ON p.account_id = a.id
GROUP BY a.id, a.code, a.class, a.currency;

-- ──────────────────────────────────────────────────── invariants ────────────────────────────────────────────────────

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
    (7,  'payables-match-control', false, 'what a payee is owed is what allocations, settlements, payments and conversions say',
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
WHERE (j.line_count, j.gross_micros, j.currency_set) IS DISTINCT FROM (p.lines, p.gross, p.currencies);

CREATE VIEW ledger."check_currencies-match" AS
SELECT format('journal %s line %s', p.journal_id, p.line_no) AS object, coalesce(a.currency, 'an account') AS expected,
       p.currency AS actual
FROM ledger.posting p LEFT JOIN ledger.account a ON a.id = p.account_id LEFT JOIN ledger.journal j ON j.id = p.journal_id
WHERE a.currency IS DISTINCT FROM p.currency OR j.id IS NULL;

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
WITH control AS (
    SELECT e.party_id, e.currency, e.amount_micros FROM ledger.earning e
    UNION ALL
    SELECT s.party_id, s.currency,
           CASE WHEN s.kind IN ('reserve_released', 'hold_released') THEN s.amount_micros ELSE -s.amount_micros END
    FROM ledger.settlement_step s
    UNION ALL
    SELECT p.party_id, p.currency, -p.amount_micros FROM ledger.payment p
    WHERE NOT EXISTS (SELECT 1 FROM ledger.payment_result r WHERE r.payment_id = p.id AND r.result = 'returned')
    UNION ALL SELECT f.party_id, f.from_currency, -f.from_micros FROM ledger.fx_conversion f
    UNION ALL SELECT f.party_id, f.to_currency, f.to_micros FROM ledger.fx_conversion f
), expected AS (
    SELECT party_id, currency, sum(amount_micros) AS amount FROM control GROUP BY party_id, currency
), actual AS (
    SELECT a.owner_party AS party_id, a.currency, -sum(p.amount_micros) AS amount
    FROM ledger.account a JOIN ledger.posting p ON p.account_id = a.id
    WHERE a.class = 'payable' GROUP BY a.owner_party, a.currency
)
SELECT format('payable:%s %s', coalesce(e.party_id, a.party_id), coalesce(e.currency, a.currency)) AS object,
       coalesce(e.amount, 0)::text AS expected, coalesce(a.amount, 0)::text AS actual
FROM expected e FULL JOIN actual a ON a.party_id = e.party_id AND a.currency = e.currency
WHERE coalesce(e.amount, 0) <> coalesce(a.amount, 0);

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
SELECT format('%s %s', a.code, a.currency) AS object, replace(a.guard, '_', ' ') AS expected, sum(p.amount_micros)::text AS actual
FROM ledger.account a JOIN ledger.posting p ON p.account_id = a.id
WHERE a.guard <> 'none'
GROUP BY a.id, a.code, a.currency, a.guard, a.class, a.owner_party
HAVING CASE a.guard WHEN 'no_debit_balance' THEN sum(p.amount_micros) > 0 ELSE sum(p.amount_micros) < 0 END
   AND NOT (a.class = 'payable' AND EXISTS (SELECT 1 FROM ledger.payee_term t WHERE t.party_id = a.owner_party
                AND t.currency = a.currency AND t.allow_negative_carry));

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

-- Shares of one level each; the division is checked by multiplying back, the extra units by ranking the remainders.
CREATE VIEW ledger."check_allocations-follow-law" AS
WITH share AS (
    SELECT DISTINCT a.id, coalesce(l.dataset_id, l.contributor_id) AS key, a.pool_micros, a.weight_total, l.weight,
           l.dataset_floor_micros AS floor, l.dataset_extra_micros AS extra
    FROM ledger.allocation a JOIN ledger.allocation_line l ON l.allocation_id = a.id
    WHERE a.weight_total > 0
), ranked AS (
    SELECT s.*, s.pool_micros::numeric * s.weight - s.floor * s.weight_total AS remainder,
           row_number() OVER (PARTITION BY s.id ORDER BY
               s.pool_micros::numeric * s.weight - s.floor * s.weight_total DESC, s.key COLLATE "C") AS rank,
           s.pool_micros - sum(s.floor) OVER (PARTITION BY s.id) AS left_over
    FROM share s
)
SELECT format('allocation %s share %s', r.id, r.key) AS object,
       format('%s × %s ÷ %s, extra %s', r.pool_micros, r.weight, r.weight_total, (r.rank <= r.left_over)::int) AS expected,
       format('floor %s, extra %s', r.floor, r.extra) AS actual
FROM ranked r
WHERE r.remainder < 0 OR r.remainder >= r.weight_total OR r.extra <> (r.rank <= r.left_over)::int;

CREATE VIEW ledger."check_journals-unchanged" AS
SELECT 'journal ' || j.id AS object, encode(j.body_sha256, 'hex') AS expected, encode(sha256(convert_to(
           b.head || E'\n' || b.body, 'UTF8')), 'hex') AS actual
FROM ledger.journal j
CROSS JOIN LATERAL (
    SELECT concat_ws('|', j.kind, j.period_id, to_char(j.effective_on, 'YYYY-MM-DD'), coalesce(j.relates_to_period, ''),
                     coalesce(j.reverses_id::text, '')) AS head,
           string_agg(a.code || ' ' || p.currency || ' ' || p.amount_micros, E'\n' ORDER BY p.line_no) AS body
    FROM ledger.posting p JOIN ledger.account a ON a.id = p.account_id WHERE p.journal_id = j.id) b
WHERE j.body_sha256 IS DISTINCT FROM sha256(convert_to(b.head || E'\n' || b.body, 'UTF8'));

CREATE VIEW ledger."check_grants-as-designed" AS
SELECT format('%s on ledger.%s', r.name, t.tablename) AS object, 'no ' || lower(v.verb) AS expected, lower(v.verb) AS actual
FROM pg_tables t
CROSS JOIN (VALUES ('laurel_app'), ('laurel_auditor')) AS r (name)
CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS v (verb)
WHERE t.schemaname = 'ledger' AND has_table_privilege(r.name, format('ledger.%I', t.tablename), v.verb);

CREATE VIEW ledger."check_triggers-enabled-always" AS
SELECT format('trigger %s on ledger.%s', w.trigger, w.tablename) AS object, 'enabled always' AS expected,
       CASE g.tgenabled WHEN 'O' THEN 'enabled for some sessions' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica only'
                        ELSE 'missing' END AS actual
FROM (SELECT tablename::text, 'append_only' AS trigger FROM pg_tables WHERE schemaname = 'ledger'
      UNION ALL VALUES ('journal', 'journal_enters'), ('journal', 'journal_holds'), ('posting', 'posting_belongs'),
                       ('account', 'account_belongs')) w
LEFT JOIN pg_trigger g ON g.tgrelid = format('ledger.%I', w.tablename)::regclass AND g.tgname = w.trigger
WHERE g.tgenabled IS DISTINCT FROM 'A';

REVOKE ALL ON FUNCTION ledger.payee_statement FROM PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO laurel_app, laurel_auditor;
GRANT EXECUTE ON FUNCTION ledger.payee_statement TO laurel_app, laurel_auditor;

RESET ROLE;
