-- Periods open and close; accounts open; journals are posted and reversed.

SET ROLE laurel_owner;

-- Opens a period, and every month between it and those that were opened before: none is left out, so that none is shut out
-- when a later one is settled or closed. One that is open stays open.
CREATE FUNCTION ledger.open_period(p_period text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    v_last text;
BEGIN
    IF EXISTS (SELECT 1 FROM period WHERE id = p_period) THEN
        RETURN;
    END IF;
    IF p_period !~ '^[0-9]{4}-(0[1-9]|1[0-2])$' THEN
        RAISE EXCEPTION '"%" is no period', p_period USING ERRCODE = 'LR002', HINT = 'write it as YYYY-MM';
    END IF;
    -- A typing error would open every month up to it, each of which has to be closed.
    IF p_period NOT BETWEEN to_char(transaction_timestamp() - interval '20 years', 'YYYY-MM')
                        AND to_char(transaction_timestamp() + interval '1 year', 'YYYY-MM') THEN
        RAISE EXCEPTION 'period % lies more than twenty years back or a year ahead', p_period USING ERRCODE = 'LR002',
            HINT = 'check the year';
    END IF;
    PERFORM pg_advisory_xact_lock(13, 0);
    v_last := greatest((SELECT max(period_id) FROM period_close), (SELECT max(period_id) FROM settlement));
    IF p_period < v_last THEN
        RAISE EXCEPTION 'period % lies before %, the last one settled or closed', p_period, v_last USING ERRCODE = 'LR001',
            HINT = 'post it into an open period';
    END IF;
    INSERT INTO period (id)
    SELECT to_char(m, 'YYYY-MM')
    FROM (SELECT min(first_day) AS first, max(first_day) AS last, to_date(p_period, 'YYYY-MM') AS new FROM period) k,
         generate_series(least(k.first, k.new)::timestamp, greatest(k.last, k.new)::timestamp, interval '1 month') AS m
    ON CONFLICT DO NOTHING;
END $$;

-- Whoever enters something for a period without posting a journal asks first: the period is open, and stays so meanwhile.
CREATE FUNCTION ledger.require_open(p_period text) RETURNS void
LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1, period_lock_key(p_period));
    IF EXISTS (SELECT FROM period_close c WHERE c.period_id = p_period) THEN
        RAISE EXCEPTION 'period % is closed', p_period USING ERRCODE = 'LR001',
            HINT = 'post into an open period; what concerns a closed one is an adjustment there';
    END IF;
END $$;

-- What came later than a period is not posted before it.
CREATE FUNCTION ledger.require_not_before(p_period text, p_earliest text, p_what text) RETURNS void
LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
    IF p_period < p_earliest THEN
        RAISE EXCEPTION '% of % cannot be posted into %, which lies before it', p_what, p_earliest, p_period
            USING ERRCODE = 'LR002', HINT = 'name ' || p_earliest || ' or a later period';
    END IF;
END $$;

-- What belongs to a period is posted in it while it takes anything, and in a later one once it is settled or closed:
-- elsewhere it would be missing when the period's own pools have to come to zero.
CREATE FUNCTION ledger.require_late(p_period text, p_into text, p_what text) RETURNS void
LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
    PERFORM require_not_before(p_into, p_period, p_what);
    IF p_into <> p_period AND NOT EXISTS (SELECT FROM settlement s WHERE s.period_id = p_period)
       AND NOT EXISTS (SELECT FROM period_close c WHERE c.period_id = p_period) THEN
        RAISE EXCEPTION 'period % is not settled yet, so % of it is posted there', p_period, p_what USING ERRCODE = 'LR001',
            HINT = 'leave out --into';
    END IF;
END $$;

-- Before a period is settled, every earlier one is settled or closed; and nobody opens another meanwhile.
CREATE FUNCTION ledger.require_settled_before(p_period text) RETURNS void
LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
DECLARE
    v_open text;
BEGIN
    PERFORM pg_advisory_xact_lock(13, 0);
    SELECT min(p.id) INTO v_open FROM period p
    WHERE p.id < p_period AND NOT EXISTS (SELECT FROM settlement s WHERE s.period_id = p.id)
      AND NOT EXISTS (SELECT FROM period_close c WHERE c.period_id = p.id);
    IF v_open IS NOT NULL THEN
        RAISE EXCEPTION 'period % is not settled', v_open USING ERRCODE = 'LR001',
            HINT = format('months are settled in their order: enter what is still missing of %1$s, then laurel statement issue --period %1$s, '
                          'or laurel period settle %1$s where nobody earned anything', v_open);
    END IF;
END $$;

-- Pools of a period and before it are shared before it is settled or closed.
CREATE FUNCTION ledger.require_shared(p_period text) RETURNS void
LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
DECLARE
    bad record;
BEGIN
    SELECT a.code, a.currency, sum(p.amount_micros) AS balance INTO bad
    FROM account a JOIN posting p ON p.account_id = a.id JOIN journal j ON j.id = p.journal_id
    WHERE (a.class = 'rounding' OR (a.class = 'pool' AND a.code <= 'pool:' || p_period)) AND j.period_id <= p_period
    GROUP BY a.code, a.currency HAVING sum(p.amount_micros) <> 0 ORDER BY a.code LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% still holds % %', bad.code, decimal_text(-bad.balance), bad.currency USING ERRCODE = 'LR001',
            HINT = format('share it first: laurel allocate --period %s', split_part(bad.code, ':', 2));
    END IF;
END $$;

-- Periods up to this one in which payees came to be owed something, and that nobody has settled.
CREATE FUNCTION ledger.unsettled_period(p_until text) RETURNS text
LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
    SELECT min(j.period_id) FROM journal j
    WHERE j.period_id <= p_until
      AND j.kind IN ('pool_allocated', 'prior_period_adjusted', 'payout_returned', 'fx_converted', 'written_off', 'reversal')
      AND NOT EXISTS (SELECT FROM settlement s WHERE s.period_id = j.period_id)
      AND EXISTS (SELECT FROM posting p JOIN account a ON a.id = p.account_id
                  WHERE p.journal_id = j.id AND a.class = 'payable')
$$;

-- The ids of the accounts, in their order; those that are new are opened.
CREATE FUNCTION ledger.open_accounts(p_codes text[], p_currencies text[]) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    v_ids bigint[];
    bad   record;
BEGIN
    LOOP
        -- ON CONFLICT would look every row up twice more; that somebody opens the same accounts meanwhile is rare.
        BEGIN
            WITH asked AS MATERIALIZED (
                SELECT u.code COLLATE "C" AS code, u.currency COLLATE "C" AS currency, u.n,
                       (SELECT a.id FROM account a WHERE a.code = u.code AND a.currency = u.currency) AS id
                FROM unnest(p_codes, p_currencies) WITH ORDINALITY AS u (code, currency, n)
            ), opened AS (
                INSERT INTO account (code, class, owner_party, currency, normal_side, guard)
                SELECT k.code, c.name, CASE c.owner WHEN 'party' THEN split_part(k.code, ':', 2) END, k.currency,
                       c.normal_side, c.guard
                FROM (SELECT DISTINCT code, currency FROM asked WHERE id IS NULL) k
                LEFT JOIN account_class c ON c.name = split_part(k.code, ':', 1)
                ORDER BY k.code, k.currency
                RETURNING account.id, account.code, account.currency
            )
            SELECT array_agg(coalesce(k.id, o.id) ORDER BY k.n) INTO v_ids
            FROM asked k LEFT JOIN opened o ON o.code = k.code AND o.currency = k.currency;
            RETURN v_ids;
        EXCEPTION
            WHEN unique_violation THEN
                CONTINUE;
            WHEN check_violation OR not_null_violation THEN
                SELECT u.code, u.currency INTO bad FROM unnest(p_codes, p_currencies) AS u (code, currency)
                LEFT JOIN account_class c ON c.name = split_part(u.code, ':', 1)
                WHERE c.name IS NULL OR u.code !~ '^[a-z_]+:[A-Za-z0-9][A-Za-z0-9._/-]*$' LIMIT 1;
                RAISE EXCEPTION 'there can be no account "%" in %', bad.code, bad.currency USING ERRCODE = 'LR002',
                    HINT = 'an account is class:owner, with a class of the chart of accounts';
        END;
    END LOOP;
END $$;

-- Posts a journal and returns its id. The key says what it means: the same key with the same body is the same journal,
-- with another body it is refused. The body is digested as text: the header's fields, then one line a posting.
CREATE FUNCTION ledger.post_journal(
    p_kind text, p_period text, p_effective_on date, p_key text,
    p_codes text[], p_currencies text[], p_amounts bigint[],
    p_source_kind text, p_source_id text, p_memo text DEFAULT '', p_relates_to text DEFAULT NULL,
    p_reverses bigint DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_accounts   bigint[];
    v_currencies text[];
    v_gross      numeric;
    v_lines      text;
    v_body       bytea;
    v_id         bigint;
    v_old        record;
BEGIN
    IF cardinality(p_codes) < 2 OR cardinality(p_codes) <> cardinality(p_amounts)
       OR cardinality(p_codes) <> cardinality(p_currencies) THEN
        RAISE EXCEPTION 'a journal has at least two lines, each with an account, a currency and an amount'
            USING ERRCODE = 'LR002';
    END IF;
    SELECT array_agg(l.account), array_agg(DISTINCT l.currency), sum(greatest(l.amount, 0)),
           string_agg(l.code || ' ' || l.currency || ' ' || l.amount, E'\n')
    INTO v_accounts, v_currencies, v_gross, v_lines
    FROM (SELECT u.code, u.currency COLLATE "C" AS currency, u.amount,
                 (SELECT a.id FROM account a WHERE a.code = u.code AND a.currency = u.currency) AS account
          FROM unnest(p_codes, p_currencies, p_amounts) WITH ORDINALITY AS u (code, currency, amount, n)
          ORDER BY u.n) l;
    IF array_position(v_accounts, NULL) IS NOT NULL THEN
        v_accounts := open_accounts(p_codes, p_currencies);
    END IF;
    v_body := sha256(convert_to(concat_ws('|', p_kind, p_period, to_char(p_effective_on, 'YYYY-MM-DD'),
        coalesce(p_relates_to, ''), coalesce(p_reverses::text, '')) || E'\n' || v_lines, 'UTF8'));
    INSERT INTO journal (kind, currency_set, period_id, effective_on, line_count, gross_micros, reverses_id,
                         relates_to_period, source_kind, source_id, idempotency_key, memo, body_sha256)
    VALUES (p_kind, v_currencies, p_period, p_effective_on, cardinality(p_codes), v_gross, p_reverses,
            p_relates_to, p_source_kind, p_source_id, p_key, p_memo, v_body)
    ON CONFLICT (idempotency_key) DO NOTHING
    RETURNING id INTO v_id;
    IF v_id IS NULL THEN
        SELECT j.id, j.body_sha256 INTO v_old FROM journal j WHERE j.idempotency_key = p_key;
        IF v_old.body_sha256 <> v_body THEN
            RAISE EXCEPTION 'the key "%" already names another journal', p_key USING ERRCODE = 'LR001',
                DETAIL = 'journal ' || v_old.id, HINT = 'use another key for another journal';
        END IF;
        RETURN v_old.id;
    END IF;
    INSERT INTO posting (journal_id, line_no, account_id, amount_micros, currency)
    SELECT v_id, u.n, u.account, u.amount, u.currency
    FROM unnest(v_accounts, p_currencies, p_amounts) WITH ORDINALITY AS u (account, currency, amount, n);
    IF v_gross > 100000000000000 THEN
        PERFORM require_room(v_id);  -- here too, while it is known which command asked
    END IF;
    RETURN v_id;
END $$;

-- Reverses a journal exactly; at most once in its life.
CREATE FUNCTION ledger.reverse_journal(p_journal bigint, p_period text, p_effective_on date, p_memo text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    original record;
    v_lines  record;
BEGIN
    SELECT * INTO original FROM journal WHERE id = p_journal;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no journal %', p_journal USING ERRCODE = 'LR002', HINT = 'see laurel ledger journals';
    END IF;
    SELECT array_agg(a.code ORDER BY p.line_no) AS codes, array_agg(p.currency ORDER BY p.line_no) AS currencies,
           array_agg(-p.amount_micros ORDER BY p.line_no) AS amounts
    INTO v_lines FROM posting p JOIN account a ON a.id = p.account_id WHERE p.journal_id = p_journal;
    RETURN post_journal('reversal', p_period, p_effective_on, 'reversal:' || p_journal, v_lines.codes,
        v_lines.currencies, v_lines.amounts, 'journal', p_journal::text, p_memo,
        nullif(original.period_id, p_period), p_journal);
END $$;

-- Closes a period: everything before it is closed, its pools are empty, its closing balances are written, and no
-- journal enters it again. Says whether that was still to do.
CREATE FUNCTION ledger.close_period(p_period text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    bad record;
BEGIN
    PERFORM pg_advisory_xact_lock(1, period_lock_key(p_period));
    IF NOT EXISTS (SELECT 1 FROM period WHERE id = p_period) THEN
        RAISE EXCEPTION 'there is no period %', p_period USING ERRCODE = 'LR002', HINT = 'see laurel period list';
    END IF;
    IF EXISTS (SELECT 1 FROM period_close WHERE period_id = p_period) THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(13, 0);
    SELECT p.id INTO bad FROM period p
    WHERE p.id < p_period AND NOT EXISTS (SELECT 1 FROM period_close c WHERE c.period_id = p.id) ORDER BY p.id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'period % is still open', bad.id USING ERRCODE = 'LR001',
            HINT = format('months close in their order: enter what is still missing of %1$s, then laurel period close %1$s', bad.id);
    END IF;
    PERFORM require_shared(p_period);
    IF unsettled_period(p_period) IS NOT NULL THEN
        RAISE EXCEPTION 'period % is not settled', unsettled_period(p_period) USING ERRCODE = 'LR001',
            HINT = format('laurel statement issue --period %1$s settles it and says so to everybody; laurel period settle %1$s only settles',
                          unsettled_period(p_period));
    END IF;
    INSERT INTO account_period (account_id, period_id, opening, debits, credits, closing, line_count)
    SELECT coalesce(m.account_id, o.account_id), p_period, coalesce(o.closing, 0), coalesce(m.debits, 0),
           coalesce(m.credits, 0), coalesce(o.closing, 0) + coalesce(m.debits, 0) - coalesce(m.credits, 0),
           coalesce(m.lines, 0)
    FROM (SELECT p.account_id, coalesce(sum(p.amount_micros) FILTER (WHERE p.amount_micros > 0), 0) AS debits,
                 -coalesce(sum(p.amount_micros) FILTER (WHERE p.amount_micros < 0), 0) AS credits, count(*) AS lines
          FROM posting p JOIN journal j ON j.id = p.journal_id WHERE j.period_id = p_period GROUP BY p.account_id) m
    FULL JOIN (SELECT c.account_id, c.closing FROM account_period c
               WHERE c.period_id = (SELECT max(period_id) FROM period_close) AND c.closing <> 0) o
        ON o.account_id = m.account_id;
    INSERT INTO period_close (period_id) VALUES (p_period);
    RETURN true;
END $$;

RESET ROLE;
