-- The ledger: the law of the money, readable on its own.
--
-- Every table of this schema is insert-only. What changes in life (a period closes, a hold is released, a payment
-- bounces) is another row, never an edit. Rows come in only through the functions at the end of this file and of
-- 0006, which belong to laurel_owner; laurel_app may read everything and write nothing itself.
--
-- Amounts are signed bigint micros (10^-6 of the major unit): + is a debit, - is a credit.
-- Errors that a person can cause carry SQLSTATE LR002 (unusable input) or LR001 (refused by state), the place in
-- DETAIL and what to do next in HINT.

SET ROLE laurel_owner;

-- ───────────────────────────────────────────── currencies and periods ─────────────────────────────────────────────

-- ISO 4217. minor_exponent: decimals a bank moves; ledger_exponent: decimals the ledger counts in.
CREATE TABLE ledger.currency (
    code            text COLLATE "C" PRIMARY KEY CHECK (code ~ '^[A-Z]{3}$'),
    minor_exponent  smallint NOT NULL CHECK (minor_exponent IN (0, 2, 3)),
    ledger_exponent smallint NOT NULL DEFAULT 6 CHECK (ledger_exponent = 6)
);

INSERT INTO ledger.currency (code, minor_exponent)
SELECT unnest(string_to_array('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF', ' ')), 0
UNION ALL
SELECT unnest(string_to_array(
    'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE '
    'CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL '
    'HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR '
    'MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK '
    'SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD '
    'YER ZAR ZMW ZWG', ' ')), 2
UNION ALL
SELECT unnest(string_to_array('BHD IQD JOD KWD LYD OMR TND', ' ')), 3;

CREATE TABLE ledger.period (
    id        text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    first_day date NOT NULL GENERATED ALWAYS AS (make_date(left(id, 4)::int, right(id, 2)::int, 1)) STORED,
    opened_at timestamptz NOT NULL DEFAULT transaction_timestamp(),
    opened_by text NOT NULL DEFAULT session_user
);

-- A period is closed when it has a row here.
CREATE TABLE ledger.period_close (
    period_id text COLLATE "C" PRIMARY KEY REFERENCES ledger.period,
    closed_at timestamptz NOT NULL DEFAULT transaction_timestamp(),
    closed_by text NOT NULL DEFAULT session_user
);

-- ──────────────────────────────────────────────── chart of accounts ────────────────────────────────────────────────

-- An account's code is class:owner. The guard says on which side its balance may never stand.
CREATE TABLE ledger.account_class (
    name        text COLLATE "C" PRIMARY KEY,
    nature      text NOT NULL CHECK (nature IN ('asset', 'liability', 'income', 'expense', 'clearing')),
    normal_side text NOT NULL CHECK (normal_side IN ('debit', 'credit')),
    owner       text NOT NULL CHECK (owner IN ('party', 'period', 'free')),
    guard       text NOT NULL CHECK (guard IN ('none', 'no_debit_balance', 'no_credit_balance')),
    meaning     text NOT NULL
);

INSERT INTO ledger.account_class (name, nature, normal_side, owner, guard, meaning) VALUES
    ('bank',            'asset',     'debit',  'free',   'none',              'money in the bank'),
    ('receivable',      'asset',     'debit',  'free',   'none',              'revenue reported by a source'),
    ('pool',            'clearing',  'credit', 'period', 'none',              'to be shared; zero after allocation'),
    ('payable',         'liability', 'credit', 'party',  'no_debit_balance',  'owed to a payee'),
    ('reserve',         'liability', 'credit', 'party',  'no_debit_balance',  'withheld until a release date'),
    ('hold',            'liability', 'credit', 'party',  'no_debit_balance',  'held while a question is open'),
    ('advance',         'asset',     'debit',  'party',  'no_credit_balance', 'paid ahead, to be recouped'),
    ('withholding',     'liability', 'credit', 'free',   'none',              'tax withheld for an authority'),
    ('payout_clearing', 'clearing',  'credit', 'free',   'no_debit_balance',  'sent to the bank, not yet confirmed'),
    ('suspense',        'liability', 'credit', 'free',   'none',              'money without a payee'),
    ('fee',             'income',    'credit', 'free',   'none',              'processing and platform fees'),
    ('fx',              'clearing',  'debit',  'free',   'none',              'currency conversions'),
    ('adjust',          'expense',   'debit',  'free',   'none',              'write-offs'),
    ('rounding',        'expense',   'debit',  'free',   'none',              'always zero: exact division leaves nothing');

-- Class, currency and party are checked by account_belongs below, for all accounts of a statement at once.
CREATE TABLE ledger.account (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code        text COLLATE "C" NOT NULL CHECK (code ~ '^[a-z_]+:[A-Za-z0-9][A-Za-z0-9._/-]*$'),
    class       text COLLATE "C" NOT NULL,
    owner_party text COLLATE "C",
    currency    text COLLATE "C" NOT NULL,
    normal_side text NOT NULL,
    guard       text NOT NULL,
    opened_at   timestamptz NOT NULL DEFAULT transaction_timestamp(),
    UNIQUE (code, currency),
    CHECK (class = split_part(code, ':', 1)),
    CHECK (owner_party IS NULL OR owner_party = split_part(code, ':', 2))
);

-- ────────────────────────────────────────────── journals and postings ──────────────────────────────────────────────

-- What a journal can be about. The functions below choose the kind; a statement shows each kind on a line of its own.
-- (A domain: its rule is read once a session, and no journal has to look it up in a table.)
CREATE DOMAIN ledger.journal_kind AS text COLLATE "C" CHECK (VALUE IN (
    'revenue_recognised',    -- a source reported revenue
    'receivable_collected',  -- a source's money reached the bank
    'pool_allocated',        -- a pool was shared
    'advance_paid',          -- a payee was paid ahead
    'advance_recouped',      -- earnings paid back an advance
    'reserve_withheld',      -- part of the earnings was kept back until a day
    'reserve_released',      -- that day came
    'tax_withheld',          -- tax was kept back from a payment
    'tax_remitted',          -- tax was paid to the authority it was withheld for
    'hold_placed',           -- earnings were set aside while a question is open
    'hold_released',         -- the question was answered
    'payout_initiated',      -- a payment was handed to the bank
    'payout_settled',        -- the bank paid it
    'payout_returned',       -- the bank gave it back
    'prior_period_adjusted', -- a closed period was shared anew: new minus old
    'fx_converted',          -- a balance was changed into another currency
    'written_off',           -- what a payee owes was given up
    'reversal'               -- another journal was taken back
));

-- Its other rules stand in journal_enters: PostgreSQL reads a CHECK anew in every statement, which took a fifth of a journal.
CREATE TABLE ledger.journal (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind              ledger.journal_kind NOT NULL,
    currency_set      text[] NOT NULL,
    period_id         text COLLATE "C" NOT NULL,
    effective_on      date NOT NULL,
    posted_at         timestamptz NOT NULL DEFAULT transaction_timestamp(),
    posted_by         text NOT NULL DEFAULT session_user,
    line_count        int NOT NULL,
    gross_micros      bigint NOT NULL,
    reverses_id       bigint,
    relates_to_period text COLLATE "C",
    source_kind       text NOT NULL,
    source_id         text NOT NULL,
    idempotency_key   text COLLATE "C" NOT NULL UNIQUE,
    memo              text NOT NULL DEFAULT '',
    body_sha256       bytea NOT NULL,
    xid               xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX journal_of_period ON ledger.journal (period_id, kind);
CREATE UNIQUE INDEX journal_reversed_once ON ledger.journal (reverses_id) WHERE reverses_id IS NOT NULL;

-- No foreign keys in journal and posting: the triggers journal_enters and posting_belongs below look their targets up.
-- A key would lock the period's row in every journal, and check line by line; and it would sleep in a replica session,
-- where those triggers do not. Since nothing is ever deleted, what held on insert holds for ever.
CREATE TABLE ledger.posting (
    journal_id    bigint NOT NULL,
    line_no       int NOT NULL CHECK (line_no > 0),
    account_id    bigint NOT NULL,
    amount_micros bigint NOT NULL CHECK (amount_micros <> 0),
    currency      text COLLATE "C" NOT NULL,
    PRIMARY KEY (journal_id, line_no)
);
CREATE INDEX posting_of_account ON ledger.posting (account_id, journal_id);

-- Closing balances, written once when a period closes: for every account that moved or stands above zero.
CREATE TABLE ledger.account_period (
    account_id bigint NOT NULL REFERENCES ledger.account,
    period_id  text COLLATE "C" NOT NULL REFERENCES ledger.period,
    opening    bigint NOT NULL,
    debits     bigint NOT NULL CHECK (debits >= 0),
    credits    bigint NOT NULL CHECK (credits >= 0),
    closing    bigint NOT NULL,
    line_count int NOT NULL CHECK (line_count >= 0),
    PRIMARY KEY (account_id, period_id),
    CHECK (opening::numeric + debits - credits = closing)
);

-- ───────────────────────────────────────────────────── revenue ─────────────────────────────────────────────────────

-- What a source reported for the use of a period, and the period it was posted in: a later one where it came late. A voided
-- receipt may be entered again under its reference as the next version.
CREATE TABLE ledger.revenue_receipt (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source        text COLLATE "C" NOT NULL CHECK (source <> ''),
    external_ref  text COLLATE "C" NOT NULL CHECK (external_ref <> ''),
    version       int NOT NULL CHECK (version > 0),
    period_id     text COLLATE "C" NOT NULL REFERENCES ledger.period,
    posted_period text COLLATE "C" NOT NULL REFERENCES ledger.period,
    currency      text COLLATE "C" NOT NULL REFERENCES ledger.currency,
    gross_micros  bigint NOT NULL CHECK (gross_micros > 0),
    fee_micros    bigint NOT NULL CHECK (fee_micros >= 0),
    tax_micros    bigint NOT NULL CHECK (tax_micros >= 0),
    received_on   date NOT NULL,
    file_sha256   bytea CHECK (length(file_sha256) = 32),
    supersedes    bigint UNIQUE REFERENCES ledger.revenue_receipt,
    journal_id    bigint NOT NULL UNIQUE REFERENCES ledger.journal,
    UNIQUE (source, external_ref, version),
    CHECK (posted_period >= period_id),
    CHECK (gross_micros::numeric - fee_micros - tax_micros > 0)
);
CREATE INDEX revenue_receipt_of_period ON ledger.revenue_receipt (period_id, currency);

-- The money of a receipt reached the bank, less what the source kept.
CREATE TABLE ledger.revenue_collection (
    receipt_id bigint PRIMARY KEY REFERENCES ledger.revenue_receipt,
    journal_id bigint NOT NULL UNIQUE REFERENCES ledger.journal
);

CREATE TABLE ledger.revenue_void (
    receipt_id bigint PRIMARY KEY REFERENCES ledger.revenue_receipt,
    journal_id bigint NOT NULL UNIQUE REFERENCES ledger.journal,
    reason     text NOT NULL
);

-- ─────────────────────────────────────────────────── allocation ───────────────────────────────────────────────────

-- Rules that money followed, as the very bytes that were agreed, under their digest.
CREATE TABLE ledger.policy (
    sha256      bytea PRIMARY KEY CHECK (length(sha256) = 32),
    kind        text NOT NULL CHECK (kind IN ('allocation', 'waterfall')),
    document    bytea NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT transaction_timestamp(),
    CHECK (sha256 = sha256(document))
);

-- One sharing of a pool. Version 1 posts the whole pool; a later version posts new minus old.
CREATE TABLE ledger.allocation (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    period_id      text COLLATE "C" NOT NULL REFERENCES ledger.period,
    currency       text COLLATE "C" NOT NULL REFERENCES ledger.currency,
    version        int NOT NULL CHECK (version > 0),
    supersedes     bigint UNIQUE REFERENCES ledger.allocation,
    posted_period  text COLLATE "C" NOT NULL REFERENCES ledger.period,
    run_id         text COLLATE "C",
    pool_micros    bigint NOT NULL CHECK (pool_micros >= 0),
    weight_total   numeric NOT NULL CHECK (weight_total >= 0),
    method         text NOT NULL CHECK (method = 'largest-remainder/1'),
    policy_sha256  bytea NOT NULL REFERENCES ledger.policy,
    weights_sha256 bytea NOT NULL CHECK (length(weights_sha256) = 32),
    to_suspense    boolean NOT NULL,
    line_count     int NOT NULL,
    journal_id     bigint UNIQUE REFERENCES ledger.journal,
    allocated_at   timestamptz NOT NULL DEFAULT transaction_timestamp(),
    UNIQUE (period_id, currency, version),
    CHECK (to_suspense = (weight_total = 0))
);

-- One line a share and role: the share gets dataset_floor + dataset_extra = pool × weight ÷ weight_total, and of that
-- the party gets floor + extra = (dataset_floor + dataset_extra) × share_ppm ÷ 1,000,000.
CREATE TABLE ledger.allocation_line (
    allocation_id        bigint NOT NULL,
    line_no              int NOT NULL,
    dataset_id           text COLLATE "C",
    contributor_id       text COLLATE "C" NOT NULL,
    party_id             text COLLATE "C" NOT NULL,
    role                 text NOT NULL DEFAULT 'contributor',
    weight               bigint NOT NULL CHECK (weight >= 0),
    share_ppm            int NOT NULL CHECK (share_ppm BETWEEN 1 AND 1000000),
    dataset_floor_micros bigint NOT NULL CHECK (dataset_floor_micros >= 0),
    dataset_extra_micros smallint NOT NULL CHECK (dataset_extra_micros IN (0, 1)),
    floor_micros         bigint NOT NULL CHECK (floor_micros >= 0),
    extra_micros         smallint NOT NULL CHECK (extra_micros IN (0, 1)),
    amount_micros        bigint NOT NULL GENERATED ALWAYS AS (floor_micros + extra_micros) STORED,
    PRIMARY KEY (allocation_id, line_no)
);
CREATE INDEX allocation_line_of_party ON ledger.allocation_line (allocation_id, party_id);

-- ──────────────────────────────────────── terms, advances, holds, withholding ────────────────────────────────────────

-- What was agreed with a payee. The row with the latest valid_from not after a day, then the latest id, rules that day.
CREATE TABLE ledger.payee_term (
    id                     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    party_id               registry.id NOT NULL REFERENCES registry.party,
    currency               text COLLATE "C" NOT NULL REFERENCES ledger.currency,
    valid_from             date NOT NULL,
    min_payout_micros      bigint NOT NULL CHECK (min_payout_micros >= 0),
    reserve_ppm            int NOT NULL CHECK (reserve_ppm BETWEEN 0 AND 1000000),
    reserve_release_months int NOT NULL CHECK (reserve_release_months BETWEEN 0 AND 120),
    allow_negative_carry   boolean NOT NULL,
    recorded_at            timestamptz NOT NULL DEFAULT transaction_timestamp(),
    recorded_by            text NOT NULL DEFAULT session_user,
    CHECK ((reserve_ppm > 0) = (reserve_release_months > 0))
);
CREATE INDEX payee_term_of_party ON ledger.payee_term (party_id, currency, valid_from, id);

-- dataset_id given: recouped from that dataset's earnings only, unless cross_group.
CREATE TABLE ledger.advance (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    party_id        registry.id NOT NULL REFERENCES registry.party,
    currency        text COLLATE "C" NOT NULL REFERENCES ledger.currency,
    amount_micros   bigint NOT NULL CHECK (amount_micros > 0),
    recoup_ppm      int NOT NULL CHECK (recoup_ppm BETWEEN 1 AND 1000000),
    dataset_id      registry.id,
    cross_group     boolean NOT NULL,
    reference       text COLLATE "C" NOT NULL UNIQUE,
    paid_journal_id bigint NOT NULL UNIQUE REFERENCES ledger.journal
);

-- An advance that was paid by mistake and came back whole, before any of it was recouped.
CREATE TABLE ledger.advance_cancellation (
    advance_id bigint PRIMARY KEY REFERENCES ledger.advance,
    journal_id bigint NOT NULL UNIQUE REFERENCES ledger.journal,
    reason     text NOT NULL CHECK (reason <> '')
);

-- The account of a payee is closed: from this period's settlement on everything that is left is paid, whatever the minimum,
-- with the reserves, and none is withheld any more. What is held stays held until its question is answered.
CREATE TABLE ledger.final_settlement (
    party_id    registry.id PRIMARY KEY REFERENCES registry.party,
    period_id   text COLLATE "C" NOT NULL REFERENCES ledger.period,
    reason      text NOT NULL CHECK (reason <> ''),
    recorded_at timestamptz NOT NULL DEFAULT transaction_timestamp(),
    recorded_by text NOT NULL DEFAULT session_user
);

-- Somebody proposes to give up what a payee owes: a negative balance, or what is left of an advance.
CREATE TABLE ledger.write_off (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reference     text COLLATE "C" NOT NULL UNIQUE,
    party_id      registry.id NOT NULL REFERENCES registry.party,
    currency      text COLLATE "C" NOT NULL REFERENCES ledger.currency,
    advance_id    bigint REFERENCES ledger.advance,
    amount_micros bigint NOT NULL CHECK (amount_micros > 0),
    reason        text NOT NULL CHECK (reason <> ''),
    proposed_by   registry.id NOT NULL CHECK (proposed_by <> party_id),
    proposed_at   timestamptz NOT NULL DEFAULT transaction_timestamp(),
    UNIQUE (id, proposed_by, party_id)
);

-- Two others agree, neither of them the payee; it is posted with the second. The columns say so: the second comes after the
-- first, nobody approves twice, only the second has a journal. Foreign keys sleep in a replica session: approvals-valid looks again.
CREATE TABLE ledger.write_off_approval (
    write_off_id bigint NOT NULL,
    number       smallint NOT NULL CHECK (number IN (1, 2)),
    after        smallint GENERATED ALWAYS AS (nullif(number - 1, 0)) STORED,
    approved_by  registry.id NOT NULL,
    proposed_by  registry.id NOT NULL,
    party_id     registry.id NOT NULL,
    approved_at  timestamptz NOT NULL DEFAULT transaction_timestamp(),
    journal_id   bigint UNIQUE REFERENCES ledger.journal,
    PRIMARY KEY (write_off_id, number),
    UNIQUE (write_off_id, approved_by),
    FOREIGN KEY (write_off_id, after) REFERENCES ledger.write_off_approval,
    FOREIGN KEY (write_off_id, proposed_by, party_id) REFERENCES ledger.write_off (id, proposed_by, party_id),
    CHECK (approved_by <> proposed_by AND approved_by <> party_id),
    CHECK ((number = 2) = (journal_id IS NOT NULL))
);

CREATE TABLE ledger.hold (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    party_id   registry.id REFERENCES registry.party,
    dataset_id registry.id,
    reason     text NOT NULL CHECK (reason <> ''),
    opened_at  timestamptz NOT NULL DEFAULT transaction_timestamp(),
    opened_by  text NOT NULL DEFAULT session_user,
    CHECK ((party_id IS NULL) <> (dataset_id IS NULL))
);

CREATE TABLE ledger.hold_release (
    hold_id     bigint PRIMARY KEY REFERENCES ledger.hold,
    period_id   text COLLATE "C" NOT NULL REFERENCES ledger.period,
    released_at timestamptz NOT NULL DEFAULT transaction_timestamp(),
    released_by text NOT NULL DEFAULT session_user
);

-- Of the rules of a country and form that are valid on a day, the one with the latest first day rules.
CREATE TABLE ledger.withholding_rule (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction text COLLATE "C" NOT NULL CHECK (jurisdiction ~ '^[A-Z]{2}$'),
    form_kind    text COLLATE "C" NOT NULL CHECK (form_kind <> ''),
    rate_ppm     int NOT NULL CHECK (rate_ppm BETWEEN 0 AND 1000000),
    treaty_ref   text NOT NULL DEFAULT '',
    valid        daterange NOT NULL CHECK (NOT isempty(valid))
);

CREATE TABLE ledger.party_tax_profile (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    party_id   registry.id NOT NULL REFERENCES registry.party,
    country    text COLLATE "C" NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    form_kind  text COLLATE "C" NOT NULL CHECK (form_kind <> ''),
    signed_on  date NOT NULL,
    expires_on date CHECK (expires_on > signed_on)
);
-- What was withheld and paid on to the authority.
CREATE TABLE ledger.tax_remittance (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction  text COLLATE "C" NOT NULL CHECK (jurisdiction ~ '^[A-Z]{2}$'),
    currency      text COLLATE "C" NOT NULL REFERENCES ledger.currency,
    amount_micros bigint NOT NULL CHECK (amount_micros > 0),
    reference     text COLLATE "C" NOT NULL UNIQUE,
    journal_id    bigint NOT NULL UNIQUE REFERENCES ledger.journal
);

CREATE INDEX party_tax_profile_of_party ON ledger.party_tax_profile (party_id, signed_on, id);

-- ──────────────────────────────────────────── settlement and payments ────────────────────────────────────────────

-- The waterfall of one period, once for every payee and currency that had something to settle. Periods are settled in their
-- order, and nothing more is earned or owed in a settled one: the next period takes what comes late (journal_holds).
CREATE TABLE ledger.settlement (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    period_id     text COLLATE "C" NOT NULL UNIQUE REFERENCES ledger.period,
    policy_sha256 bytea NOT NULL REFERENCES ledger.policy,
    settled_at    timestamptz NOT NULL DEFAULT transaction_timestamp(),
    settled_by    text NOT NULL DEFAULT session_user,
    xid           xid8 NOT NULL DEFAULT pg_current_xact_id()
);

-- Each step that moved money: of which base, at which rate, under which agreement (ref).
CREATE TABLE ledger.settlement_step (
    settlement_id bigint NOT NULL REFERENCES ledger.settlement,
    step_no       int NOT NULL,
    party_id      registry.id NOT NULL,
    currency      text COLLATE "C" NOT NULL,
    kind          text NOT NULL CHECK (kind IN (
        'advance_recouped', 'reserve_withheld', 'reserve_released', 'hold_placed', 'hold_released', 'tax_withheld')),
    ref           text COLLATE "C" NOT NULL,
    base_micros   bigint NOT NULL,
    rate_ppm      int,
    amount_micros bigint NOT NULL CHECK (amount_micros > 0),
    release_on    date,
    journal_id    bigint NOT NULL REFERENCES ledger.journal,
    PRIMARY KEY (settlement_id, step_no),
    CHECK ((kind = 'reserve_withheld') = (release_on IS NOT NULL))
);
CREATE INDEX settlement_step_of_party ON ledger.settlement_step (party_id, currency);
CREATE INDEX settlement_step_of_ref ON ledger.settlement_step (kind, ref);

-- What became of the payment itself; amount 0 with the reason where nothing is paid.
CREATE TABLE ledger.payment (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    settlement_id  bigint NOT NULL REFERENCES ledger.settlement,
    party_id       registry.id NOT NULL,
    currency       text COLLATE "C" NOT NULL REFERENCES ledger.currency,
    status         text NOT NULL CHECK (status IN ('scheduled', 'below_minimum', 'on_hold', 'suspended', 'nothing_due')),
    amount_micros  bigint NOT NULL CHECK (amount_micros >= 0),
    minimum_micros bigint NOT NULL CHECK (minimum_micros >= 0),
    journal_id     bigint REFERENCES ledger.journal,
    UNIQUE (settlement_id, party_id, currency),
    CHECK ((status = 'scheduled') = (amount_micros > 0)),
    CHECK ((status = 'scheduled') = (journal_id IS NOT NULL))
);
CREATE INDEX payment_of_party ON ledger.payment (party_id);

-- The bank's answer: settled once, and perhaps returned after that or instead of it.
CREATE TABLE ledger.payment_result (
    payment_id bigint NOT NULL REFERENCES ledger.payment,
    result     text NOT NULL CHECK (result IN ('settled', 'returned')),
    reason     text NOT NULL DEFAULT '',
    journal_id bigint NOT NULL REFERENCES ledger.journal,
    PRIMARY KEY (payment_id, result)
);
CREATE INDEX payment_result_of_journal ON ledger.payment_result (journal_id);

-- The rate of a conversion stays beside its journal, as the decimal text that was agreed.
CREATE TABLE ledger.fx_conversion (
    journal_id    bigint PRIMARY KEY REFERENCES ledger.journal,
    party_id      registry.id NOT NULL REFERENCES registry.party,
    from_currency text COLLATE "C" NOT NULL REFERENCES ledger.currency,
    to_currency   text COLLATE "C" NOT NULL REFERENCES ledger.currency,
    from_micros   bigint NOT NULL CHECK (from_micros > 0),
    to_micros     bigint NOT NULL CHECK (to_micros > 0),
    rate          text NOT NULL CHECK (rate ~ '^(0|[1-9][0-9]{0,11})(\.[0-9]{1,12})?$'),
    rate_source   text NOT NULL CHECK (rate_source <> ''),
    rate_on       date NOT NULL,
    CHECK (from_currency <> to_currency),
    CHECK (to_micros = floor(from_micros * rate::numeric))
);

-- ─────────────────────────────────────────────────── idempotency ───────────────────────────────────────────────────

-- A key that a caller chose, what it asked, and what it was told, successes and failures alike; kept for ever.
-- (Without a caller's key a command is recognised by its meaning: journal.idempotency_key.)
CREATE TABLE ledger.idempotency (
    principal      text NOT NULL,
    key            text COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    route          text NOT NULL,
    request_sha256 bytea NOT NULL CHECK (length(request_sha256) = 32),
    status         int NOT NULL,
    response       bytea NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT transaction_timestamp(),
    PRIMARY KEY (principal, key)
);

-- ───────────────────────────────────────────────── the law: triggers ─────────────────────────────────────────────────

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

-- ─────────────────────────────────────── the doors: functions that post ───────────────────────────────────────

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

-- Records what a source paid for the use of a period: its pool gets gross - fee - tax. What comes after that period is
-- settled is posted into a later one; its pool is then shared by laurel allocate --into. Says whether the receipt is new.
CREATE FUNCTION ledger.add_receipt(
    p_source text, p_ref text, p_period text, p_currency text, p_gross bigint, p_fee bigint, p_tax bigint,
    p_received_on date, p_file_sha256 bytea, p_into text DEFAULT NULL, OUT receipt_id bigint, OUT created boolean
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    latest    revenue_receipt;
    v_unit    bigint := (SELECT 10 ^ (ledger_exponent - minor_exponent) FROM currency WHERE code = p_currency);
    v_posted  text := coalesce(p_into, p_period);
    v_final   text;
    v_journal bigint;
    differs   text;
BEGIN
    IF v_unit IS NULL THEN
        RAISE EXCEPTION '"%" is no currency', p_currency USING ERRCODE = 'LR002', HINT = 'use an ISO 4217 code';
    END IF;
    IF p_gross % v_unit <> 0 OR p_fee % v_unit <> 0 OR p_tax % v_unit <> 0 THEN
        RAISE EXCEPTION 'an amount has more decimals than % has', p_currency USING ERRCODE = 'LR002';
    END IF;
    IF p_gross <= 0 OR p_fee < 0 OR p_tax < 0 OR p_gross::numeric - p_fee - p_tax <= 0 THEN
        RAISE EXCEPTION 'fee and tax leave nothing of the receipt' USING ERRCODE = 'LR002', DETAIL = p_ref,
            HINT = 'the amount is gross, and more than fee and tax together';
    END IF;
    PERFORM open_period(p_period);
    PERFORM pg_advisory_xact_lock(3, hashtext(p_source || E'\x1f' || p_ref));
    SELECT * INTO latest FROM revenue_receipt r WHERE r.source = p_source AND r.external_ref = p_ref
    ORDER BY r.version DESC LIMIT 1;
    IF FOUND AND NOT EXISTS (SELECT 1 FROM revenue_void v WHERE v.receipt_id = latest.id) THEN
        differs := concat_ws(', ',
            CASE WHEN latest.period_id <> p_period THEN format('period %s instead of %s', p_period, latest.period_id) END,
            CASE WHEN latest.posted_period <> v_posted THEN format('posted in %s instead of %s', v_posted, latest.posted_period) END,
            CASE WHEN latest.currency <> p_currency THEN format('currency %s instead of %s', p_currency, latest.currency) END,
            CASE WHEN latest.gross_micros <> p_gross THEN format('amount %s instead of %s',
                decimal_text(p_gross), decimal_text(latest.gross_micros)) END,
            CASE WHEN latest.fee_micros <> p_fee THEN format('fee %s instead of %s',
                decimal_text(p_fee), decimal_text(latest.fee_micros)) END,
            CASE WHEN latest.tax_micros <> p_tax THEN format('tax %s instead of %s',
                decimal_text(p_tax), decimal_text(latest.tax_micros)) END,
            CASE WHEN latest.received_on <> p_received_on THEN format('received on %s instead of %s',
                p_received_on, latest.received_on) END);
        IF differs <> '' THEN
            RAISE EXCEPTION 'receipt % of % is already recorded otherwise (%)', p_ref, p_source, differs
                USING ERRCODE = 'LR001', DETAIL = p_ref, HINT = 'void it first, or use its own reference';
        END IF;
        receipt_id := latest.id;
        created := false;
        RETURN;
    END IF;
    PERFORM require_late(p_period, v_posted, 'a receipt');
    PERFORM open_period(v_posted);
    v_final := greatest((SELECT max(s.period_id) FROM settlement s), (SELECT max(c.period_id) FROM period_close c));
    IF v_posted <= v_final THEN
        RAISE EXCEPTION 'period % is settled: nothing more is earned in it', v_posted USING ERRCODE = 'LR001', DETAIL = p_ref,
            HINT = format('what comes late is posted into an open period: --into %s, or a later one',
                          to_char(to_date(v_final, 'YYYY-MM') + interval '1 month', 'YYYY-MM'));
    END IF;
    SELECT post_journal('revenue_recognised', v_posted, p_received_on,
        format('revenue:%s:%s:%s', p_source, p_ref, coalesce(latest.version, 0) + 1),
        array_agg(l.code ORDER BY l.n), array_agg(p_currency ORDER BY l.n), array_agg(l.amount ORDER BY l.n),
        'receipt', p_source || ':' || p_ref, '', nullif(p_period, v_posted))
    INTO v_journal
    FROM (VALUES (1, 'receivable:' || p_source, p_gross), (2, 'fee:processing', -p_fee),
                 (3, 'withholding:source', -p_tax), (4, 'pool:' || p_period, -(p_gross - p_fee - p_tax))
         ) AS l (n, code, amount)
    WHERE l.amount <> 0;
    INSERT INTO revenue_receipt (source, external_ref, version, period_id, posted_period, currency, gross_micros, fee_micros,
                                 tax_micros, received_on, file_sha256, supersedes, journal_id)
    VALUES (p_source, p_ref, coalesce(latest.version, 0) + 1, p_period, v_posted, p_currency, p_gross, p_fee, p_tax,
            p_received_on, p_file_sha256, latest.id, v_journal)
    RETURNING id INTO receipt_id;
    created := true;
END $$;

-- The source paid: gross less fee and tax stands in the bank, and the source owes nothing more. Says whether that was news.
CREATE FUNCTION ledger.collect_receipt(p_receipt bigint, p_period text, p_effective_on date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    receipt   revenue_receipt;
    v_journal bigint;
BEGIN
    SELECT * INTO receipt FROM revenue_receipt WHERE id = p_receipt;
    PERFORM pg_advisory_xact_lock(3, hashtext(receipt.source || E'\x1f' || receipt.external_ref));
    IF EXISTS (SELECT 1 FROM revenue_collection WHERE receipt_id = p_receipt) THEN
        RETURN false;
    END IF;
    IF EXISTS (SELECT 1 FROM revenue_void WHERE receipt_id = p_receipt) THEN
        RAISE EXCEPTION 'receipt % is void', receipt.external_ref USING ERRCODE = 'LR001',
            HINT = 'enter what the source paid as a receipt of its own';
    END IF;
    PERFORM require_not_before(p_period, receipt.posted_period, 'a receipt');
    PERFORM open_period(p_period);
    SELECT post_journal('receivable_collected', p_period, p_effective_on, 'collection:' || p_receipt,
        array_agg(l.code ORDER BY l.n), array_agg(receipt.currency ORDER BY l.n), array_agg(l.amount ORDER BY l.n),
        'receipt', receipt.source || ':' || receipt.external_ref, '', nullif(receipt.period_id, p_period))
    INTO v_journal
    FROM (VALUES (1, 'bank:main', receipt.gross_micros - receipt.fee_micros - receipt.tax_micros),
                 (2, 'fee:processing', receipt.fee_micros), (3, 'withholding:source', receipt.tax_micros),
                 (4, 'receivable:' || receipt.source, -receipt.gross_micros)) AS l (n, code, amount)
    WHERE l.amount <> 0;
    INSERT INTO revenue_collection (receipt_id, journal_id) VALUES (p_receipt, v_journal);
    RETURN true;
END $$;

-- Takes a receipt back by reversing its journal, in the period where it was posted or, once that is settled, in a later one;
-- and that of its collection, not before it: the source took its money back. Says whether that was still to do.
CREATE FUNCTION ledger.void_receipt(p_receipt bigint, p_period text, p_effective_on date, p_reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    receipt revenue_receipt;
BEGIN
    SELECT * INTO receipt FROM revenue_receipt WHERE id = p_receipt;
    PERFORM pg_advisory_xact_lock(3, hashtext(receipt.source || E'\x1f' || receipt.external_ref));
    IF EXISTS (SELECT 1 FROM revenue_void WHERE receipt_id = p_receipt) THEN
        RETURN false;
    END IF;
    PERFORM require_late(receipt.posted_period, p_period, 'a receipt');
    PERFORM open_period(p_period);
    PERFORM reverse_journal(c.journal_id, greatest(p_period, j.period_id),
                            CASE WHEN j.period_id > p_period THEN j.effective_on ELSE p_effective_on END, p_reason)
    FROM revenue_collection c JOIN journal j ON j.id = c.journal_id WHERE c.receipt_id = p_receipt;
    INSERT INTO revenue_void (receipt_id, journal_id, reason)
    VALUES (p_receipt, reverse_journal(receipt.journal_id, p_period, p_effective_on, p_reason), p_reason);
    RETURN true;
END $$;

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

-- ───────────────────────────────────────── agreements, holds, settlement ─────────────────────────────────────────

-- Changes what is in force on a day from that day on; what is NULL stays as it is. The same terms as the latest of that day
-- are these terms.
CREATE FUNCTION ledger.add_term(
    p_party text, p_currency text, p_valid_from date, p_min_payout bigint, p_reserve_ppm int, p_release_months int,
    p_negative_carry boolean
) RETURNS ledger.payee_term
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    old payee_term;
    new payee_term;
BEGIN
    PERFORM pg_advisory_xact_lock(10, hashtext(p_party || '/' || p_currency));
    SELECT * INTO old FROM payee_term t
    WHERE t.party_id = p_party AND t.currency = p_currency AND t.valid_from <= p_valid_from
    ORDER BY t.valid_from DESC, t.id DESC LIMIT 1;
    new := old;
    new.min_payout_micros := coalesce(p_min_payout, old.min_payout_micros, 0);
    new.reserve_ppm := coalesce(p_reserve_ppm, old.reserve_ppm, 0);
    new.reserve_release_months := CASE new.reserve_ppm WHEN 0 THEN coalesce(p_release_months, 0)
        ELSE coalesce(p_release_months, old.reserve_release_months, 0) END;
    new.allow_negative_carry := coalesce(p_negative_carry, old.allow_negative_carry, false);
    IF (new.reserve_ppm > 0) <> (new.reserve_release_months > 0) THEN
        RAISE EXCEPTION 'a reserve of % ppm for % months is none', new.reserve_ppm, new.reserve_release_months
            USING ERRCODE = 'LR002', HINT = 'give both the share and the months, or a share of 0';
    END IF;
    IF old.valid_from = p_valid_from AND new = old THEN
        RETURN old;
    END IF;
    INSERT INTO payee_term (party_id, currency, valid_from, min_payout_micros, reserve_ppm, reserve_release_months,
                            allow_negative_carry)
    VALUES (p_party, p_currency, p_valid_from, new.min_payout_micros, new.reserve_ppm, new.reserve_release_months,
            new.allow_negative_carry)
    RETURNING * INTO new;
    RETURN new;
END $$;

CREATE FUNCTION ledger.pay_advance(
    p_party text, p_currency text, p_amount bigint, p_recoup_ppm int, p_dataset text, p_cross_group boolean,
    p_reference text, p_period text, p_effective_on date, OUT o_advance bigint, OUT o_created boolean
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    old advance;
BEGIN
    PERFORM pg_advisory_xact_lock(5, hashtext(p_reference));
    SELECT * INTO old FROM advance WHERE reference = p_reference;
    IF FOUND THEN
        IF (old.party_id, old.currency, old.amount_micros, old.recoup_ppm, old.cross_group) <>
           (p_party, p_currency, p_amount, p_recoup_ppm, p_cross_group)
           OR old.dataset_id IS DISTINCT FROM p_dataset
           OR p_period <> (SELECT j.period_id FROM journal j WHERE j.id = old.paid_journal_id) THEN
            RAISE EXCEPTION 'advance % is already recorded otherwise', p_reference USING ERRCODE = 'LR001',
                HINT = 'use its own reference';
        END IF;
        IF EXISTS (SELECT FROM advance_cancellation c WHERE c.advance_id = old.id) THEN
            RAISE EXCEPTION 'advance % was cancelled', p_reference USING ERRCODE = 'LR001', HINT = 'use another reference';
        END IF;
        o_advance := old.id;
        o_created := false;
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM registry.party p WHERE p.id = p_party AND p.status = 'suspended') THEN
        RAISE EXCEPTION '% is suspended, and nobody suspended is paid', p_party USING ERRCODE = 'LR001',
            HINT = 'laurel contributor resume ' || p_party;
    END IF;
    PERFORM open_period(p_period);
    INSERT INTO advance (party_id, currency, amount_micros, recoup_ppm, dataset_id, cross_group, reference, paid_journal_id)
    VALUES (p_party, p_currency, p_amount, p_recoup_ppm, p_dataset, p_cross_group, p_reference,
            post_journal('advance_paid', p_period, p_effective_on, 'advance:' || p_reference,
                         ARRAY['advance:' || p_party, 'bank:main'], ARRAY[p_currency, p_currency],
                         ARRAY[p_amount, -p_amount], 'advance', p_reference))
    RETURNING id INTO o_advance;
    o_created := true;
END $$;

-- Takes an advance back whole: its money stands in the bank again. Says whether that was still to do.
CREATE FUNCTION ledger.cancel_advance(p_reference text, p_period text, p_effective_on date, p_reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    balance record;
BEGIN
    SELECT * INTO balance FROM advance_balance WHERE reference = p_reference;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no advance "%"', p_reference USING ERRCODE = 'LR002', HINT = 'see laurel advance list';
    END IF;
    IF NOT balance.is_cancelled THEN
        PERFORM lock_advance(balance.id, balance.paid_in, p_period);
        SELECT * INTO balance FROM advance_balance WHERE id = balance.id;
    END IF;
    IF balance.is_cancelled THEN
        RETURN false;
    END IF;
    IF balance.outstanding_micros <> balance.amount_micros THEN
        RAISE EXCEPTION 'of advance % only % % are left', p_reference, decimal_text(balance.outstanding_micros), balance.currency
            USING ERRCODE = 'LR001', HINT = 'what is recouped stays recouped; laurel write-off propose gives up the rest';
    END IF;
    INSERT INTO advance_cancellation (advance_id, journal_id, reason)
    SELECT a.id, reverse_journal(a.paid_journal_id, p_period, p_effective_on, p_reason), p_reason
    FROM advance a WHERE a.id = balance.id;
    RETURN true;
END $$;

-- Before something becomes of an advance: not before it was paid, and nobody recoups, cancels or gives it up meanwhile. First the
-- period, then the advance, as a settlement locks them, so that the two never wait for each other.
CREATE FUNCTION ledger.lock_advance(p_advance bigint, p_paid_in text, p_period text) RETURNS void
LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
    PERFORM require_not_before(p_period, p_paid_in, 'an advance');
    PERFORM open_period(p_period);
    PERFORM require_open(p_period);
    PERFORM FROM advance a WHERE a.id = p_advance FOR UPDATE;
END $$;

-- Closes a payee's account from a period's settlement on. Says whether that was news.
CREATE FUNCTION ledger.settle_finally(p_party text, p_period text, p_reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    v_period text;
BEGIN
    -- Nobody settles or closes the period meanwhile.
    PERFORM pg_advisory_xact_lock_shared(1, period_lock_key(p_period));
    INSERT INTO final_settlement (party_id, period_id, reason) SELECT p_party, p.id, p_reason FROM period p
    WHERE p.id = p_period AND NOT EXISTS (SELECT FROM settlement t WHERE t.period_id = p.id)
      AND NOT EXISTS (SELECT FROM period_close c WHERE c.period_id = p.id)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        RETURN true;
    END IF;
    SELECT f.period_id INTO v_period FROM final_settlement f WHERE f.party_id = p_party;
    IF v_period IS NULL THEN
        RAISE EXCEPTION 'period % is not open, or settled already', p_period USING ERRCODE = 'LR001',
            HINT = 'name the period whose settlement is to pay what is left: laurel period list';
    END IF;
    IF v_period <> p_period THEN
        RAISE EXCEPTION 'the account of % is closed from % on', p_party, v_period USING ERRCODE = 'LR001',
            HINT = 'whatever still comes is paid with the settlement of its month';
    END IF;
    RETURN false;
END $$;

-- What of a payee's debt can be given up: what is left of an advance, or the balance below zero, at the end of a period and now:
-- what is given up before it is owed would be paid out.
CREATE FUNCTION ledger.write_off_room(p_party text, p_currency text, p_advance bigint, p_period text) RETURNS numeric
LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
    IF p_advance IS NOT NULL THEN
        RETURN (SELECT b.outstanding_micros FROM advance_balance b WHERE b.id = p_advance);
    END IF;
    RETURN (SELECT greatest(least(coalesce(sum(p.amount_micros), 0),
                                  coalesce(sum(p.amount_micros) FILTER (WHERE j.period_id <= p_period), 0)), 0)
            FROM posting p JOIN journal j ON j.id = p.journal_id JOIN account a ON a.id = p.account_id
            WHERE a.code = 'payable:' || p_party AND a.currency = p_currency);
END $$;

-- The same proposal again is that proposal. Nothing is posted yet.
CREATE FUNCTION ledger.propose_write_off(
    p_reference text, p_party text, p_currency text, p_advance text, p_amount bigint, p_reason text, p_by text,
    OUT o_write_off bigint, OUT o_created boolean
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    old       write_off;
    v_advance bigint;
    v_room    numeric;
BEGIN
    PERFORM require_person(p_by, p_party);
    PERFORM pg_advisory_xact_lock(15, hashtext(p_reference));
    IF p_advance IS NOT NULL THEN
        SELECT a.id INTO v_advance FROM advance a
        WHERE a.reference = p_advance AND a.party_id = p_party AND a.currency = p_currency;
        IF NOT FOUND THEN
            RAISE EXCEPTION '% has no advance "%" in %', p_party, p_advance, p_currency USING ERRCODE = 'LR002',
                HINT = 'see laurel advance list';
        END IF;
    END IF;
    SELECT * INTO old FROM write_off w WHERE w.reference = p_reference;
    IF FOUND THEN
        IF (old.party_id, old.currency, old.amount_micros, old.reason, old.proposed_by) <>
           (p_party, p_currency, p_amount, p_reason, p_by) OR old.advance_id IS DISTINCT FROM v_advance THEN
            RAISE EXCEPTION 'write-off % is already proposed otherwise', p_reference USING ERRCODE = 'LR001',
                HINT = 'use its own reference';
        END IF;
        o_write_off := old.id;
        o_created := false;
        RETURN;
    END IF;
    v_room := write_off_room(p_party, p_currency, v_advance, '9999-12');
    IF p_amount > v_room THEN
        RAISE EXCEPTION '% owes only % %', p_party, decimal_text(v_room), p_currency USING ERRCODE = 'LR001',
            HINT = coalesce('that is left of advance ' || p_advance, 'name an advance with --advance, or propose what the balance lacks');
    END IF;
    INSERT INTO write_off (reference, party_id, currency, advance_id, amount_micros, reason, proposed_by)
    VALUES (p_reference, p_party, p_currency, v_advance, p_amount, p_reason, p_by) RETURNING id INTO o_write_off;
    o_created := true;
END $$;

-- One more person agrees; with the second it is posted. Says how many have agreed, and whether this was news.
CREATE FUNCTION ledger.approve_write_off(
    p_reference text, p_by text, p_period text, p_effective_on date, OUT o_approvals int, OUT o_created boolean
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    proposal  write_off;
    v_account text;
    v_room    numeric;
    v_journal bigint;
BEGIN
    SELECT * INTO proposal FROM write_off w WHERE w.reference = p_reference FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no write-off "%"', p_reference USING ERRCODE = 'LR002', HINT = 'see laurel write-off list';
    END IF;
    PERFORM require_person(p_by, proposal.party_id);
    IF p_by = proposal.proposed_by THEN
        RAISE EXCEPTION '% proposed write-off %', p_by, p_reference USING ERRCODE = 'LR001', HINT = 'two others approve it';
    END IF;
    SELECT count(*), coalesce(bool_and(a.approved_by <> p_by), true) INTO o_approvals, o_created
    FROM write_off_approval a WHERE a.write_off_id = proposal.id;
    IF NOT o_created THEN
        RETURN;
    END IF;
    IF o_approvals = 2 THEN
        RAISE EXCEPTION 'two people have approved write-off % already', p_reference USING ERRCODE = 'LR001',
            HINT = 'see laurel write-off list';
    END IF;
    IF o_approvals = 1 THEN
        v_account := CASE WHEN proposal.advance_id IS NULL THEN 'payable:' ELSE 'advance:' END || proposal.party_id;
        PERFORM lock_advance(proposal.advance_id, (SELECT b.paid_in FROM advance_balance b WHERE b.id = proposal.advance_id), p_period);
        PERFORM FROM account a WHERE a.code = v_account AND a.currency = proposal.currency FOR NO KEY UPDATE;
        v_room := write_off_room(proposal.party_id, proposal.currency, proposal.advance_id, p_period);
        IF proposal.amount_micros > v_room THEN
            RAISE EXCEPTION '% owes only % % by now and at the end of %', proposal.party_id, decimal_text(v_room), proposal.currency,
                p_period USING ERRCODE = 'LR001', HINT = 'post it into a later period, or propose what is left under another reference';
        END IF;
        v_journal := post_journal('written_off', p_period, p_effective_on, 'write-off:' || p_reference,
            ARRAY['adjust:writeoff', v_account], ARRAY[proposal.currency, proposal.currency],
            ARRAY[proposal.amount_micros, -proposal.amount_micros], 'write_off', p_reference, proposal.reason);
    END IF;
    o_approvals := o_approvals + 1;
    INSERT INTO write_off_approval (write_off_id, number, approved_by, proposed_by, party_id, journal_id)
    VALUES (proposal.id, o_approvals, p_by, proposal.proposed_by, proposal.party_id, v_journal);
END $$;

-- Whoever proposes or approves goes by one short id, so that a person in two spellings is not two; and is not the payee.
CREATE FUNCTION ledger.require_person(p_by text, p_party text) RETURNS void
LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
    IF p_by !~ '^[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?$' THEN
        RAISE EXCEPTION '"%" is no id of a person', p_by USING ERRCODE = 'LR002',
            HINT = 'use the short id that this person always goes by: lowercase letters, digits, dots and dashes';
    END IF;
    IF p_by = p_party THEN
        RAISE EXCEPTION '% is the payee', p_by USING ERRCODE = 'LR001', HINT = 'nobody gives up a debt of their own';
    END IF;
END $$;

-- The same hold again is that hold while it lasts; for another reason it is refused.
CREATE FUNCTION ledger.place_hold(p_party text, p_dataset text, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    v_hold   bigint;
    v_reason text;
BEGIN
    PERFORM pg_advisory_xact_lock(6, hashtext(coalesce(p_party, '') || '/' || coalesce(p_dataset, '')));
    SELECT h.id, h.reason INTO v_hold, v_reason FROM hold h
    WHERE h.party_id IS NOT DISTINCT FROM p_party AND h.dataset_id IS NOT DISTINCT FROM p_dataset
      AND NOT EXISTS (SELECT 1 FROM hold_release r WHERE r.hold_id = h.id);
    IF v_reason <> p_reason THEN
        RAISE EXCEPTION '% is held already for another reason', coalesce(p_party, p_dataset) USING ERRCODE = 'LR001',
            DETAIL = format('hold %s: %s', v_hold, v_reason),
            HINT = format('laurel hold release %s --period PERIOD ends that hold', v_hold);
    END IF;
    IF v_hold IS NULL THEN
        INSERT INTO hold (party_id, dataset_id, reason) VALUES (p_party, p_dataset, p_reason) RETURNING id INTO v_hold;
    END IF;
    RETURN v_hold;
END $$;

-- From this period's settlement on, what was held is payable again.
CREATE FUNCTION ledger.release_hold(p_hold bigint, p_period text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1, period_lock_key(p_period));
    IF NOT EXISTS (SELECT FROM period p WHERE p.id = p_period
                   AND NOT EXISTS (SELECT FROM settlement t WHERE t.period_id = p.id)
                   AND NOT EXISTS (SELECT FROM period_close c WHERE c.period_id = p.id)) THEN
        RAISE EXCEPTION 'period % is not open, or settled already', p_period USING ERRCODE = 'LR001',
            HINT = 'name the period whose settlement is to give the money back: laurel period list';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM hold WHERE id = p_hold) THEN
        RAISE EXCEPTION 'there is no hold %', p_hold USING ERRCODE = 'LR002', HINT = 'see laurel hold list';
    END IF;
    INSERT INTO hold_release (hold_id, period_id) VALUES (p_hold, p_period) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;

-- The same rule again is that rule; another from the same day on is refused.
CREATE FUNCTION ledger.add_withholding_rule(
    p_jurisdiction text, p_form_kind text, p_rate_ppm int, p_treaty_ref text, p_from date, p_until date
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    v_rule bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(7, hashtext(p_jurisdiction || p_form_kind));
    SELECT r.id INTO v_rule FROM withholding_rule r
    WHERE (r.jurisdiction, r.form_kind, r.rate_ppm, r.treaty_ref, r.valid) =
          (p_jurisdiction, p_form_kind, p_rate_ppm, p_treaty_ref, daterange(p_from, p_until));
    IF FOUND THEN
        RETURN v_rule;
    END IF;
    IF EXISTS (SELECT 1 FROM withholding_rule r WHERE r.jurisdiction = p_jurisdiction AND r.form_kind = p_form_kind
               AND lower(r.valid) = p_from) THEN
        RAISE EXCEPTION 'the rule for % with form % from % on says otherwise', p_jurisdiction, p_form_kind, p_from
            USING ERRCODE = 'LR001', HINT = 'let another rate begin on another day: the latest that has begun is in force';
    END IF;
    INSERT INTO withholding_rule (jurisdiction, form_kind, rate_ppm, treaty_ref, valid)
    VALUES (p_jurisdiction, p_form_kind, p_rate_ppm, p_treaty_ref, daterange(p_from, p_until)) RETURNING id INTO v_rule;
    RETURN v_rule;
END $$;

-- The same form as the latest signed that day is this form. One that no rule of the country knows would tax nothing.
CREATE FUNCTION ledger.add_tax_profile(
    p_party text, p_country text, p_form_kind text, p_signed_on date, p_expires_on date
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    latest party_tax_profile;
BEGIN
    IF p_form_kind <> 'none' AND NOT EXISTS (SELECT 1 FROM withholding_rule r
                                             WHERE r.jurisdiction = p_country AND r.form_kind = p_form_kind) THEN
        RAISE EXCEPTION 'no rule of % knows the form %', p_country, p_form_kind USING ERRCODE = 'LR001',
            HINT = coalesce((SELECT 'forms known there: ' || string_agg(DISTINCT r.form_kind, ', ' ORDER BY r.form_kind)
                             FROM withholding_rule r WHERE r.jurisdiction = p_country),
                            format('record its rate first: laurel tax rule %s --form %s --rate-ppm PPM --from DAY',
                                   p_country, p_form_kind));
    END IF;
    PERFORM pg_advisory_xact_lock(11, hashtext(p_party));
    SELECT * INTO latest FROM party_tax_profile t
    WHERE t.party_id = p_party AND t.signed_on = p_signed_on ORDER BY t.id DESC LIMIT 1;
    IF (latest.country, latest.form_kind) = (p_country, p_form_kind) AND latest.expires_on IS NOT DISTINCT FROM p_expires_on THEN
        RETURN latest.id;
    END IF;
    INSERT INTO party_tax_profile (party_id, country, form_kind, signed_on, expires_on)
    VALUES (p_party, p_country, p_form_kind, p_signed_on, p_expires_on) RETURNING id INTO latest.id;
    RETURN latest.id;
END $$;

-- Pays what was withheld on to the authority: never more than is owed to it, at the end of the period and now.
CREATE FUNCTION ledger.remit_tax(
    p_jurisdiction text, p_currency text, p_amount bigint, p_reference text, p_period text, p_effective_on date,
    OUT o_remittance bigint, OUT o_created boolean
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    old    tax_remittance;
    v_owed numeric;
BEGIN
    PERFORM pg_advisory_xact_lock(14, hashtext(p_jurisdiction || p_currency));
    SELECT * INTO old FROM tax_remittance t WHERE t.reference = p_reference;
    IF FOUND THEN
        IF (old.jurisdiction, old.currency, old.amount_micros, (SELECT j.period_id FROM journal j WHERE j.id = old.journal_id)) <>
           (p_jurisdiction, p_currency, p_amount, p_period) THEN
            RAISE EXCEPTION 'remittance % is already recorded otherwise', p_reference USING ERRCODE = 'LR001',
                HINT = 'use its own reference';
        END IF;
        o_remittance := old.id;
        o_created := false;
        RETURN;
    END IF;
    SELECT least(coalesce(-sum(p.amount_micros) FILTER (WHERE j.period_id <= p_period), 0), coalesce(-sum(p.amount_micros), 0))
    INTO v_owed
    FROM posting p JOIN journal j ON j.id = p.journal_id JOIN account a ON a.id = p.account_id
    WHERE a.code = 'withholding:' || p_jurisdiction AND a.currency = p_currency;
    IF p_amount > v_owed THEN
        RAISE EXCEPTION 'only % % are owed to %', decimal_text(v_owed), p_currency, p_jurisdiction USING ERRCODE = 'LR001',
            HINT = 'see laurel tax owed';
    END IF;
    PERFORM open_period(p_period);
    INSERT INTO tax_remittance (jurisdiction, currency, amount_micros, reference, journal_id)
    VALUES (p_jurisdiction, p_currency, p_amount, p_reference,
            post_journal('tax_remitted', p_period, p_effective_on, 'remittance:' || p_reference,
                         ARRAY['withholding:' || p_jurisdiction, 'bank:main'], ARRAY[p_currency, p_currency],
                         ARRAY[p_amount, -p_amount], 'tax_remittance', p_reference))
    RETURNING id INTO o_remittance;
    o_created := true;
END $$;

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

-- ─────────────────────────────────────────────── idempotency doors ───────────────────────────────────────────────

-- Claims a caller's key until this transaction ends and returns what was answered before, if anything; another request
-- under the same key is refused.
CREATE FUNCTION ledger.idempotency_begin(
    p_principal text, p_key text, p_route text, p_request_sha256 bytea, OUT o_status int, OUT o_response bytea
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    old idempotency;
BEGIN
    PERFORM pg_advisory_xact_lock(2, hashtext(p_principal || E'\x1f' || p_key));
    SELECT * INTO old FROM idempotency i WHERE i.principal = p_principal AND i.key = p_key;
    IF old.route <> p_route OR old.request_sha256 <> p_request_sha256 THEN
        RAISE EXCEPTION 'the idempotency key "%" was used for another request', p_key USING ERRCODE = 'LR001',
            DETAIL = old.route, HINT = 'use a new key for a new request';
    END IF;
    o_status := old.status;
    o_response := old.response;
END $$;

CREATE FUNCTION ledger.idempotency_finish(
    p_principal text, p_key text, p_route text, p_request_sha256 bytea, p_status int, p_response bytea
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
    INSERT INTO idempotency (principal, key, route, request_sha256, status, response)
    VALUES (p_principal, p_key, p_route, p_request_sha256, p_status, p_response)
$$;

-- ──────────────────────────────────────────────────── grants ────────────────────────────────────────────────────

-- The programs get the doors that mean something. What could post any journal at all (post_journal, reverse_journal,
-- open_accounts) stays with laurel_owner, so that a program cannot so much as ask for it.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO laurel_app, laurel_auditor;
GRANT EXECUTE ON FUNCTION ledger.period_lock_key, ledger.open_period, ledger.add_receipt, ledger.collect_receipt,
    ledger.void_receipt,
    ledger.post_allocation, ledger.record_policy, ledger.close_period,
    ledger.add_term, ledger.pay_advance, ledger.place_hold, ledger.release_hold, ledger.add_withholding_rule,
    ledger.add_tax_profile, ledger.cancel_advance, ledger.settle_finally, ledger.propose_write_off,
    ledger.approve_write_off, ledger.remit_tax, ledger.post_settlement, ledger.record_payment_results, ledger.convert_balance,
    ledger.idempotency_begin, ledger.idempotency_finish TO laurel_app;
GRANT EXECUTE ON FUNCTION ledger.decimal_text, ledger.largest_remainder TO laurel_app, laurel_auditor;

RESET ROLE;
