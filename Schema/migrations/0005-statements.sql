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

-- One batch of statements: a period, a currency, and the manifest that binds them.
CREATE TABLE statements.manifest (
    payout_run_id text COLLATE "C" PRIMARY KEY,
    period_id     text COLLATE "C" NOT NULL REFERENCES ledger.period,
    currency      text COLLATE "C" NOT NULL REFERENCES ledger.currency,
    version       int NOT NULL CHECK (version > 0),
    allocation_id bigint NOT NULL REFERENCES ledger.allocation,
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
    kind         text NOT NULL CHECK (kind IN ('payout-statement/v1', 'payout-manifest/v1', 'keyring/v1')),
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

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['signing_key', 'keyring', 'manifest', 'statement', 'attachment', 'log_entry', 'checkpoint'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON statements.%I '
            'FOR EACH STATEMENT EXECUTE FUNCTION statements.refuse_change()', name);
        EXECUTE format('ALTER TABLE statements.%I ENABLE ALWAYS TRIGGER append_only', name);
    END LOOP;
END $$;

GRANT SELECT ON ALL TABLES IN SCHEMA statements TO laurel_app, laurel_auditor;
GRANT INSERT ON ALL TABLES IN SCHEMA statements TO laurel_app;

RESET ROLE;
