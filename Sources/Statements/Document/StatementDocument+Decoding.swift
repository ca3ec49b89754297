package import Documents
import Errors
import Money

extension StatementDocument {
    /// Reads a statement, believing nothing: every member has its type, none is missing, none is unknown.
    ///
    /// Whether the numbers agree with one another is ``StatementArithmetic``'s question.
    /// - Throws: ``LaurelError`` of kind `input` with the path of the member.
    package init(_ document: CanonicalValue) throws {
        var fields = try FieldReader(document, path: "")
        try fields.schema(Self.schema)
        guard try fields.text("statement_version") == "1" else {
            throw LaurelError.input("statement has a version this program does not know", at: "statement_version")
        }
        let currency = try Currency.named(try fields.text("currency"), at: "currency")
        guard let salt = Hex.bytes(try fields.text("salt")), salt.count == 16 else {
            throw LaurelError.input("salt is not 16 bytes in hexadecimal", at: "salt")
        }
        var input = StatementInput(
            period: try fields.period("period"), payee: try fields.object("payee", Self.payee), currency: currency,
            run: try fields.object("run", Self.run), pool: try fields.object("pool", Self.pool),
            earnings: try fields.list("earnings", Self.earning), credits: try fields.list("credits", Self.credit),
            opening: .zero, payout: try fields.object("payout", Self.payout))
        input.adjustments = try fields.list("adjustments", Self.adjustment)
        input.deductions = try fields.list("deductions", Self.deduction)
        input.releases = try fields.list("releases", Self.release)
        input.reserveLots = try fields.list("reserve_lots", Self.reserveLot)
        input.advances = try fields.list("advances", Self.advance)
        (input.disputeURL, input.disputeUntil) = try fields.object("contacts", Self.contacts)
        let balance = try fields.object("balance", Self.balance)
        input.opening = balance.opening
        self.init(
            id: try fields.text("statement_id"),
            supersedes: try fields.optionalObject("supersedes") { (fields) throws(LaurelError) in
                Superseded(statementID: try fields.text("statement_id"), sha256: try fields.digest("sha256"))
            },
            issuedAt: try fields.time("issued_at"), salt: salt,
            issuer: try fields.object("issuer") { (fields) throws(LaurelError) in
                Issuer(
                    name: try fields.text("name"), keyID: try fields.digest("key_id"),
                    logOrigin: try fields.text("log_origin"))
            },
            input: input, balance: balance,
            attachments: try fields.list("attachments") { (fields) throws(LaurelError) in
                Attachment(
                    name: try fields.text("name"), mediaType: try fields.text("media_type"),
                    sha256: try fields.digest("sha256"), bytes: try fields.count("bytes"))
            })
        try fields.finish()
    }

    private static func payee(_ fields: inout FieldReader) throws(LaurelError) -> StatementInput.Payee {
        StatementInput.Payee(
            partyID: try fields.text("party_id"), displayName: try fields.text("display_name"),
            taxCountry: try fields.optionalText("tax_country"))
    }

    private static func run(_ fields: inout FieldReader) throws(LaurelError) -> StatementInput.Run {
        StatementInput.Run(
            payoutRunID: try fields.text("payout_run_id"), creditRunID: try fields.optionalText("credit_run_id"),
            allocationID: try fields.optionalText("allocation_id"), policySHA256: try fields.digest("policy_sha256"),
            scoreSetSHA256: try fields.optionalDigest("score_set_sha256"),
            modelSHA256: try fields.optionalDigest("model_sha256"))
    }

    private static func pool(_ fields: inout FieldReader) throws(LaurelError) -> StatementInput.Pool {
        StatementInput.Pool(
            gross: try fields.amount("gross"), processingFees: try fields.amount("processing_fees"),
            platformFee: try fields.amount("platform_fee"), net: try fields.amount("net"),
            weightTotal: try fields.weight("weight_total"), contributorCount: try fields.count("contributor_count"),
            datasetCount: try fields.count("dataset_count"))
    }

    private static func earning(_ fields: inout FieldReader) throws(LaurelError) -> StatementInput.Earning {
        StatementInput.Earning(
            datasetID: try fields.optionalText("dataset_id"), contributorID: try fields.text("contributor_id"),
            title: try fields.text("title"), role: try fields.text("role"), sharePPM: try fields.count("share_ppm"),
            score: try fields.optionalDecimal("score"), stdError: try fields.optionalDecimal("std_error"),
            weight: try fields.weight("weight"), datasetAmount: try fields.amount("dataset_amount"),
            amount: try fields.amount("amount"), usagePeriod: try fields.period("usage_period"))
    }

    private static func credit(_ fields: inout FieldReader) throws(LaurelError) -> StatementInput.Credit {
        guard let value = try fields.optionalDecimal("value"), let stdError = try fields.optionalDecimal("std_error"),
            let low = try fields.optionalDecimal("low"), let high = try fields.optionalDecimal("high"),
            let lowerIsBetter = try fields.value("lower_is_better").truth
        else { throw LaurelError.input("credit is incomplete", at: fields.place("value")) }
        return StatementInput.Credit(
            property: try fields.text("property"), value: value, stdError: stdError, low: low, high: high,
            lowerIsBetter: lowerIsBetter)
    }

    private static func adjustment(_ fields: inout FieldReader) throws(LaurelError) -> StatementInput.Adjustment {
        StatementInput.Adjustment(
            id: try fields.text("adjustment_id"), relatesToPeriod: try fields.period("relates_to_period"),
            originalStatementID: try fields.optionalText("original_statement_id"),
            datasetID: try fields.optionalText("dataset_id"), reasonCode: try fields.text("reason_code"),
            amount: try fields.money("amount"))
    }

    private static func deduction(_ fields: inout FieldReader) throws(LaurelError) -> StatementInput.Deduction {
        StatementInput.Deduction(
            kind: try fields.choice("kind"), reference: try fields.text("ref"), base: try fields.amount("base"),
            ratePPM: try fields.optionalCount("rate_ppm"), amount: try fields.amount("amount"))
    }

    private static func release(_ fields: inout FieldReader) throws(LaurelError) -> StatementInput.Release {
        StatementInput.Release(
            kind: try fields.text("kind"), reference: try fields.text("ref"), amount: try fields.amount("amount"))
    }

    private static func reserveLot(_ fields: inout FieldReader) throws(LaurelError) -> StatementInput.ReserveLot {
        StatementInput.ReserveLot(
            id: try fields.text("lot_id"), amount: try fields.amount("amount"),
            releaseOn: try Day(parsing: try fields.text("release_on"), at: fields.place("release_on")))
    }

    private static func advance(_ fields: inout FieldReader) throws(LaurelError) -> StatementInput.Advance {
        StatementInput.Advance(
            id: try fields.text("advance_id"), original: try fields.amount("original"),
            recoupedToDate: try fields.amount("recouped_to_date"), outstanding: try fields.amount("outstanding"))
    }

    private static func payout(_ fields: inout FieldReader) throws(LaurelError) -> StatementInput.Payout {
        StatementInput.Payout(
            status: try fields.choice("status"), amountMinor: try fields.count("amount_minor"),
            method: try fields.text("method"), endToEndID: try fields.optionalText("end_to_end_id"),
            minimumMinor: try fields.count("minimum_minor"),
            shortfallMinor: try fields.optionalCount("shortfall_minor"))
    }

    private static func balance(_ fields: inout FieldReader) throws(LaurelError) -> Balance {
        Balance(
            opening: try fields.money("opening"), earned: try fields.amount("earned"),
            adjusted: try fields.money("adjusted"), deducted: try fields.amount("deducted"),
            released: try fields.amount("released"), paid: try fields.amount("paid"),
            closing: try fields.money("closing"))
    }

    private static func contacts(_ fields: inout FieldReader) throws(LaurelError) -> (String?, Day?) {
        let until = try fields.optionalText("dispute_until")
        guard let until else { return (try fields.optionalText("dispute_url"), nil) }
        return (
            try fields.optionalText("dispute_url"), try Day(parsing: until, at: fields.place("dispute_until"))
        )
    }
}
