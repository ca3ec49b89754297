-- What every row of the ledger must satisfy, whoever writes it and however: triggers that are always on.

SET ROLE laurel_owner;

-- Shared by posters, exclusive to whoever closes the period. Class 1 of our advisory locks; class 2 is idempotency.
CREATE FUNCTION ledger.period_lock_key(period_id text) RETURNS int
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT replace(period_id, '-', '')::int $$;

CREATE FUNCTION ledger.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: the ledger is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'LR001', HINT = 'correct it with a reversal or an adjustment';
END $$;

-- Before a header: its period is open and stays open until this transaction ends; what it refers to is there.
CREATE FUNCTION ledger.journal_enters() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'journals are posted under READ COMMITTED' USING ERRCODE = 'LR001',
            HINT = 'an older snapshot could miss that the period was closed';
    END IF;
    -- Only whoever closes the period holds this lock alone; the attempt is the quick way to the same shared lock.
    IF NOT pg_try_advisory_xact_lock_shared(1, ledger.period_lock_key(NEW.period_id)) THEN
        PERFORM pg_advisory_xact_lock_shared(1, ledger.period_lock_key(NEW.period_id));
    END IF;
    IF NOT EXISTS (SELECT FROM ledger.period p
                   WHERE p.id = NEW.period_id
                     AND NOT EXISTS (SELECT FROM ledger.period_close c WHERE c.period_id = p.id)) THEN
        IF EXISTS (SELECT FROM ledger.period_close c WHERE c.period_id = NEW.period_id) THEN
            RAISE EXCEPTION 'period % is closed', NEW.period_id USING ERRCODE = 'LR001',
                HINT = 'post into an open period; what concerns a closed one is an adjustment there';
        END IF;
        RAISE EXCEPTION 'there is no period %', NEW.period_id
            USING ERRCODE = 'LR002', HINT = 'see laurel period list';
    END IF;
    IF NEW.line_count < 2 OR NEW.gross_micros <= 0 OR length(NEW.body_sha256) <> 32
       OR (NEW.kind = 'reversal') <> (NEW.reverses_id IS NOT NULL) THEN
        RAISE EXCEPTION 'this is no journal: % of % lines and % micros', NEW.kind, NEW.line_count, NEW.gross_micros
            USING ERRCODE = 'LR002', HINT = 'two lines or more, not all of them credits; a reversal names what it reverses';
    END IF;
    IF NEW.relates_to_period IS NOT NULL OR NEW.reverses_id IS NOT NULL THEN
        IF NOT (NEW.relates_to_period IS NULL
                OR EXISTS (SELECT FROM ledger.period p WHERE p.id = NEW.relates_to_period))
           OR NOT (NEW.reverses_id IS NULL OR EXISTS (SELECT FROM ledger.journal j WHERE j.id = NEW.reverses_id)) THEN
            RAISE EXCEPTION 'a journal of % refers to a period or a journal that is not there', NEW.period_id
                USING ERRCODE = 'LR002', HINT = 'see laurel period list and laurel ledger journals';
        END IF;
    END IF;
    IF to_char(NEW.effective_on, 'YYYY-MM') <> NEW.period_id THEN
        RAISE EXCEPTION 'the date % does not lie in period %', NEW.effective_on, NEW.period_id
            USING ERRCODE = 'LR002', HINT = 'use a date of that month';
    END IF;
    IF NEW.xid <> pg_current_xact_id() THEN
        RAISE EXCEPTION 'a journal carries the transaction that wrote it' USING ERRCODE = 'LR001';
    END IF;
    RETURN NEW;
END $$;

-- After new accounts of a statement: class, side, guard and owner as the chart says, currency and party known.
CREATE FUNCTION ledger.account_belongs() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    bad text;
BEGIN
    SELECT min(n.code) INTO bad
    FROM (SELECT min(a.code) AS code, a.class, a.normal_side, a.guard, a.currency, a.owner_party IS NOT NULL AS owned
          FROM new_account a GROUP BY 2, 3, 4, 5, 6) n
    LEFT JOIN ledger.account_class c ON c.name = n.class
    WHERE (c.normal_side, c.guard, c.owner = 'party') IS DISTINCT FROM (n.normal_side, n.guard, n.owned)
       OR NOT EXISTS (SELECT FROM ledger.currency y WHERE y.code = n.currency);
    IF bad IS NULL THEN
        SELECT min(n.code) INTO bad FROM new_account n
        WHERE n.owner_party IS NOT NULL AND NOT EXISTS (SELECT FROM registry.party p WHERE p.id = n.owner_party);
    END IF;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'account % is not as the chart of accounts says', bad USING ERRCODE = 'LR002',
            HINT = 'check the class, the currency and that the party is registered';
    END IF;
    RETURN NULL;
END $$;

-- After the lines of a statement: each belongs to a header of this very transaction, so that journal_holds sees it.
CREATE FUNCTION ledger.posting_belongs() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    IF EXISTS (SELECT FROM new_posting n
               WHERE (SELECT j.xid FROM ledger.journal j WHERE j.id = n.journal_id)
                     IS DISTINCT FROM pg_current_xact_id()) THEN
        SELECT n.journal_id, n.line_no INTO bad
        FROM new_posting n LEFT JOIN ledger.journal j ON j.id = n.journal_id
        WHERE j.xid IS DISTINCT FROM pg_current_xact_id() ORDER BY n.journal_id, n.line_no LIMIT 1;
        RAISE EXCEPTION 'line % of journal % came late', bad.line_no, bad.journal_id
            USING ERRCODE = 'LR001', HINT = 'post a new journal';
    END IF;
    RETURN NULL;
END $$;

-- After a journal of more than 100 million: an account's balance stays below 2^62 micros, half of what an amount can hold, and
-- so does what it took in and gave out in the period, since closing rows hold both. The other half is room for the journals too
-- small to look (46,000 of the largest of them). What an account turns over in all its years has no limit.
CREATE FUNCTION ledger.require_room(p_journal bigint) RETURNS void
LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
DECLARE
    account record;
BEGIN
    SELECT a.code, a.currency INTO account FROM account a
    WHERE a.id IN (SELECT p.account_id FROM posting p WHERE p.journal_id = p_journal)
      AND (SELECT greatest(abs(sum(p.amount_micros)),
                           sum(p.amount_micros) FILTER (WHERE p.amount_micros > 0 AND o.period_id = j.period_id),
                           -sum(p.amount_micros) FILTER (WHERE p.amount_micros < 0 AND o.period_id = j.period_id))
           FROM posting p JOIN journal o ON o.id = p.journal_id, journal j
           WHERE p.account_id = a.id AND j.id = p_journal) > 4611686018427387904
    ORDER BY a.id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'account % % would hold or move more than 4611686018427.387904', account.code, account.currency
            USING ERRCODE = 'LR002', HINT = 'split what it is for over several accounts';
    END IF;
END $$;

-- At commit, once a header: its lines are all there, on accounts of their currency, sum to zero in each currency, negate
-- what they reverse, leave no guarded account on its forbidden side, and no settled period's payees owed something else.
-- (SECURITY DEFINER because a deferred trigger runs as whoever commits, and the program may not lock accounts.)
CREATE FUNCTION ledger.journal_holds() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_lines      bigint;
    v_gross      numeric;
    v_currencies text[];
    v_balanced   boolean;
    v_belongs    boolean;
    v_guarded    boolean;
    v_owed       boolean;
    v_drawn      bigint[];
    account      record;
BEGIN
    SELECT count(*), sum(greatest(p.amount_micros, 0)), array_agg(DISTINCT p.currency ORDER BY p.currency),
           sum(p.amount_micros) = 0, bool_and(a.currency IS NOT DISTINCT FROM p.currency),
           bool_or(a.guard = CASE WHEN p.amount_micros > 0 THEN 'no_debit_balance' ELSE 'no_credit_balance' END),
           bool_or(a.class IN ('payable', 'pool'))
    INTO v_lines, v_gross, v_currencies, v_balanced, v_belongs, v_guarded, v_owed
    FROM posting p
    -- OFFSET 0: looked up by key line by line, also while nobody has counted the rows yet.
    LEFT JOIN LATERAL (SELECT b.currency, b.guard, b.class FROM account b WHERE b.id = p.account_id OFFSET 0) a ON true
    WHERE p.journal_id = NEW.id;
    IF v_lines <> NEW.line_count OR v_gross IS DISTINCT FROM NEW.gross_micros
       OR v_currencies IS DISTINCT FROM NEW.currency_set THEN
        RAISE EXCEPTION 'journal % is incomplete: % lines and % micros announced, % and % posted',
            NEW.id, NEW.line_count, NEW.gross_micros, v_lines, v_gross USING ERRCODE = 'LR001';
    END IF;
    IF NOT v_belongs THEN
        RAISE EXCEPTION 'a line of journal % stands on an account of another currency, or on none', NEW.id
            USING ERRCODE = 'LR001';
    END IF;
    IF cardinality(v_currencies) > 1 THEN
        SELECT bool_and(c.net = 0) INTO v_balanced
        FROM (SELECT sum(p.amount_micros) AS net FROM posting p WHERE p.journal_id = NEW.id GROUP BY p.currency) c;
    END IF;
    IF NOT v_balanced THEN
        RAISE EXCEPTION 'journal % does not balance in every currency', NEW.id USING ERRCODE = 'LR001';
    END IF;
    IF v_owed THEN
        IF EXISTS (SELECT FROM settlement s WHERE s.period_id = NEW.period_id AND s.xid <> NEW.xid) THEN
            RAISE EXCEPTION 'period % is settled: nothing more is earned or owed in it', NEW.period_id
                USING ERRCODE = 'LR001', HINT = 'post it into a later period: --into, or --period';
        END IF;
    END IF;
    IF NEW.gross_micros > 100000000000000 THEN
        PERFORM require_room(NEW.id);
    END IF;
    IF NEW.reverses_id IS NOT NULL THEN
        IF EXISTS (SELECT FROM posting p WHERE p.journal_id IN (NEW.id, NEW.reverses_id)
                   GROUP BY p.account_id HAVING sum(p.amount_micros) <> 0) THEN
            RAISE EXCEPTION 'journal % is not the exact negation of journal %', NEW.id, NEW.reverses_id
                USING ERRCODE = 'LR001';
        END IF;
    END IF;
    IF v_guarded THEN
        -- Those that a line moves towards their forbidden side, locked in the order of their ids, so that two journals
        -- cannot both spend the same balance.
        SELECT array_agg(g.id) INTO v_drawn
        FROM (SELECT a.id FROM posting p JOIN account a ON a.id = p.account_id
              WHERE p.journal_id = NEW.id
                AND a.guard = CASE WHEN p.amount_micros > 0 THEN 'no_debit_balance' ELSE 'no_credit_balance' END
              ORDER BY a.id FOR NO KEY UPDATE OF a) g;
        SELECT a.code, a.currency, abs(sum(p.amount_micros)) AS amount INTO account
        FROM account a JOIN posting p ON p.account_id = a.id
        WHERE a.id = ANY (v_drawn)
        GROUP BY a.id
        HAVING CASE a.guard WHEN 'no_debit_balance' THEN sum(p.amount_micros) > 0 ELSE sum(p.amount_micros) < 0 END
           AND NOT (a.class = 'payable' AND coalesce((
               SELECT t.allow_negative_carry FROM payee_term t
               WHERE t.party_id = a.owner_party AND t.currency = a.currency AND t.valid_from <= NEW.effective_on
               ORDER BY t.valid_from DESC, t.id DESC LIMIT 1), false))
        ORDER BY a.id LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'account % would stand at % % on its forbidden side', account.code,
                trim_scale(account.amount / 1000000), account.currency
                USING ERRCODE = 'LR001', HINT = 'take less, or agree on a negative carry in the payee''s terms';
        END IF;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER journal_enters BEFORE INSERT ON ledger.journal
    FOR EACH ROW EXECUTE FUNCTION ledger.journal_enters();
CREATE CONSTRAINT TRIGGER journal_holds AFTER INSERT ON ledger.journal
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.journal_holds();
CREATE TRIGGER account_belongs AFTER INSERT ON ledger.account
    REFERENCING NEW TABLE AS new_account FOR EACH STATEMENT EXECUTE FUNCTION ledger.account_belongs();
CREATE TRIGGER posting_belongs AFTER INSERT ON ledger.posting
    REFERENCING NEW TABLE AS new_posting FOR EACH STATEMENT EXECUTE FUNCTION ledger.posting_belongs();
ALTER TABLE ledger.journal ENABLE ALWAYS TRIGGER journal_enters;
ALTER TABLE ledger.journal ENABLE ALWAYS TRIGGER journal_holds;
ALTER TABLE ledger.account ENABLE ALWAYS TRIGGER account_belongs;
ALTER TABLE ledger.posting ENABLE ALWAYS TRIGGER posting_belongs;

-- ENABLE ALWAYS: session_replication_role = replica switches ordinary triggers off, these not.
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'ledger' LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.%I '
            'FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()', name);
        EXECUTE format('ALTER TABLE ledger.%I ENABLE ALWAYS TRIGGER append_only', name);
    END LOOP;
END $$;

RESET ROLE;
