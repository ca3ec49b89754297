-- The ledger's tables. The files after this one are the law about them: 0004 what every row must satisfy, 0005 to 0009 the
-- doors through which rows come in, 0010 who may open them; 0013 what the books say, 0014 what must always hold in them.
--
-- Every table of this schema is insert-only. What changes in life (a period closes, a hold is released, a payment
-- bounces) is another row, never an edit. Rows come in only through functions that belong to laurel_owner; laurel_app may
-- read everything and write nothing itself.
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

-- Class, currency and party are checked by account_belongs, for all accounts of a statement at once.
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

-- What a journal can be about. The doors choose the kind; a statement shows each kind on a line of its own.
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

-- No foreign keys in journal and posting: the triggers journal_enters and posting_belongs look their targets up.
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

RESET ROLE;
