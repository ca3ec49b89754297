-- A pool is shared: the largest remainder over weights, then over splits.

SET ROLE laurel_owner;

-- Micros as people write them, always six decimals.
CREATE FUNCTION ledger.decimal_text(micros numeric) RETURNS text
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT to_char(micros / 1000000, 'FM9999999999999999990.000000') $$;

-- Exact largest remainder: floor(pool × weight ÷ total), the units left over to the largest remainders, ties to the id
-- that comes first as bytes. No rows when all weights are zero.
CREATE FUNCTION ledger.largest_remainder(p_pool numeric, p_ids text[], p_weights bigint[])
RETURNS TABLE (n bigint, id text, weight bigint, floor_micros bigint, extra_micros smallint)
LANGUAGE sql IMMUTABLE AS $$
    WITH floors AS MATERIALIZED (
        SELECT u.n, u.id, u.weight, div(p.product, t.weight) AS floor, mod(p.product, t.weight) AS remainder
        FROM unnest(p_ids, p_weights) WITH ORDINALITY AS u (id, weight, n),
             (SELECT sum(w) AS weight FROM unnest(p_weights) AS w) t,
             LATERAL (SELECT p_pool * u.weight AS product OFFSET 0) p  -- OFFSET 0: multiplied once
        WHERE t.weight > 0
    )
    SELECT n, id, weight, floor::bigint,
           (row_number() OVER (ORDER BY remainder DESC, id COLLATE "C")
                <= p_pool - (SELECT sum(floor) FROM floors))::int::smallint
    FROM floors
$$;

-- Shares the pool of a period and currency and posts what that changes against the allocation before it. The amount of
-- a dataset ('' where the weights name contributors only) is shared again over its split on the period's last day.
-- All weights zero: the pool goes to suspense. The same weights and pool again are the same allocation.
CREATE FUNCTION ledger.post_allocation(
    p_period text, p_currency text, p_posted_period text, p_effective_on date, p_run text, p_policy bytea,
    p_weights_sha256 bytea, p_contributors text[], p_datasets text[], p_weights bigint[],
    OUT o_allocation bigint, OUT o_created boolean
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp SET work_mem = '64MB' SET jit = off AS $$
DECLARE
    old       allocation;
    v_version int;
    v_total   numeric := coalesce((SELECT sum(w) FROM unnest(p_weights) w), 0);
    v_pool    numeric;
    v_day     date := (to_date(p_period || '-01', 'YYYY-MM-DD') + interval '1 month - 1 day')::date;
    v_bad     text;
    v_count   int;
    v_journal bigint;
    v_delta   record;
BEGIN
    PERFORM pg_advisory_xact_lock(4, hashtext(p_period || p_currency));
    PERFORM require_late(p_period, p_posted_period, 'the pool');
    PERFORM open_period(p_posted_period);
    SELECT * INTO old FROM allocation a WHERE a.period_id = p_period AND a.currency = p_currency
    ORDER BY a.version DESC LIMIT 1;
    v_version := coalesce(old.version, 0) + 1;
    SELECT coalesce(old.pool_micros, 0) - coalesce(sum(p.amount_micros), 0) INTO v_pool
    FROM posting p JOIN account a ON a.id = p.account_id
    WHERE a.code = 'pool:' || p_period AND a.currency = p_currency;
    IF old.pool_micros = v_pool AND old.weights_sha256 = p_weights_sha256 AND old.policy_sha256 = p_policy
       AND old.run_id IS NOT DISTINCT FROM p_run THEN
        o_allocation := old.id;
        o_created := false;
        RETURN;
    END IF;
    IF v_pool < 0 OR (v_pool = 0 AND old.id IS NULL) THEN
        RAISE EXCEPTION 'the pool of % holds no %', p_period, p_currency USING ERRCODE = 'LR001',
            HINT = format('add revenue first: laurel revenue add --period %s --currency %s', p_period, p_currency);
    END IF;
    SELECT min(c) INTO v_bad FROM unnest(p_contributors) c
    WHERE NOT EXISTS (SELECT FROM registry.party p WHERE p.id = c);
    IF v_bad IS NOT NULL THEN
        RAISE EXCEPTION 'there is no contributor "%"', v_bad USING ERRCODE = 'LR002',
            HINT = 'laurel contributor add ' || v_bad || ' --name NAME';
    END IF;
    -- Under another name it would pass by its split and its holds.
    SELECT min(d.id) INTO v_bad FROM unnest(p_contributors, p_datasets) AS u (contributor, dataset)
    JOIN registry.dataset d ON d.id = u.dataset WHERE u.dataset <> '' AND d.contributor <> u.contributor;
    IF v_bad IS NOT NULL THEN
        RAISE EXCEPTION 'the dataset % is another contributor''s', v_bad USING ERRCODE = 'LR002',
            HINT = 'laurel dataset show ' || v_bad || ' says whose';
    END IF;
    PERFORM require_open(p_posted_period);
    o_allocation := nextval(pg_get_serial_sequence('ledger.allocation', 'id'));
    o_created := true;
    -- In the order of the indexes, which makes them three times quicker to extend.
    IF NOT EXISTS (SELECT FROM unnest(p_datasets) d WHERE d <> '') THEN
        INSERT INTO allocation_line (allocation_id, line_no, dataset_id, contributor_id, party_id, role, weight, share_ppm,
                                     dataset_floor_micros, dataset_extra_micros, floor_micros, extra_micros)
        SELECT o_allocation, r.n, NULL, r.id, r.id, 'contributor', r.weight, 1000000,
               r.floor_micros, r.extra_micros, r.floor_micros, r.extra_micros
        FROM largest_remainder(v_pool, p_contributors, p_weights) r ORDER BY r.n;
    ELSE
        INSERT INTO allocation_line (allocation_id, line_no, dataset_id, contributor_id, party_id, role, weight, share_ppm,
                                     dataset_floor_micros, dataset_extra_micros, floor_micros, extra_micros)
        SELECT o_allocation, row_number() OVER (ORDER BY f.n, f.party, f.role), nullif(f.dataset, ''), f.contributor,
               f.party, f.role, f.weight, f.share, f.floor_micros, f.extra_micros, f.floor::bigint,
               (row_number() OVER (PARTITION BY f.n ORDER BY f.amount * f.share - f.floor * 1000000 DESC, f.party, f.role)
                    <= f.amount - sum(f.floor) OVER (PARTITION BY f.n))::int
        FROM (
            SELECT r.n, u.dataset, u.contributor, r.weight, r.floor_micros, r.extra_micros, a.amount,
                   coalesce(s.party_id, u.contributor) COLLATE "C" AS party,
                   coalesce(s.role, 'contributor') COLLATE "C" AS role, coalesce(s.share_ppm, 1000000) AS share,
                   div(a.amount * coalesce(s.share_ppm, 1000000), 1000000) AS floor
            FROM largest_remainder(v_pool, (SELECT array_agg(coalesce(nullif(d, ''), c) ORDER BY k)
                                            FROM unnest(p_contributors, p_datasets) WITH ORDINALITY AS i (c, d, k)),
                                   p_weights) r
            JOIN unnest(p_contributors, p_datasets) WITH ORDINALITY AS u (contributor, dataset, n) USING (n)
            CROSS JOIN LATERAL (SELECT r.floor_micros::numeric + r.extra_micros AS amount) a
            LEFT JOIN registry.dataset_split s ON u.dataset <> '' AND s.dataset_id = u.dataset AND s.valid @> v_day
        ) f ORDER BY f.n, f.party, f.role;
    END IF;
    GET DIAGNOSTICS v_count = ROW_COUNT;

    SELECT array_agg(d.code) AS codes, array_agg(d.amount::bigint) AS amounts,
           array_fill(p_currency, ARRAY[count(*)::int]) AS currencies
    INTO v_delta
    FROM (SELECT t.code COLLATE "C" AS code, sum(t.amount) AS amount FROM (
              SELECT 'payable:' || l.party_id AS code,
                     CASE l.allocation_id WHEN o_allocation THEN -l.amount_micros ELSE l.amount_micros END AS amount
              FROM allocation_line l WHERE l.allocation_id IN (o_allocation, old.id)
              UNION ALL SELECT 'suspense:unmatched', -v_pool WHERE v_total = 0
              UNION ALL SELECT 'suspense:unmatched', old.pool_micros WHERE old.to_suspense
              UNION ALL SELECT 'pool:' || p_period, v_pool - coalesce(old.pool_micros, 0)
          ) t GROUP BY t.code HAVING sum(t.amount) <> 0 ORDER BY 1) d;
    IF cardinality(v_delta.codes) > 0 THEN
        v_journal := post_journal(
            CASE p_posted_period WHEN p_period THEN 'pool_allocated' ELSE 'prior_period_adjusted' END,
            p_posted_period, p_effective_on, format('allocation:%s:%s:%s', p_period, p_currency, v_version),
            v_delta.codes, v_delta.currencies, v_delta.amounts, 'allocation', o_allocation::text, '',
            nullif(p_period, p_posted_period));
    END IF;
    INSERT INTO allocation (id, period_id, currency, version, supersedes, posted_period, run_id, pool_micros,
                            weight_total, method, policy_sha256, weights_sha256, to_suspense, line_count, journal_id)
    OVERRIDING SYSTEM VALUE
    VALUES (o_allocation, p_period, p_currency, v_version, old.id, p_posted_period, p_run, v_pool, v_total,
            'largest-remainder/1', p_policy, p_weights_sha256, v_total = 0, v_count, v_journal);
END $$;

-- Keeps a policy document and returns its digest.
CREATE FUNCTION ledger.record_policy(p_kind text, p_document bytea) RETURNS bytea
LANGUAGE sql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
    INSERT INTO policy (sha256, kind, document) VALUES (sha256(p_document), p_kind, p_document) ON CONFLICT DO NOTHING;
    SELECT sha256(p_document);
$$;

RESET ROLE;
