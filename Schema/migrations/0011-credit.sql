-- Credit: models, the sealed plan of a period's game, its tasks, the evaluations it bought, and what was concluded.
--
-- Evidence (evaluations, estimates, results) is insert-only. A task is a job with a lease and a fence: every change of
-- its state goes through a function below and must show the fence it was leased with, so that a worker that was paused
-- past its lease can neither overwrite nor repeat what another has stored since.

SET ROLE laurel_owner;

-- Refuses whatever fires it; the argument says why and what to do instead.
CREATE FUNCTION credit.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = credit, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '%.% is insert-only: % refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', HINT = TG_ARGV[0];
END
$$;

-- A model: architecture and training recipe, snapshot, and the digests of what came out. The weights are files in the home.
CREATE TABLE credit.model (
    id             registry.id PRIMARY KEY,
    kind           text NOT NULL CHECK (kind IN ('base', 'pruned')),
    parent         registry.id REFERENCES credit.model,
    snapshot       registry.id,
    recipe_sha256  bytea NOT NULL CHECK (octet_length(recipe_sha256) = 32),
    weights_sha256 bytea NOT NULL CHECK (octet_length(weights_sha256) = 32),
    metrics        jsonb NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL,
    CHECK (kind <> 'pruned' OR parent IS NOT NULL)
);
CREATE TRIGGER model_is_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON credit.model
    EXECUTE FUNCTION credit.refuse_change('train or import another model under a new id');
ALTER TABLE credit.model ENABLE ALWAYS TRIGGER model_is_insert_only;

-- The rules of a period's game, fixed before anything is scored. `body` is canonical JSON, stored as the bytes that were hashed.
CREATE TABLE credit.plan (
    run_id     registry.id PRIMARY KEY,
    period     char(7) NOT NULL CHECK (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    number     int NOT NULL CHECK (number > 0),
    body       bytea NOT NULL,
    sha256     bytea NOT NULL UNIQUE CHECK (sha256 = sha256(body)),
    state      text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'running', 'estimated', 'superseded')),
    created_at timestamptz NOT NULL,
    UNIQUE (period, number)
);
CREATE UNIQUE INDEX plan_one_in_force ON credit.plan (period) WHERE state <> 'superseded';

CREATE FUNCTION credit.guard_plan() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = credit, pg_temp
AS $$
BEGIN
    IF (NEW.run_id, NEW.period, NEW.number, NEW.body, NEW.sha256, NEW.created_at)
        IS DISTINCT FROM (OLD.run_id, OLD.period, OLD.number, OLD.body, OLD.sha256, OLD.created_at) THEN
        RAISE EXCEPTION 'plan % is fixed: its rules cannot change', OLD.run_id
            USING ERRCODE = 'restrict_violation', HINT = 'plan another run';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('planned', 'running'), ('planned', 'superseded'), ('running', 'estimated'), ('running', 'superseded'),
        ('estimated', 'superseded')) THEN
        RAISE EXCEPTION 'plan % cannot go from % to %', OLD.run_id, OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER plan_rules_are_fixed BEFORE UPDATE ON credit.plan
    FOR EACH ROW EXECUTE FUNCTION credit.guard_plan();
ALTER TABLE credit.plan ENABLE ALWAYS TRIGGER plan_rules_are_fixed;
CREATE TRIGGER plan_is_kept BEFORE DELETE OR TRUNCATE ON credit.plan
    EXECUTE FUNCTION credit.refuse_change('plan another run; this one stays as evidence');
ALTER TABLE credit.plan ENABLE ALWAYS TRIGGER plan_is_kept;

-- One evaluation to make. `role` says why it is in the design; `repeat` counts evaluations of the same coalition from 0.
CREATE TABLE credit.task (
    run_id      registry.id NOT NULL REFERENCES credit.plan,
    number      int NOT NULL CHECK (number >= 0),
    role        text NOT NULL CHECK (role IN ('empty', 'full', 'interior', 'duplicate')),
    coalition   text[] COLLATE "C" NOT NULL,
    repeat      int NOT NULL CHECK (repeat >= 0),
    seed        bigint NOT NULL CHECK (seed >= 0),
    pair_seed   bigint NOT NULL CHECK (pair_seed >= 0),
    noise_seed  bigint NOT NULL CHECK (noise_seed >= 0),
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'leased', 'done', 'failed')),
    lease_owner text,
    lease_until timestamptz,
    fence       bigint NOT NULL DEFAULT 0,
    attempts    int NOT NULL DEFAULT 0,
    last_error  text,
    finished_at timestamptz,
    PRIMARY KEY (run_id, number),
    CHECK ((state = 'leased') = (lease_owner IS NOT NULL AND lease_until IS NOT NULL)),
    CHECK ((state = 'done') = (finished_at IS NOT NULL))
);
CREATE INDEX task_open ON credit.task (run_id, number) WHERE state IN ('waiting', 'leased');
CREATE TRIGGER task_is_kept BEFORE DELETE OR TRUNCATE ON credit.task
    EXECUTE FUNCTION credit.refuse_change('supersede the plan instead');
ALTER TABLE credit.task ENABLE ALWAYS TRIGGER task_is_kept;

-- What one evaluation measured: a row per property, with everything needed to make it again.
CREATE TABLE credit.evaluation (
    run_id       registry.id NOT NULL,
    task         int NOT NULL,
    property     text COLLATE "C" NOT NULL,
    coalition    text[] COLLATE "C" NOT NULL,
    size         int NOT NULL CHECK (size = cardinality(coalition)),
    seed         bigint NOT NULL,
    pair_seed    bigint NOT NULL,
    noise_seed   bigint NOT NULL,
    value        float8 NOT NULL CHECK (value > '-Infinity' AND value < 'Infinity'),
    variance     float8 CHECK (variance >= 0 AND variance < 'Infinity'),
    seconds      float8 NOT NULL CHECK (seconds >= 0 AND seconds < 'Infinity'),
    fence        bigint NOT NULL,
    code_version text NOT NULL,
    cpu_kernel   text NOT NULL,
    model_sha256 bytea CHECK (octet_length(model_sha256) = 32),
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, task, property),
    FOREIGN KEY (run_id, task) REFERENCES credit.task
);
CREATE TRIGGER evaluation_is_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON credit.evaluation
    EXECUTE FUNCTION credit.refuse_change('evaluations are evidence; plan another run');
ALTER TABLE credit.evaluation ENABLE ALWAYS TRIGGER evaluation_is_insert_only;

-- One estimator's conclusion for one property (or for `combined`, the plan's weighted mix) of a run.
-- `pays` marks the one estimate of a run whose values are turned into money.
CREATE TABLE credit.estimate (
    run_id       registry.id NOT NULL REFERENCES credit.plan,
    property     text COLLATE "C" NOT NULL,
    estimator    text COLLATE "C" NOT NULL,
    index_name   text COLLATE "C" NOT NULL,
    pays         boolean NOT NULL,
    evaluations  int NOT NULL CHECK (evaluations > 0),
    v_empty      float8 NOT NULL,
    v_full       float8 NOT NULL,
    noise_sd     float8,
    loo_r2       float8,
    total        float8 NOT NULL,
    pruning_gap  float8,
    rank_correlation float8,   -- with the plan's estimator; null for that one itself
    relative_l2      float8,   -- likewise
    warnings     text[] NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (run_id, property, estimator, index_name)
);
CREATE UNIQUE INDEX estimate_one_pays ON credit.estimate (run_id) WHERE pays;
CREATE TRIGGER estimate_is_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON credit.estimate
    EXECUTE FUNCTION credit.refuse_change('an estimate is a pure function of its evaluations; plan another run');
ALTER TABLE credit.estimate ENABLE ALWAYS TRIGGER estimate_is_insert_only;

-- One player's credit by one estimate, with its 95 % interval.
CREATE TABLE credit.result (
    run_id     registry.id NOT NULL,
    property   text COLLATE "C" NOT NULL,
    estimator  text COLLATE "C" NOT NULL,
    index_name text COLLATE "C" NOT NULL,
    player     text COLLATE "C" NOT NULL,
    value      float8 NOT NULL CHECK (value > '-Infinity' AND value < 'Infinity'),
    std_error  float8 NOT NULL,
    low        float8 NOT NULL,
    high       float8 NOT NULL,
    PRIMARY KEY (run_id, property, estimator, index_name, player),
    FOREIGN KEY (run_id, property, estimator, index_name) REFERENCES credit.estimate
);
CREATE TRIGGER result_is_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON credit.result
    EXECUTE FUNCTION credit.refuse_change('a result is a pure function of its evaluations; plan another run');
ALTER TABLE credit.result ENABLE ALWAYS TRIGGER result_is_insert_only;

-- The credits that money follows: one row a player of every estimated run.
CREATE VIEW credit.score AS
    SELECT plan.period, plan.state, result.*
    FROM credit.result
    JOIN credit.estimate USING (run_id, property, estimator, index_name)
    JOIN credit.plan USING (run_id)
    WHERE estimate.pays;

-- Who executes a run, for the message a second executor gets; the advisory lock is the truth, this row its label.
CREATE TABLE credit.executor (
    run_id registry.id PRIMARY KEY REFERENCES credit.plan,
    holder text NOT NULL,
    since  timestamptz NOT NULL
);

-- Leases the first free task of a run: one that waits, or whose lease ran out. No row when nothing is free.
CREATE FUNCTION credit.claim_task(wanted_run text, owner text, lease_seconds float8) RETURNS SETOF credit.task
    LANGUAGE sql SECURITY DEFINER
    SET search_path = credit, pg_temp
AS $$
    UPDATE task
    SET state = 'leased', lease_owner = owner, fence = fence + 1, attempts = attempts + 1,
        lease_until = clock_timestamp() + make_interval(secs => lease_seconds)
    WHERE run_id = wanted_run AND number = (
        SELECT number
        FROM task
        WHERE run_id = wanted_run
            AND (state = 'waiting' OR (state = 'leased' AND lease_until < clock_timestamp()))
        ORDER BY number
        LIMIT 1
        FOR UPDATE SKIP LOCKED)
    RETURNING *
$$;

-- Prolongs a lease. False: the lease was lost, the worker must drop what it is doing.
CREATE FUNCTION credit.prolong_lease(wanted_run text, wanted int, shown_fence bigint, lease_seconds float8)
    RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path = credit, pg_temp
AS $$
    WITH changed AS (
        UPDATE task
        SET lease_until = clock_timestamp() + make_interval(secs => lease_seconds)
        WHERE run_id = wanted_run AND number = wanted AND state = 'leased' AND fence = shown_fence
        RETURNING 1)
    SELECT EXISTS (SELECT FROM changed)
$$;

-- Stores an evaluation and finishes its task, both or neither. False: the lease was lost and nothing was stored.
CREATE FUNCTION credit.finish_task(
    wanted_run text, wanted int, shown_fence bigint, properties text[], measured float8[], variances float8[],
    took_seconds float8, version text, kernel text, model bytea)
    RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = credit, pg_temp
AS $$
DECLARE
    finished task;
BEGIN
    UPDATE task
    SET state = 'done', lease_owner = NULL, lease_until = NULL, finished_at = clock_timestamp()
    WHERE run_id = wanted_run AND number = wanted AND state = 'leased' AND fence = shown_fence
    RETURNING * INTO finished;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO evaluation (run_id, task, property, coalition, size, seed, pair_seed, noise_seed, value, variance,
                            seconds, fence, code_version, cpu_kernel, model_sha256)
    SELECT finished.run_id, finished.number, measure.property, finished.coalition, cardinality(finished.coalition),
           finished.seed, finished.pair_seed, finished.noise_seed, measure.value, measure.variance,
           took_seconds, shown_fence, version, kernel, model
    FROM unnest(properties, measured, variances) AS measure (property, value, variance);
    RETURN true;
END
$$;

-- Gives a task back: with an error after a failed attempt (for good once `most_attempts` are spent), without one when
-- the worker was merely stopped, which costs no attempt. False: the lease was lost, somebody else has it.
CREATE FUNCTION credit.release_task(
    wanted_run text, wanted int, shown_fence bigint, error text, most_attempts int)
    RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path = credit, pg_temp
AS $$
    WITH changed AS (
        UPDATE task
        SET state = CASE WHEN error IS NOT NULL AND attempts >= most_attempts THEN 'failed' ELSE 'waiting' END,
            attempts = CASE WHEN error IS NULL THEN attempts - 1 ELSE attempts END,
            last_error = coalesce(error, last_error), lease_owner = NULL, lease_until = NULL
        WHERE run_id = wanted_run AND number = wanted AND state = 'leased' AND fence = shown_fence
        RETURNING 1)
    SELECT EXISTS (SELECT FROM changed)
$$;

-- Starts over with what a dead executor left behind: its leases end, and failed tasks get new attempts. Only for the
-- holder of the run's advisory lock; a worker that is alive after all is stopped by the fence of the next claim.
CREATE FUNCTION credit.adopt_run(wanted_run text, new_holder text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path = credit, pg_temp
AS $$
    UPDATE task
    SET state = 'waiting', lease_owner = NULL, lease_until = NULL, attempts = 0, fence = fence + 1
    WHERE run_id = wanted_run AND state IN ('leased', 'failed');
    INSERT INTO executor (run_id, holder, since)
    VALUES (wanted_run, new_holder, clock_timestamp())
    ON CONFLICT (run_id) DO UPDATE SET holder = excluded.holder, since = excluded.since
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA credit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    credit.claim_task, credit.prolong_lease, credit.finish_task, credit.release_task, credit.adopt_run TO laurel_app;

GRANT SELECT ON ALL TABLES IN SCHEMA credit TO laurel_app, laurel_auditor;
GRANT INSERT ON credit.model, credit.estimate, credit.result TO laurel_app;
GRANT INSERT (run_id, period, number, body, sha256, created_at) ON credit.plan TO laurel_app;
GRANT INSERT (run_id, number, role, coalition, repeat, seed, pair_seed, noise_seed) ON credit.task TO laurel_app;
GRANT UPDATE (state) ON credit.plan TO laurel_app;

RESET ROLE;
