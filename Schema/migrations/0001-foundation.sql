-- Foundation: who may do what, how ids look, who is who.
--
-- laurel_owner   owns every object and function; nobody logs in as it
-- laurel_app     what the programs act as: reads, and writes only where a grant below or a function says so
-- laurel_auditor reads everything, writes nothing
--
-- Roles belong to the whole cluster, so another database may have made them already, perhaps this very moment.

DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['laurel_owner', 'laurel_app', 'laurel_auditor'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- already there: the wanted state
        END;
    END LOOP;
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA registry AUTHORIZATION laurel_owner;
CREATE SCHEMA pii AUTHORIZATION laurel_owner;
CREATE SCHEMA credit AUTHORIZATION laurel_owner;
CREATE SCHEMA ledger AUTHORIZATION laurel_owner;
CREATE SCHEMA statements AUTHORIZATION laurel_owner;

GRANT USAGE ON SCHEMA registry, pii, credit, ledger, statements TO laurel_app;
GRANT USAGE ON SCHEMA registry, credit, ledger, statements TO laurel_auditor;

SET ROLE laurel_owner;

-- Ids are short and readable, and compared as bytes.
CREATE DOMAIN registry.id AS text COLLATE "C"
    CHECK (VALUE ~ '^[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?$');

-- A person or organisation. Names and payment details live in pii, so that they can be forgotten while the ledger stays.
CREATE TABLE registry.party (
    id            registry.id PRIMARY KEY,
    kind          text NOT NULL CHECK (kind IN ('person', 'organisation')),
    status        text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
    status_reason text,
    registered_at timestamptz NOT NULL
);

RESET ROLE;
