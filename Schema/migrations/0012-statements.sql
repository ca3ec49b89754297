-- Statements: what was signed, as the bytes that were signed; the keys; and the public log that nothing can be taken
-- back from. Every table is insert-only: a correction is another version, a revocation another keyring.

SET ROLE laurel_owner;

CREATE FUNCTION statements.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = statements, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: what was signed stays', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'LR001', HINT = 'issue another version';
END $$;

-- Public halves of all keys that ever signed. Their state lives in the keyring, whose last version is in force.
CREATE TABLE statements.signing_key (
    kid        bytea PRIMARY KEY CHECK (kid = sha256(spki)),
    use        text NOT NULL CHECK (use IN ('root', 'statement', 'log', 'approval')),
    spki       bytea NOT NULL CHECK (length(spki) = 44),
    not_before timestamptz NOT NULL,
    not_after  timestamptz NOT NULL CHECK (not_after > not_before)
);

CREATE TABLE statements.keyring (
    version   bigint PRIMARY KEY CHECK (version > 0),
    bytes     bytea NOT NULL,
    sha256    bytea NOT NULL UNIQUE CHECK (sha256 = sha256(bytes)),
    sig       bytea NOT NULL CHECK (length(sig) = 64),
    root_kid  bytea NOT NULL REFERENCES statements.signing_key,
    issued_at timestamptz NOT NULL
);

-- One batch of statements: a period, a currency, and the manifest that binds them. Without an allocation where the month shared
-- nothing in that currency, but moved what was there: a payment came back, a reserve was released, an earlier month changed.
CREATE TABLE statements.manifest (
    payout_run_id text COLLATE "C" PRIMARY KEY,
    period_id     text COLLATE "C" NOT NULL REFERENCES ledger.period,
    currency      text COLLATE "C" NOT NULL REFERENCES ledger.currency,
    version       int NOT NULL CHECK (version > 0),
    allocation_id bigint REFERENCES ledger.allocation,
    bytes         bytea NOT NULL,
    sha256        bytea NOT NULL UNIQUE CHECK (sha256 = sha256(bytes)),
    sig           bytea NOT NULL CHECK (length(sig) = 64),
    kid           bytea NOT NULL REFERENCES statements.signing_key,
    created_at    timestamptz NOT NULL,
    UNIQUE (period_id, currency, version)
);

CREATE TABLE statements.statement (
    id            text COLLATE "C" PRIMARY KEY,
    payout_run_id text COLLATE "C" NOT NULL REFERENCES statements.manifest,
    party_id      registry.id NOT NULL REFERENCES registry.party,
    period_id     text COLLATE "C" NOT NULL,
    currency      text COLLATE "C" NOT NULL,
    version       int NOT NULL CHECK (version > 0),
    supersedes    text COLLATE "C" UNIQUE REFERENCES statements.statement,
    bytes         bytea NOT NULL,
    sha256        bytea NOT NULL UNIQUE CHECK (sha256 = sha256(bytes)),
    sig           bytea NOT NULL CHECK (length(sig) = 64),
    kid           bytea NOT NULL REFERENCES statements.signing_key,
    sum_proof     bytea NOT NULL,
    issued_at     timestamptz NOT NULL,
    UNIQUE (party_id, period_id, currency, version)
);
CREATE INDEX statement_of_run ON statements.statement (payout_run_id);

-- The files that a statement names by digest.
CREATE TABLE statements.attachment (
    statement_id text COLLATE "C" NOT NULL REFERENCES statements.statement,
    name         text COLLATE "C" NOT NULL,
    bytes        bytea NOT NULL,
    PRIMARY KEY (statement_id, name)
);

-- The transparency log: entries are numbered without a gap, under the advisory lock below.
CREATE TABLE statements.log_entry (
    index        bigint PRIMARY KEY CHECK (index >= 0),
    kind         text NOT NULL CHECK (kind IN ('payout-statement/v1', 'payout-manifest/v1', 'keyring/v1', 'ledger-seal/v1')),
    document_sha256 bytea NOT NULL UNIQUE CHECK (length(document_sha256) = 32),
    entry        bytea NOT NULL,
    leaf_hash    bytea NOT NULL CHECK (leaf_hash = sha256('\x00'::bytea || entry)),
    sequenced_at timestamptz NOT NULL,
    CHECK (entry = convert_to(kind || ' ' || encode(document_sha256, 'hex') || E'\n', 'UTF8'))
);

CREATE TABLE statements.checkpoint (
    size       bigint PRIMARY KEY CHECK (size > 0),
    root       bytea NOT NULL CHECK (length(root) = 32),
    note       text NOT NULL,
    created_at timestamptz NOT NULL
);

-- The next entry follows the last one: nobody can leave a gap or write before.
CREATE FUNCTION statements.entry_follows() RETURNS trigger
LANGUAGE plpgsql SET search_path = statements, pg_temp AS $$
DECLARE
    expected bigint;
BEGIN
    SELECT coalesce(max(e.index) + 1, 0) INTO expected
    FROM statements.log_entry e WHERE e.index < (SELECT min(a.index) FROM added a);
    IF EXISTS (SELECT 1 FROM (SELECT index, row_number() OVER (ORDER BY index) - 1 + expected AS due FROM added) a
               WHERE a.index <> a.due) THEN
        RAISE EXCEPTION 'the log continues at entry %', expected USING ERRCODE = 'LR001';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER entry_follows AFTER INSERT ON statements.log_entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION statements.entry_follows();
ALTER TABLE statements.log_entry ENABLE ALWAYS TRIGGER entry_follows;

-- What binds a closed period to the log, as canonical JSON. The salt keeps outsiders, who see the log, from guessing amounts.
CREATE TABLE statements.seal (
    period_id text COLLATE "C" PRIMARY KEY REFERENCES ledger.period_close,
    bytes     bytea NOT NULL,
    sha256    bytea NOT NULL UNIQUE CHECK (sha256 = sha256(bytes))
);

-- Every row that belongs to a period, as the digest of its text: all its columns in their order, bytes as hex, times in UTC.
-- Agreements belong to the period that closes first after they were entered: those numbered above p_after, up to p_until.
CREATE FUNCTION statements.rows_of(p_period text, p_after jsonb, p_until jsonb) RETURNS TABLE (part text, digest bytea)
LANGUAGE sql STABLE SET search_path = ledger, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET bytea_output = 'hex' AS $$
    WITH line AS (
        SELECT 'period' AS part, r::text AS text FROM period r WHERE r.id = p_period
        UNION ALL SELECT 'period_close', r::text FROM period_close r WHERE r.period_id = p_period
        UNION ALL SELECT 'journal', r::text FROM journal r WHERE r.period_id = p_period
        UNION ALL SELECT 'revenue_receipt', r::text FROM revenue_receipt r WHERE r.posted_period = p_period
        UNION ALL SELECT 'revenue_collection', r::text
            FROM revenue_collection r JOIN journal j ON j.id = r.journal_id WHERE j.period_id = p_period
        UNION ALL SELECT 'revenue_void', r::text
            FROM revenue_void r JOIN journal j ON j.id = r.journal_id WHERE j.period_id = p_period
        UNION ALL SELECT 'advance', r::text
            FROM advance r JOIN journal j ON j.id = r.paid_journal_id WHERE j.period_id = p_period
        UNION ALL SELECT 'advance_cancellation', r::text
            FROM advance_cancellation r JOIN journal j ON j.id = r.journal_id WHERE j.period_id = p_period
        UNION ALL SELECT 'tax_remittance', r::text
            FROM tax_remittance r JOIN journal j ON j.id = r.journal_id WHERE j.period_id = p_period
        UNION ALL SELECT v.part, v.text
            FROM write_off r JOIN write_off_approval second ON second.write_off_id = r.id AND second.number = 2
            JOIN journal j ON j.id = second.journal_id
            JOIN write_off_approval first ON first.write_off_id = r.id AND first.number = 1
            CROSS JOIN LATERAL (VALUES ('write_off', r::text), ('write_off_approval', first::text),
                                       ('write_off_approval', second::text)) AS v (part, text)
            WHERE j.period_id = p_period
        UNION ALL SELECT 'final_settlement', r::text FROM final_settlement r WHERE r.period_id = p_period
        UNION ALL SELECT 'fx_conversion', r::text
            FROM fx_conversion r JOIN journal j ON j.id = r.journal_id WHERE j.period_id = p_period
        UNION ALL SELECT 'allocation', r::text FROM allocation r WHERE r.posted_period = p_period
        UNION ALL SELECT 'allocation_line', r::text
            FROM allocation_line r JOIN allocation a ON a.id = r.allocation_id WHERE a.posted_period = p_period
        UNION ALL SELECT 'settlement', r::text FROM settlement r WHERE r.period_id = p_period
        UNION ALL SELECT 'settlement_step', r::text
            FROM settlement_step r JOIN settlement s ON s.id = r.settlement_id WHERE s.period_id = p_period
        UNION ALL SELECT 'payment', r::text
            FROM payment r JOIN settlement s ON s.id = r.settlement_id WHERE s.period_id = p_period
        UNION ALL SELECT 'payment_result', r::text
            FROM payment_result r JOIN journal j ON j.id = r.journal_id WHERE j.period_id = p_period
        UNION ALL SELECT 'policy', r::text
            FROM policy r WHERE r.sha256 IN (SELECT a.policy_sha256 FROM allocation a WHERE a.posted_period = p_period
                                             UNION SELECT s.policy_sha256 FROM settlement s WHERE s.period_id = p_period)
        UNION ALL SELECT 'hold_release', r::text FROM hold_release r WHERE r.period_id = p_period
        UNION ALL SELECT 'hold', r::text
            FROM hold r WHERE r.id > (p_after ->> 'hold')::bigint AND r.id <= (p_until ->> 'hold')::bigint
        UNION ALL SELECT 'payee_term', r::text
            FROM payee_term r WHERE r.id > (p_after ->> 'payee_term')::bigint AND r.id <= (p_until ->> 'payee_term')::bigint
        UNION ALL SELECT 'party_tax_profile', r::text FROM party_tax_profile r
            WHERE r.id > (p_after ->> 'party_tax_profile')::bigint AND r.id <= (p_until ->> 'party_tax_profile')::bigint
        UNION ALL SELECT 'withholding_rule', r::text FROM withholding_rule r
            WHERE r.id > (p_after ->> 'withholding_rule')::bigint AND r.id <= (p_until ->> 'withholding_rule')::bigint
    )
    SELECT l.part, sha256(convert_to(l.text, 'UTF8')) FROM line l
$$;

-- The same, a line each part: how many rows, and the SHA-256 of their digests in ascending order.
CREATE FUNCTION statements.contents_of(p_period text, p_after jsonb, p_until jsonb)
RETURNS TABLE (part text, row_count bigint, digest text)
LANGUAGE sql STABLE SET search_path = statements, pg_temp AS $$
    SELECT r.part, count(*), encode(sha256(string_agg(r.digest, ''::bytea ORDER BY r.digest)), 'hex')
    FROM rows_of(p_period, p_after, p_until) r GROUP BY r.part
$$;

-- A period that closes is sealed in the same transaction: nothing enters it any more, and nothing of it can change unseen.
CREATE FUNCTION statements.seal_period() RETURNS trigger
LANGUAGE plpgsql SET search_path = statements, pg_temp AS $$
DECLARE
    v_after text;
    v_until text;
    v_bytes bytea;
    v_entry bytea;
BEGIN
    -- Waits for whoever enters an agreement at this moment, so that a number below the last one cannot come later.
    LOCK TABLE ledger.hold, ledger.payee_term, ledger.party_tax_profile, ledger.withholding_rule IN SHARE MODE;
    v_after := coalesce((SELECT convert_from(s.bytes, 'UTF8')::json ->> 'until' FROM seal s ORDER BY s.period_id DESC LIMIT 1),
                        '{"hold":0,"party_tax_profile":0,"payee_term":0,"withholding_rule":0}');
    v_until := format('{"hold":%s,"party_tax_profile":%s,"payee_term":%s,"withholding_rule":%s}',
        (SELECT coalesce(max(id), 0) FROM ledger.hold), (SELECT coalesce(max(id), 0) FROM ledger.party_tax_profile),
        (SELECT coalesce(max(id), 0) FROM ledger.payee_term), (SELECT coalesce(max(id), 0) FROM ledger.withholding_rule));
    SELECT convert_to(format('{"$schema":"laurel/ledger-seal/v1","after":%s,"contents":{%s},"period":"%s","salt":"%s","until":%s}',
        v_after, string_agg(format('"%s":{"rows":%s,"sha256":"%s"}', c.part, c.row_count, c.digest), ',' ORDER BY c.part COLLATE "C"),
        NEW.period_id, replace(gen_random_uuid()::text, '-', ''), v_until), 'UTF8')
    INTO v_bytes FROM contents_of(NEW.period_id, v_after::jsonb, v_until::jsonb) c;
    v_entry := convert_to(format(E'ledger-seal/v1 %s\n', encode(sha256(v_bytes), 'hex')), 'UTF8');
    INSERT INTO seal (period_id, bytes, sha256) VALUES (NEW.period_id, v_bytes, sha256(v_bytes));
    PERFORM pg_advisory_xact_lock(9);
    INSERT INTO log_entry (index, kind, document_sha256, entry, leaf_hash, sequenced_at)
    SELECT count(*), 'ledger-seal/v1', sha256(v_bytes), v_entry, sha256('\x00'::bytea || v_entry), NEW.closed_at
    FROM log_entry;
    RETURN NULL;
END $$;
CREATE TRIGGER period_sealed AFTER INSERT ON ledger.period_close FOR EACH ROW EXECUTE FUNCTION statements.seal_period();
ALTER TABLE ledger.period_close ENABLE ALWAYS TRIGGER period_sealed;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['seal', 'signing_key', 'keyring', 'manifest', 'statement', 'attachment', 'log_entry', 'checkpoint'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON statements.%I '
            'FOR EACH STATEMENT EXECUTE FUNCTION statements.refuse_change()', name);
        EXECUTE format('ALTER TABLE statements.%I ENABLE ALWAYS TRIGGER append_only', name);
    END LOOP;
END $$;

GRANT SELECT ON ALL TABLES IN SCHEMA statements TO laurel_app, laurel_auditor;
GRANT INSERT ON ALL TABLES IN SCHEMA statements TO laurel_app;
REVOKE INSERT ON statements.seal FROM laurel_app;

RESET ROLE;
