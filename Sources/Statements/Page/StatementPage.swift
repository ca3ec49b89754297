import Documents
import Foundation
import Money
import Mustache

/// The statement as one HTML file for its payee: no scripts, nothing fetched, printable.
struct StatementPage {
    private let template: MustacheTemplate

    /// - Throws: `LaurelError` of kind `environment` when the template is missing or damaged.
    init() throws {
        template = try Templates.template("statement.html")
    }

    /// The page; the same statement always gives the same bytes.
    func html(_ statement: StatementDocument, root: Digest) -> String {
        let input = statement.input
        let currency = input.currency
        var view: [String: Any] = [
            "issuer": statement.issuer.name, "payee": input.payee.displayName, "party": input.payee.partyID,
            "month": PageNumbers.month(input.period), "id": statement.id,
            "issued": statement.issuedAt.day.description, "currency": currency.code,
            "earned": money(statement.balance.earned, currency), "outcome": outcome(statement),
            "waterfall": waterfall(statement), "lines": lines(statement), "sums": sums(statement),
            "lineCount": input.earnings.count, "pool": pool(input), "credits": credits(input.credits),
            "hasCredits": !input.credits.isEmpty, "keyID": statement.issuer.keyID.hex, "root": root.hex,
            "origin": statement.issuer.logOrigin, "policy": input.run.policySHA256.hex,
            "movements": movements(statement), "hasMovements": hasMovements(input),
            "hasScores": input.earnings.contains { $0.score != nil }, "isShared": input.run.allocationID != nil,
        ]
        view["creditRun"] = input.run.creditRunID
        view["scores"] = input.run.scoreSetSHA256?.hex
        view["supersedes"] = statement.supersedes?.statementID
        view["disputeURL"] = input.disputeURL.flatMap { $0.hasPrefix("https://") || $0.hasPrefix("mailto:") ? $0 : nil }
        view["disputeUntil"] = input.disputeUntil?.description
        return template.render(view)
    }

    private func money(_ amount: Micros, _ currency: Currency) -> [String: Any] {
        let parts = PageNumbers.amount(amount, currency)
        return ["head": parts.head, "tail": parts.tail]
    }

    /// What becomes of the money, as a sentence, and how loudly to say it.
    private func outcome(_ statement: StatementDocument) -> [String: Any] {
        let (payout, currency) = (statement.input.payout, statement.input.currency)
        let closing = PageNumbers.text(statement.balance.closing, currency)
        func minor(_ units: Int64) -> String {
            PageNumbers.text(
                Micros(units.multipliedReportingOverflow(by: currency.microsPerMinorUnit).partialValue), currency)
        }
        switch payout.status {
        case .scheduled:
            let rest =
                statement.balance.closing == .zero ? "" : " \(closing), less than can be paid, stays on your account."
            return [
                "mark": "paid", "title": "\(minor(payout.amountMinor)) will be paid to you.",
                "text": "Payment method: \(payout.method).\(rest)",
            ]
        case .belowMinimum:
            return [
                "mark": "waiting", "title": "Nothing is paid this month: your balance is below the minimum.",
                "text": "Your balance is \(closing), the minimum for a payment is \(minor(payout.minimumMinor)). "
                    + "\(minor(payout.shortfallMinor ?? 0)) are missing. "
                    + "Nothing is lost and nothing is charged: the balance is carried to next month.",
            ]
        case .onHold:
            return [
                "mark": "waiting", "title": "Your payment is on hold.",
                "text": "\(closing) stay on your account until the question below is settled.",
            ]
        case .suspended:
            return [
                "mark": "waiting", "title": "Your account is suspended.",
                "text": "\(closing) stay on your account and are paid once the suspension is lifted.",
            ]
        case .noDetails:
            return [
                "mark": "waiting", "title": "We do not know where to send your money yet.",
                "text":
                    "\(closing) stay on your account. Give us your payment details and they are paid with the next run.",
            ]
        case .nothingDue:
            return [
                "mark": "waiting", "title": "Nothing is due this month.",
                "text": statement.balance.closing < .zero
                    ? "Your balance is \(closing): it is made up from later earnings." : "Your balance is \(closing).",
            ]
        }
    }

    private func waterfall(_ statement: StatementDocument) -> [[String: Any]] {
        let waterfall = Waterfall(statement)
        return zip(waterfall.steps, waterfall.bars()).map { step, bar in
            [
                "label": step.label, "explanation": step.explanation, "isTotal": step.isTotal,
                "amount": money(step.amount, statement.input.currency), "left": bar.left, "width": bar.width,
                "zero": bar.zero, "kind": step.isTotal ? "total" : step.amount.value < 0 ? "minus" : "plus",
            ]
        }
    }

    private func lines(_ statement: StatementDocument) -> [[String: Any]] {
        let (pool, currency) = (statement.input.pool, statement.input.currency)
        return statement.input.earnings.map { line in
            let isSplit = line.sharePPM < 1_000_000
            var view: [String: Any] = [
                "title": line.title, "role": line.role, "usage": PageNumbers.month(line.usagePeriod),
                "part": PageNumbers.percent(line.weight, of: pool.weightTotal), "amount": money(line.amount, currency),
                "net": PageNumbers.exact(pool.net),
                "weight": PageNumbers.grouped(String(line.weight)),
                "total": PageNumbers.grouped(String(pool.weightTotal)),
                "datasetAmount": PageNumbers.exact(line.datasetAmount), "exact": PageNumbers.exact(line.amount),
                "isSplit": isSplit,
                "ppm": PageNumbers.grouped(String(line.sharePPM)),
            ]
            view["dataset"] = line.datasetID
            view["contributor"] = isSplit ? line.contributorID : nil
            view["score"] = line.score.map { PageNumbers.short($0) }
            return view
        }
    }

    private func sums(_ statement: StatementDocument) -> [String: Any] {
        ["earned": money(statement.balance.earned, statement.input.currency)]
    }

    private func pool(_ input: StatementInput) -> [String: Any] {
        let (pool, currency) = (input.pool, input.currency)
        return [
            "gross": money(pool.gross, currency), "processing": money(Micros(-pool.processingFees.value), currency),
            "platform": money(Micros(-pool.platformFee.value), currency), "net": money(pool.net, currency),
            "hasProcessing": pool.processingFees != .zero, "hasPlatform": pool.platformFee != .zero,
            "contributors": pool.contributorCount, "datasets": pool.datasetCount, "hasDatasets": pool.datasetCount > 0,
        ]
    }

    private func credits(_ credits: [StatementInput.Credit]) -> [[String: Any]] {
        credits.map { credit in
            [
                "name": PropertyWords.name(credit.property), "meaning": PropertyWords.meaning(credit.property),
                "value": PageNumbers.short(credit.value), "low": PageNumbers.short(credit.low),
                "high": PageNumbers.short(credit.high), "lowerIsBetter": credit.lowerIsBetter,
                "interval": IntervalBar(credit).view,
            ]
        }
    }

    private func hasMovements(_ input: StatementInput) -> Bool {
        !(input.adjustments.isEmpty && input.deductions.isEmpty && input.releases.isEmpty && input.advances.isEmpty
            && input.reserveLots.isEmpty)
    }

    private func movements(_ statement: StatementDocument) -> [[String: Any]] {
        let (input, currency) = (statement.input, statement.input.currency)
        let words: [StatementInput.DeductionKind: String] = [
            .recoupment: "Recoupment of an advance", .reserve: "Reserve, kept back for a time",
            .hold: "Held while a question is open", .tax: "Tax withheld",
        ]
        let adjustments = input.adjustments.map {
            ("Correction of \(PageNumbers.month($0.relatesToPeriod)): \($0.reasonCode)", $0.id, $0.amount)
        }
        let deductions = input.deductions.map {
            let rate = $0.ratePPM.map { ", \(PageNumbers.percent(UInt128($0), of: 1_000_000))" } ?? ""
            let base = " of \(PageNumbers.text($0.base, currency))"
            return ((words[$0.kind] ?? $0.kind.rawValue) + rate + base, $0.reference, Micros(-$0.amount.value))
        }
        let releases = input.releases.map { ("Released: \($0.kind)", $0.reference, $0.amount) }
        let moved = (adjustments + deductions + releases).map { text, reference, amount in
            ["text": text, "ref": reference, "amount": money(amount, currency)] as [String: Any]
        }
        let lots = input.reserveLots.map {
            [
                "text": "In reserve until \($0.releaseOn)", "ref": $0.id, "amount": money($0.amount, currency),
            ] as [String: Any]
        }
        let advances = input.advances.map {
            [
                "text": "Advance of \(PageNumbers.text($0.original, currency)), still to be recouped", "ref": $0.id,
                "amount": money($0.outstanding, currency),
            ] as [String: Any]
        }
        return moved + lots + advances
    }
}
