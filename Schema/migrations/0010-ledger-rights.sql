-- Answers to callers' keys, and who may call what of the ledger.

SET ROLE laurel_owner;

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

-- The programs get the doors that mean something. What could post any journal at all (post_journal, reverse_journal,
-- open_accounts) stays with laurel_owner, so that a program cannot so much as ask for it.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO laurel_app, laurel_auditor;
GRANT EXECUTE ON FUNCTION
    ledger.period_lock_key, ledger.open_period, ledger.close_period,
    ledger.add_receipt, ledger.collect_receipt, ledger.void_receipt,
    ledger.record_policy, ledger.post_allocation,
    ledger.add_term, ledger.pay_advance, ledger.cancel_advance, ledger.settle_finally,
    ledger.propose_write_off, ledger.approve_write_off, ledger.place_hold, ledger.release_hold,
    ledger.add_withholding_rule, ledger.add_tax_profile, ledger.remit_tax,
    ledger.post_settlement, ledger.record_payment_results, ledger.convert_balance,
    ledger.idempotency_begin, ledger.idempotency_finish
TO laurel_app;
GRANT EXECUTE ON FUNCTION ledger.decimal_text, ledger.largest_remainder TO laurel_app, laurel_auditor;

RESET ROLE;
