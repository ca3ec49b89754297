-- What the books say: a payee's period, earnings, balances.

SET ROLE laurel_owner;

-- ─────────────────────────────────────────────── a period of a payee ───────────────────────────────────────────────

-- The identity of every payee and currency with a balance or a movement in the period, credit as plus:
-- opening + earned + adjustments + reserve_released + hold_released + converted + written_off
--     - recouped - reserve_withheld - hold_placed - tax_withheld - paid + returned = closing.
-- closing is summed on its own, from every posting, so that the identity can fail.
CREATE FUNCTION ledger.payee_statement(p_period text)
RETURNS TABLE (
    party_id text, currency text, opening bigint, earned bigint, adjustments bigint, reserve_released bigint,
    hold_released bigint, converted bigint, written_off bigint, recouped bigint, reserve_withheld bigint, hold_placed bigint,
    tax_withheld bigint, paid bigint, returned bigint, closing bigint
)
LANGUAGE sql STABLE AS $$
    WITH closed AS (
        SELECT max(c.period_id) AS id FROM ledger.period_close c WHERE c.period_id < p_period
    ), moved AS (
        -- Everything since the last closed period before this one, by kind; what lies before this period is opening.
        SELECT a.owner_party, a.currency, sum(-p.amount_micros) AS amount,
               CASE WHEN j.period_id < p_period THEN 'opening'
                    WHEN j.kind IN ('prior_period_adjusted', 'reversal') THEN 'adjustments'
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
           coalesce(sum(m.amount) FILTER (WHERE m.kind = 'written_off'), 0)::bigint,
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
       a.posted_period, a.run_id, a.pool_micros, a.weight_total
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

-- What each dataset brought a payee in the period where it was posted: shares, and what restatements changed of them.
CREATE VIEW ledger.dataset_share AS
SELECT a.posted_period, a.currency, d.party_id, d.dataset_id, sum(d.amount)::bigint AS amount_micros
FROM ledger.allocation a
CROSS JOIN LATERAL (
    SELECT l.party_id, l.dataset_id,
           CASE l.allocation_id WHEN a.id THEN l.amount_micros ELSE -l.amount_micros END AS amount
    FROM ledger.allocation_line l WHERE l.allocation_id IN (a.id, a.supersedes) AND l.dataset_id IS NOT NULL
) d
GROUP BY a.posted_period, a.currency, d.party_id, d.dataset_id;

-- The pool of a period and currency as known today, late receipts with it: what came in, what was taken off, what was
-- shared, and over how much.
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

-- The pool as its period's own statements say it: what came in and was shared while the period took anything. What came
-- late, and what was restated, is an adjustment in the statements of the period where it was posted.
CREATE VIEW ledger.stated_pool AS
SELECT r.period_id, r.currency, r.gross_micros, r.fee_micros, r.tax_micros,
       r.gross_micros - r.fee_micros - r.tax_micros AS net_micros,
       a.id AS allocation_id, a.run_id, a.pool_micros, a.weight_total, a.policy_sha256, a.weights_sha256,
       c.contributor_count, c.dataset_count
FROM (SELECT v.period_id, v.currency, sum(v.gross_micros)::bigint AS gross_micros, sum(v.fee_micros)::bigint AS fee_micros,
             sum(v.tax_micros)::bigint AS tax_micros
      FROM ledger.revenue_receipt v
      WHERE v.posted_period = v.period_id
        AND NOT EXISTS (SELECT 1 FROM ledger.revenue_void x JOIN ledger.journal j ON j.id = x.journal_id
                        WHERE x.receipt_id = v.id AND j.period_id = v.period_id)
      GROUP BY v.period_id, v.currency) r
JOIN ledger.allocation a ON a.period_id = r.period_id AND a.currency = r.currency AND a.posted_period = a.period_id
     AND NOT EXISTS (SELECT 1 FROM ledger.allocation b WHERE b.supersedes = a.id AND b.posted_period = b.period_id)
CROSS JOIN LATERAL (
    SELECT count(DISTINCT l.contributor_id) AS contributor_count, count(DISTINCT l.dataset_id) AS dataset_count
    FROM ledger.allocation_line l WHERE l.allocation_id = a.id) c;

-- Lots of reserve, with what is still withheld of each.
CREATE VIEW ledger.reserve_lot AS
SELECT s.settlement_id || '-' || s.step_no AS id, s.party_id, s.currency, s.amount_micros, s.release_on,
       s.amount_micros - coalesce((SELECT sum(r.amount_micros) FROM ledger.settlement_step r
           WHERE r.kind = 'reserve_released' AND r.ref = s.settlement_id || '-' || s.step_no), 0)::bigint AS open_micros
FROM ledger.settlement_step s WHERE s.kind = 'reserve_withheld';

-- Advances with what became of them: recouped, given up, taken back whole, or still to be recouped.
CREATE VIEW ledger.advance_balance AS
SELECT a.id, a.party_id, a.currency, a.reference, a.amount_micros, a.recoup_ppm, a.dataset_id, a.cross_group,
       (SELECT j.period_id FROM ledger.journal j WHERE j.id = a.paid_journal_id) AS paid_in,
       r.recouped_micros, w.written_off_micros, c.is_cancelled,
       CASE WHEN c.is_cancelled THEN 0 ELSE a.amount_micros - r.recouped_micros - w.written_off_micros END AS outstanding_micros
FROM ledger.advance a
CROSS JOIN LATERAL (SELECT coalesce(sum(s.amount_micros), 0)::bigint AS recouped_micros FROM ledger.settlement_step s
                    WHERE s.kind = 'advance_recouped' AND s.ref = a.id::text) r
CROSS JOIN LATERAL (SELECT coalesce(sum(o.amount_micros), 0)::bigint AS written_off_micros FROM ledger.write_off o
                    JOIN ledger.write_off_approval p ON p.write_off_id = o.id AND p.journal_id IS NOT NULL
                    WHERE o.advance_id = a.id) w
CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM ledger.advance_cancellation n WHERE n.advance_id = a.id) AS is_cancelled) c;

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

REVOKE ALL ON FUNCTION ledger.payee_statement FROM PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO laurel_app, laurel_auditor;
GRANT EXECUTE ON FUNCTION ledger.payee_statement TO laurel_app, laurel_auditor;

RESET ROLE;
