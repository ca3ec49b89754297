-- What is agreed with payees and authorities, and how it ends: terms, advances, write-offs, holds, tax.

SET ROLE laurel_owner;

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

RESET ROLE;
