-- The registry: who contributed what, under which terms, and what a model may learn from.
--
-- A dataset is registered in immutable versions; a snapshot is a frozen list of versions. Names and payment details of
-- people are in pii, one row that can be forgotten; everything else refers to the opaque party id.

SET ROLE laurel_owner;

CREATE TABLE pii.party_detail (
    party_id   registry.id PRIMARY KEY REFERENCES registry.party,
    name       text NOT NULL CHECK (name <> ''),
    -- Names that differ only in case or spacing are two people or a typing error; a person has to say which.
    name_key   text NOT NULL UNIQUE GENERATED ALWAYS AS (lower(regexp_replace(btrim(name), '\s+', ' ', 'g'))) STORED,
    country    char(2) CHECK (country ~ '^[A-Z]{2}$'),
    method     text NOT NULL DEFAULT 'manual' CHECK (method IN ('sepa', 'ach', 'paypal', 'wise', 'manual')),
    account    text
);

CREATE TABLE pii.party_identifier (
    party_id registry.id NOT NULL REFERENCES registry.party,
    scheme   text NOT NULL,
    value    text NOT NULL,
    PRIMARY KEY (scheme, value)
);

CREATE TABLE registry.dataset (
    id               registry.id PRIMARY KEY,
    contributor      registry.id NOT NULL REFERENCES registry.party,
    title            text NOT NULL,
    registered_at    timestamptz NOT NULL,
    withdrawn_from   date,
    withdrawn_reason text,
    CHECK ((withdrawn_from IS NULL) = (withdrawn_reason IS NULL))
);
CREATE INDEX ON registry.dataset (contributor);

CREATE TABLE registry.dataset_version (
    dataset_id      registry.id NOT NULL REFERENCES registry.dataset,
    version         int NOT NULL CHECK (version > 0),
    -- SHA-256 over the lines `path, digest, pixel digest, licence` of its items, in the order of paths
    manifest_sha256 bytea NOT NULL CHECK (octet_length(manifest_sha256) = 32),
    item_count      int NOT NULL CHECK (item_count > 0),
    byte_count      bigint NOT NULL CHECK (byte_count > 0),
    registered_at   timestamptz NOT NULL,
    -- the order of registrations, finer than the clock
    registration    bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    PRIMARY KEY (dataset_id, version)
);

CREATE TABLE registry.item (
    dataset_id      registry.id NOT NULL,
    version         int NOT NULL,
    item_no         int NOT NULL,
    path            text NOT NULL,
    title           text NOT NULL,
    licence         text NOT NULL,
    -- spdx, uri, or text: the last is accepted and flagged
    licence_kind    text NOT NULL CHECK (licence_kind IN ('spdx', 'uri', 'text')),
    sha256          bytea NOT NULL CHECK (octet_length(sha256) = 32),
    pixel_sha256    bytea NOT NULL CHECK (octet_length(pixel_sha256) = 32),
    perceptual_hash bigint NOT NULL,
    width           int NOT NULL,
    height          int NOT NULL,
    metadata        jsonb NOT NULL,
    PRIMARY KEY (dataset_id, version, item_no),
    FOREIGN KEY (dataset_id, version) REFERENCES registry.dataset_version,
    UNIQUE (dataset_id, version, path)
);
CREATE INDEX ON registry.item (pixel_sha256);

-- Since when a contributor has a picture registered, whatever happened to the dataset since: who was first decides whose
-- an exact duplicate is.
CREATE VIEW registry.picture_origin AS
SELECT i.pixel_sha256, d.contributor, min(v.registration) AS registration, min(v.registered_at) AS since
FROM registry.item i
JOIN registry.dataset_version v ON v.dataset_id = i.dataset_id AND v.version = i.version
JOIN registry.dataset d ON d.id = i.dataset_id
GROUP BY i.pixel_sha256, d.contributor;

-- Who shares the earnings of a dataset, in parts per million that sum to one million at every instant.
CREATE TABLE registry.dataset_split (
    dataset_id registry.id NOT NULL REFERENCES registry.dataset,
    party_id   registry.id NOT NULL REFERENCES registry.party,
    role       text NOT NULL DEFAULT 'contributor',
    share_ppm  int NOT NULL CHECK (share_ppm BETWEEN 1 AND 1000000),
    valid      daterange NOT NULL CHECK (NOT isempty(valid)),
    PRIMARY KEY (dataset_id, party_id, role, valid)
);

CREATE FUNCTION registry.split_totals() RETURNS trigger
LANGUAGE plpgsql SET search_path = registry, pg_temp AS $$
DECLARE
    wrong record;
BEGIN
    -- Shares change only where a range begins or ends, so looking at every beginning and end is looking everywhere.
    SELECT e.at, sum(s.share_ppm) AS total INTO wrong
    FROM (
        SELECT lower(valid) AS at FROM registry.dataset_split WHERE dataset_id = NEW.dataset_id
        UNION SELECT upper(valid) FROM registry.dataset_split
        WHERE dataset_id = NEW.dataset_id AND upper(valid) IS NOT NULL
    ) e
    JOIN registry.dataset_split s ON s.dataset_id = NEW.dataset_id AND s.valid @> coalesce(e.at, '-infinity'::date)
    GROUP BY e.at HAVING sum(s.share_ppm) <> 1000000
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the shares of dataset % sum to % parts per million on %', NEW.dataset_id, wrong.total,
            coalesce(wrong.at::text, 'the first day')
            USING ERRCODE = 'LR002', HINT = 'make them sum to 1000000';
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER split_totals AFTER INSERT ON registry.dataset_split
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION registry.split_totals();

CREATE TABLE registry.snapshot (
    id         registry.id PRIMARY KEY,
    -- SHA-256 over the lines `dataset, version, manifest digest`, in the order of dataset ids
    sha256     bytea NOT NULL CHECK (octet_length(sha256) = 32),
    as_of      date NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE registry.snapshot_dataset (
    snapshot_id registry.id NOT NULL REFERENCES registry.snapshot,
    dataset_id  registry.id NOT NULL,
    version     int NOT NULL,
    PRIMARY KEY (snapshot_id, dataset_id),
    FOREIGN KEY (dataset_id, version) REFERENCES registry.dataset_version
);

-- Evidence is never rewritten, whoever asks and however the session is set up.
CREATE FUNCTION registry.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = registry, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% in %.% is refused: what was registered stays', lower(TG_OP), TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'LR001', HINT = 'register a new version instead';
END
$$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['dataset_version', 'item', 'dataset_split', 'snapshot', 'snapshot_dataset'] LOOP
        EXECUTE format(
            'CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON registry.%I
             FOR EACH STATEMENT EXECUTE FUNCTION registry.refuse_change()', name);
        EXECUTE format('ALTER TABLE registry.%I ENABLE ALWAYS TRIGGER refuse_change', name);
    END LOOP;
END
$$;

GRANT SELECT ON ALL TABLES IN SCHEMA registry, pii TO laurel_app;
GRANT SELECT ON ALL TABLES IN SCHEMA registry TO laurel_auditor;
GRANT INSERT ON registry.party, registry.dataset, registry.dataset_version, registry.item, registry.dataset_split,
    registry.snapshot, registry.snapshot_dataset, pii.party_detail, pii.party_identifier TO laurel_app;
GRANT UPDATE (status, status_reason) ON registry.party TO laurel_app;
GRANT UPDATE (withdrawn_from, withdrawn_reason) ON registry.dataset TO laurel_app;
GRANT UPDATE ON pii.party_detail TO laurel_app;
GRANT DELETE ON pii.party_identifier TO laurel_app;

RESET ROLE;
