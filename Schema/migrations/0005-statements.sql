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

-- What binds the journals of a closed period to the log. The salt keeps outsiders, who see the log, from guessing amounts.
CREATE TABLE statements.seal (
    period_id text COLLATE "C" PRIMARY KEY REFERENCES ledger.period_close,
    bytes     bytea NOT NULL,
    sha256    bytea NOT NULL UNIQUE CHECK (sha256 = sha256(bytes))
);

-- How many journals a period has, and the digest of one line each: its number, the digest of its lines, its key.
CREATE FUNCTION statements.journals_of(p_period text, OUT journal_count bigint, OUT journals_sha256 text)
LANGUAGE sql STABLE SET search_path = statements, pg_temp AS $$
    SELECT count(*), encode(sha256(convert_to(coalesce(string_agg(
               format(E'%s %s %s\n', j.id, encode(j.body_sha256, 'hex'), j.idempotency_key), '' ORDER BY j.id), ''), 'UTF8')), 'hex')
    FROM ledger.journal j WHERE j.period_id = p_period
$$;

-- A period that closes is sealed in the same transaction: no journal enters it any more, and none can change unseen.
CREATE FUNCTION statements.seal_period() RETURNS trigger
LANGUAGE plpgsql SET search_path = statements, pg_temp AS $$
DECLARE
    v_bytes bytea;
    v_entry bytea;
BEGIN
    SELECT convert_to(format(
        '{"$schema":"laurel/ledger-seal/v1","journal_count":%s,"journals_sha256":"%s","period":"%s","salt":"%s"}',
        j.journal_count, j.journals_sha256, NEW.period_id, replace(gen_random_uuid()::text, '-', '')), 'UTF8')
    INTO v_bytes FROM journals_of(NEW.period_id) j;
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
