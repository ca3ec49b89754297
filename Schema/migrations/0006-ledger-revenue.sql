-- What sources report, pay and take back.

SET ROLE laurel_owner;

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

RESET ROLE;
