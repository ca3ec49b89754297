-- A period's waterfalls are posted, banks answer, balances change their currency.

SET ROLE laurel_owner;

-- What a plan takes and gives back, it takes and gives under agreements that are there, and no more than they leave.
CREATE FUNCTION ledger.require_agreed(p_steps jsonb, p_payments jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
DECLARE
    bad record;
BEGIN
    WITH step AS (
        SELECT t.kind, t.party_id, t.currency, t.ref, t.rate_ppm, sum(t.base_micros) AS base, sum(t.amount_micros) AS amount
        FROM jsonb_to_recordset(p_steps)
            AS t (kind text, party_id text, currency text, ref text, base_micros bigint, rate_ppm int, amount_micros bigint)
        GROUP BY t.kind, t.party_id, t.currency, t.ref, t.rate_ppm
    ), unit AS (
        SELECT c.code, (10 ^ (c.ledger_exponent - c.minor_exponent))::bigint AS micros FROM currency c
    )
    SELECT b.what, b.party_id, b.currency INTO bad
    FROM (
        SELECT 'more recouped than advanced' AS what, t.party_id, t.currency FROM step t
        WHERE t.kind = 'advance_recouped' AND t.amount > coalesce((SELECT a.outstanding_micros FROM advance_balance a
            WHERE a.id::text = t.ref AND a.party_id = t.party_id AND a.currency = t.currency), 0)
        UNION ALL
        SELECT 'a reserve that no term agrees on', t.party_id, t.currency FROM step t
        WHERE t.kind = 'reserve_withheld' AND (t.amount > t.base OR NOT EXISTS (SELECT FROM payee_term a
            WHERE a.party_id = t.party_id AND a.currency = t.currency AND a.reserve_ppm = t.rate_ppm))
        UNION ALL
        SELECT 'more released than reserved', t.party_id, t.currency FROM step t
        WHERE t.kind = 'reserve_released' AND t.amount > coalesce((SELECT a.open_micros FROM reserve_lot a
            WHERE a.id = t.ref AND a.party_id = t.party_id AND a.currency = t.currency), 0)
        UNION ALL
        SELECT 'a hold that nobody placed', t.party_id, t.currency FROM step t
        WHERE t.kind = 'hold_placed' AND NOT EXISTS (SELECT FROM hold h
            WHERE h.id::text = t.ref AND (h.party_id = t.party_id OR h.dataset_id IS NOT NULL))
        UNION ALL
        SELECT 'more released than held', t.party_id, t.currency FROM step t
        WHERE t.kind = 'hold_released' AND t.amount > coalesce((SELECT a.held_micros FROM hold_balance a
            WHERE a.hold_id = t.ref AND a.party_id = t.party_id AND a.currency = t.currency AND a.released_in IS NOT NULL), 0)
        UNION ALL
        SELECT 'tax by another rate than its rule', t.party_id, t.currency FROM step t JOIN unit u ON u.code = t.currency
        WHERE t.kind = 'tax_withheld' AND NOT EXISTS (SELECT FROM withholding_rule r
            WHERE r.id::text = t.ref AND r.rate_ppm = t.rate_ppm
              AND t.amount = div(div(t.base * r.rate_ppm, 1000000), u.micros) * u.micros)
        UNION ALL
        SELECT 'a payment of parts of the smallest unit', p.party_id, p.currency
        FROM jsonb_to_recordset(p_payments) AS p (party_id text, currency text, amount_micros bigint, minimum_micros bigint)
        JOIN unit u ON u.code = p.currency WHERE p.amount_micros % u.micros <> 0
        UNION ALL
        SELECT 'a payment to somebody suspended', p.party_id, p.currency
        FROM jsonb_to_recordset(p_payments) AS p (party_id text, currency text, amount_micros bigint)
        JOIN registry.party r ON r.id = p.party_id WHERE p.amount_micros > 0 AND r.status = 'suspended'
    ) b ORDER BY b.party_id, b.currency, b.what LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the settlement has % for % in %', bad.what, bad.party_id, bad.currency USING ERRCODE = 'LR001',
            HINT = 'plan it again: laurel period settle';
    END IF;
END $$;

-- Posts a planned waterfall: one journal a kind and currency. p_steps and p_payments are JSON arrays of what the columns
-- of settlement_step and payment are called. The account on the other side follows from the kind and, for tax, from the
-- rule that ref names. Once a period; returns NULL when the period is settled already.
CREATE FUNCTION ledger.post_settlement(
    p_period text, p_effective_on date, p_policy bytea, p_steps jsonb, p_payments jsonb
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    v_settlement bigint;
    v_journals   jsonb := '{}';
    v_group      record;
    v_journal    bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(1, period_lock_key(p_period));
    PERFORM open_period(p_period);
    IF EXISTS (SELECT 1 FROM settlement WHERE period_id = p_period) THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT 1 FROM settlement WHERE period_id > p_period) THEN
        RAISE EXCEPTION 'a period after % is settled already', p_period USING ERRCODE = 'LR001',
            HINT = 'post what is missing into an open period that is not settled';
    END IF;
    PERFORM require_open(p_period);
    PERFORM require_settled_before(p_period);
    PERFORM require_shared(p_period);
    -- Nobody cancels or writes off meanwhile what is recouped here.
    PERFORM FROM advance a
    WHERE a.id IN (SELECT s.ref::bigint FROM jsonb_to_recordset(p_steps) AS s (kind text, ref text)
                   WHERE s.kind = 'advance_recouped')
    ORDER BY a.id FOR UPDATE;
    PERFORM require_agreed(p_steps, p_payments);
    INSERT INTO settlement (period_id, policy_sha256) VALUES (p_period, p_policy) RETURNING id INTO v_settlement;
    FOR v_group IN
        SELECT l.kind, l.currency, array_agg(l.code ORDER BY l.code) AS codes,
               array_agg(l.amount::bigint ORDER BY l.code) AS amounts,
               array_fill(l.currency, ARRAY[count(*)::int]) AS currencies
        FROM (SELECT m.kind, m.currency, m.code, sum(m.amount) AS amount
              FROM (SELECT s.kind, s.currency, x.code, x.amount
                    FROM (SELECT t.kind, t.currency, t.party_id,
                                 CASE WHEN t.kind = 'advance_recouped' THEN 'advance:' || t.party_id
                                      WHEN t.kind IN ('reserve_withheld', 'reserve_released') THEN 'reserve:' || t.party_id
                                      WHEN t.kind IN ('hold_placed', 'hold_released') THEN 'hold:' || t.party_id
                                      WHEN t.kind = 'tax_withheld' THEN 'withholding:' || w.jurisdiction END AS counter,
                                 t.amount_micros
                          FROM jsonb_to_recordset(p_steps)
                               AS t (kind text, currency text, party_id text, ref text, amount_micros bigint)
                          LEFT JOIN withholding_rule w ON t.kind = 'tax_withheld' AND w.id::text = t.ref
                          UNION ALL
                          SELECT 'payout_initiated', currency, party_id, 'payout_clearing:' || p_period, amount_micros
                          FROM jsonb_to_recordset(p_payments)
                               AS (currency text, party_id text, amount_micros bigint) WHERE amount_micros > 0) s
                    CROSS JOIN LATERAL (VALUES
                        ('payable:' || s.party_id,
                         CASE WHEN s.kind IN ('reserve_released', 'hold_released') THEN -s.amount_micros ELSE s.amount_micros END),
                        (s.counter,
                         CASE WHEN s.kind IN ('reserve_released', 'hold_released') THEN s.amount_micros ELSE -s.amount_micros END)
                    ) AS x (code, amount)) m
              GROUP BY m.kind, m.currency, m.code) l
        GROUP BY l.kind, l.currency ORDER BY l.kind, l.currency
    LOOP
        v_journal := post_journal(v_group.kind, p_period, p_effective_on,
            format('settlement:%s:%s:%s', p_period, v_group.kind, v_group.currency), v_group.codes, v_group.currencies,
            v_group.amounts, 'settlement', v_settlement::text);
        v_journals := v_journals || jsonb_build_object(v_group.kind || v_group.currency, v_journal);
    END LOOP;
    INSERT INTO settlement_step (settlement_id, step_no, party_id, currency, kind, ref, base_micros, rate_ppm,
                                 amount_micros, release_on, journal_id)
    SELECT v_settlement, row_number() OVER (), s.party_id, s.currency, s.kind, s.ref, s.base_micros, s.rate_ppm,
           s.amount_micros, s.release_on, (v_journals ->> (s.kind || s.currency))::bigint
    FROM jsonb_to_recordset(p_steps) AS s (party_id text, currency text, kind text, ref text, base_micros bigint,
                                           rate_ppm int, amount_micros bigint, release_on date);
    INSERT INTO payment (settlement_id, party_id, currency, status, amount_micros, minimum_micros, journal_id)
    SELECT v_settlement, s.party_id, s.currency, s.status, s.amount_micros, s.minimum_micros,
           CASE WHEN s.amount_micros > 0 THEN (v_journals ->> ('payout_initiated' || s.currency))::bigint END
    FROM jsonb_to_recordset(p_payments) AS s (party_id text, currency text, status text, amount_micros bigint,
                                              minimum_micros bigint);
    RETURN v_settlement;
END $$;

-- The bank's answer to payments: settled moves them out of clearing, returned gives them back to the payees' accounts with their tax. One
-- journal a currency and settlement; all or none; says how many answers were news.
CREATE FUNCTION ledger.record_payment_results(
    p_payments bigint[], p_result text, p_reason text, p_period text, p_effective_on date
) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    v_bad     bigint;
    v_group   record;
    v_journal bigint;
    v_news    int := 0;
BEGIN
    SELECT i INTO v_bad FROM unnest(p_payments) i
    WHERE NOT EXISTS (SELECT 1 FROM payment p WHERE p.id = i AND p.amount_micros > 0) ORDER BY i LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'there is no payment %', v_bad USING ERRCODE = 'LR002', HINT = 'see laurel payment list';
    END IF;
    PERFORM pg_advisory_xact_lock(9, k.key)
    FROM (SELECT DISTINCT period_lock_key(s.period_id) AS key FROM payment p JOIN settlement s ON s.id = p.settlement_id
          WHERE p.id = ANY (p_payments) ORDER BY 1) k;
    SELECT r.payment_id INTO v_bad FROM payment_result r
    WHERE r.payment_id = ANY (p_payments) AND r.result = 'returned' AND p_result <> 'returned'
      AND NOT EXISTS (SELECT 1 FROM payment_result o WHERE o.payment_id = r.payment_id AND o.result = p_result)
    ORDER BY 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'payment % has been returned', v_bad USING ERRCODE = 'LR001',
            HINT = 'the payee is paid again in the next settlement';
    END IF;
    PERFORM require_not_before(p_period, (SELECT max(s.period_id) FROM payment p JOIN settlement s ON s.id = p.settlement_id
                                          WHERE p.id = ANY (p_payments)), 'a payment');
    PERFORM open_period(p_period);
    FOR v_group IN
        WITH news AS (
            SELECT p.id, p.party_id, p.currency, p.amount_micros,
                   CASE WHEN o.payment_id IS NULL THEN 'payout_clearing:' || s.period_id ELSE 'bank:main' END AS from_code,
                   CASE p_result WHEN 'settled' THEN 'bank:main' ELSE 'payable:' || p.party_id END AS to_code,
                   x.code AS tax_code, coalesce(x.amount, 0) AS tax
            FROM payment p JOIN settlement s ON s.id = p.settlement_id
            LEFT JOIN payment_result o ON o.payment_id = p.id AND o.result = 'settled'
            -- Nobody was paid, so nobody owes tax on it: a returned payment brings its tax back.
            LEFT JOIN LATERAL (SELECT 'withholding:' || r.jurisdiction AS code, t.amount_micros AS amount
                               FROM settlement_step t JOIN withholding_rule r ON r.id::text = t.ref
                               WHERE t.settlement_id = p.settlement_id AND t.party_id = p.party_id
                                 AND t.currency = p.currency AND t.kind = 'tax_withheld') x ON p_result = 'returned'
            WHERE p.id = ANY (p_payments)
              AND NOT EXISTS (SELECT 1 FROM payment_result r WHERE r.payment_id = p.id AND r.result = p_result)
        ), line AS (
            SELECT n.currency, n.from_code AS source, n.from_code AS code, sum(n.amount_micros)::bigint AS amount
            FROM news n GROUP BY n.currency, n.from_code
            UNION ALL
            SELECT n.currency, n.from_code, n.tax_code, sum(n.tax)::bigint
            FROM news n WHERE n.tax > 0 GROUP BY n.currency, n.from_code, n.tax_code
            UNION ALL
            SELECT n.currency, n.from_code, n.to_code, -sum(n.amount_micros + n.tax)::bigint
            FROM news n GROUP BY n.currency, n.from_code, n.to_code
        )
        SELECT l.currency, array_agg(l.code ORDER BY l.amount DESC, l.code COLLATE "C") AS codes,
               array_agg(l.amount ORDER BY l.amount DESC, l.code COLLATE "C") AS amounts,
               array_fill(l.currency, ARRAY[count(*)::int]) AS currencies,
               (SELECT array_agg(n.id ORDER BY n.id) FROM news n
                WHERE n.currency = l.currency AND n.from_code = l.source) AS ids
        FROM line l GROUP BY l.currency, l.source ORDER BY l.currency, l.source
    LOOP
        v_journal := post_journal('payout_' || p_result, p_period, p_effective_on,
            format('payment:%s:%s', v_group.ids[1], p_result), v_group.codes, v_group.currencies, v_group.amounts,
            'payment', v_group.ids[1]::text, p_reason);
        INSERT INTO payment_result (payment_id, result, reason, journal_id)
        SELECT i, p_result, p_reason, v_journal FROM unnest(v_group.ids) i;
        v_news := v_news + cardinality(v_group.ids);
    END LOOP;
    RETURN v_news;
END $$;

-- What a payee may convert: what is owed, without the earnings of periods that are not settled where an advance, a reserve
-- or a hold on a dataset may claim them, and nothing while the payee is on hold.
CREATE FUNCTION ledger.convertible(p_party text, p_currency text) RETURNS numeric
LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
DECLARE
    v_account bigint;
    v_free    numeric;
BEGIN
    SELECT a.id INTO v_account FROM account a
    WHERE a.code = 'payable:' || p_party AND a.currency = p_currency FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM hold h WHERE h.party_id = p_party
               AND NOT EXISTS (SELECT FROM hold_release r WHERE r.hold_id = h.id)) THEN
        RETURN 0;
    END IF;
    SELECT coalesce(-sum(p.amount_micros), 0) INTO v_free FROM posting p WHERE p.account_id = v_account;
    IF EXISTS (SELECT FROM advance_balance a WHERE a.party_id = p_party AND a.currency = p_currency AND a.outstanding_micros > 0)
       OR (SELECT t.reserve_ppm FROM payee_term t WHERE t.party_id = p_party AND t.currency = p_currency
           ORDER BY t.valid_from DESC, t.id DESC LIMIT 1) > 0
       OR EXISTS (SELECT FROM hold h JOIN dataset_share e ON e.dataset_id = h.dataset_id
                  WHERE e.party_id = p_party AND e.currency = p_currency
                    AND NOT EXISTS (SELECT FROM hold_release r WHERE r.hold_id = h.id)) THEN
        v_free := v_free + coalesce((
            SELECT sum(p.amount_micros) FROM posting p JOIN journal j ON j.id = p.journal_id
            WHERE p.account_id = v_account AND j.kind IN ('pool_allocated', 'prior_period_adjusted')
              AND NOT EXISTS (SELECT FROM settlement s WHERE s.period_id = j.period_id)), 0);
    END IF;
    RETURN greatest(v_free, 0);
END $$;

-- Converts part of a payee's balance: four legs through fx:liquidity, the rate recorded; rounded down to a micro.
CREATE FUNCTION ledger.convert_balance(
    p_party text, p_from text, p_to text, p_amount bigint, p_rate text, p_rate_source text, p_rate_on date,
    p_period text, p_effective_on date, p_key text
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    v_to      bigint := floor(p_amount * p_rate::numeric);
    v_journal bigint;
    v_free    numeric;
    old       fx_conversion;
BEGIN
    PERFORM pg_advisory_xact_lock(12, hashtext(p_key));
    SELECT f.* INTO old FROM fx_conversion f JOIN journal j ON j.id = f.journal_id WHERE j.idempotency_key = 'fx:' || p_key;
    IF FOUND THEN
        IF (old.party_id, old.from_currency, old.to_currency, old.from_micros, old.rate, old.rate_source, old.rate_on,
            (SELECT j.period_id FROM journal j WHERE j.id = old.journal_id)) <>
           (p_party, p_from, p_to, p_amount, p_rate, p_rate_source, p_rate_on, p_period) THEN
            RAISE EXCEPTION 'conversion % is already recorded otherwise', p_key USING ERRCODE = 'LR001',
                HINT = 'use its own reference';
        END IF;
        RETURN old.journal_id;
    END IF;
    v_free := convertible(p_party, p_from);
    IF p_amount > v_free THEN
        RAISE EXCEPTION 'only % % of % can be converted', decimal_text(v_free::bigint), p_from, p_party USING ERRCODE = 'LR001',
            HINT = 'earnings that an advance, a reserve or a hold may claim are settled first; what is held is not converted';
    END IF;
    PERFORM open_period(p_period);
    v_journal := post_journal('fx_converted', p_period, p_effective_on, 'fx:' || p_key,
        ARRAY['payable:' || p_party, 'fx:liquidity', 'fx:liquidity', 'payable:' || p_party],
        ARRAY[p_from, p_from, p_to, p_to], ARRAY[p_amount, -p_amount, v_to, -v_to], 'fx', p_key,
        format('%s %s/%s by %s on %s', p_rate, p_to, p_from, p_rate_source, p_rate_on));
    INSERT INTO fx_conversion (journal_id, party_id, from_currency, to_currency, from_micros, to_micros, rate,
                               rate_source, rate_on)
    VALUES (v_journal, p_party, p_from, p_to, p_amount, v_to, p_rate, p_rate_source, p_rate_on);
    RETURN v_journal;
END $$;

RESET ROLE;
