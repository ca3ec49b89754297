import Documents
import Errors
import Ledger
import Money
import Postgres

/// A command that both ledgers understand: the one in the database and the one in memory.
enum ModelCommand: Hashable {
    case add(ReferenceLedger.Receipt)
    case void(String, into: Int?)
    case allocate(Int, String, [ReferenceLedger.Weight], into: Int?, restating: Bool)
    case terms(String, String, minimum: Int64, reservePPM: Int64, months: Int, negative: Bool, from: Int)
    case advance(String, String, Int64, recoupPPM: Int64, dataset: String, reference: String, in: Int)
    case hold(party: String, dataset: String)
    case release(Int, in: Int)
    case convert(String, Int64, from: String, to: String, rateMillis: Int64, reference: String, in: Int)
    case settle(Int)
    case answer(period: Int, party: String, currency: String, result: String, in: Int)
    case close(Int)
    case cancel(String, in: Int)
    case propose(String, party: String, currency: String, advance: String, Int64, by: String)
    case approve(String, by: String, in: Int)
    case remit(String, Int64, reference: String, in: Int)
    case closeAccount(String, from: Int)
    case suspend(String, Bool)

    /// What it is called, without its arguments.
    var name: String { String("\(self)".prefix { $0 != "(" }) }

    /// Whether asking for it again must change nothing or be refused. (Terms of a day may be agreed anew.)
    var canRepeat: Bool { if case .terms = self { false } else { takesKey } }

    /// Whether it is a posting, which an idempotency key can repeat.
    var takesKey: Bool { if case .suspend = self { false } else { true } }

    func apply(to model: inout ReferenceLedger) -> ReferenceLedger.Outcome {
        switch self {
        case .add(let receipt): return model.add(receipt)
        case .void(let reference, let into): return model.void(reference, into: into)
        case .allocate(let period, let currency, let weights, let into, let restating):
            return model.allocate(period, currency, weights, into: into, restating: restating)
        case .terms(let party, let currency, let minimum, let ppm, let months, let negative, _):
            model.terms[.init(code: party, currency: currency)] = .init(
                minimum: minimum, reservePPM: ppm, reserveMonths: months, isNegativeCarryAgreed: negative)
            return .done("")
        case .advance(let party, let currency, let amount, let ppm, let dataset, let reference, let period):
            return model.pay(
                .init(
                    party: party, currency: currency, amount: amount, recoupPPM: ppm, dataset: dataset,
                    reference: reference, outstanding: amount), in: period)
        case .hold(let party, let dataset): return model.hold(party: party, dataset: dataset)
        case .release(let id, let period): return model.release(id, in: period)
        case .convert(let party, let amount, let from, let to, let rate, let reference, let period):
            return model.convert(
                party, amount, from: from, to: to, rateMillis: rate, reference: reference, in: period)
        case .settle(let period): return model.settle(period)
        case .answer(let period, let party, let currency, let result, let into):
            let indices = model.payments.indices.filter {
                let payment = model.payments[$0]
                return payment.period == period && payment.party == party && payment.currency == currency
            }
            return model.answer(indices, result, in: into)
        case .close(let period): return model.close(period)
        case .cancel(let reference, let period): return model.cancel(reference, in: period)
        case .propose(let reference, let party, let currency, let advance, let amount, let person):
            return model.propose(
                reference,
                .init(party: party, currency: currency, advance: advance, amount: amount, proposer: person))
        case .approve(let reference, let person, let period): return model.approve(reference, by: person, in: period)
        case .remit(let currency, let amount, let reference, let period):
            return model.remit(.init(currency: currency, amount: amount, period: period), as: reference)
        case .closeAccount(let party, let period): return model.closeAccount(party, from: period)
        case .suspend(let party, let isSuspended):
            model.suspended.formSymmetricDifference(model.suspended.contains(party) == isSuspended ? [] : [party])
            return .done("")
        }
    }

    func apply(to ledger: Ledger, _ posting: Posting) async throws -> ReferenceLedger.Outcome {
        do {
            return .done(try await run(ledger, posting))
        } catch let error as LaurelError where error.kind == .refused {
            return .refused
        } catch let error as LaurelError where error.kind == .input {
            return .unusable
        }
    }

    private static func month(_ number: Int) -> Period { Period(year: 2026, month: number)! }

    private func run(_ ledger: Ledger, _ posting: Posting) async throws -> String {
        func word(_ isNew: Bool) -> String { isNew ? "new" : "unchanged" }
        switch self {
        case .add(let receipt):
            let entry = try Receipt(
                source: "shop", reference: receipt.reference, period: Self.month(receipt.period),
                currency: .named(receipt.currency), gross: Micros(receipt.gross), fee: Micros(receipt.fee),
                tax: Micros(receipt.tax), into: receipt.into.map(Self.month))
            return word(try await ledger.addRevenue([(entry, nil)], posting: posting)[0].isNew)
        case .void(let reference, let into):
            return word(
                try await ledger.voidRevenue(
                    reference: reference, source: nil, into: into.map(Self.month), reason: "model", posting: posting))
        case .allocate(let period, let currency, let weights, let into, let restating):
            let entries = weights.map {
                Weights.Entry(contributor: $0.contributor, dataset: $0.dataset, weight: $0.weight)
            }
            return word(
                try await ledger.allocate(
                    Self.month(period), currencies: [.named(currency)], weights: Weights(entries),
                    policy: AllocationPolicy.weightsFile, into: into.map(Self.month), restating: restating,
                    posting: posting)[0].isNew)
        case .terms(let party, let currency, let minimum, let ppm, let months, let negative, let from):
            _ = try await ledger.changeTerms(
                TermsChange(
                    party: party, currency: .named(currency), validFrom: Day(year: 2026, month: from, day: 1)!,
                    minimumPayout: Micros(minimum), reservePPM: Int(ppm), reserveReleaseMonths: months,
                    allowsNegativeCarry: negative),
                posting: posting)
            return ""
        case .advance(let party, let currency, let amount, let ppm, let dataset, let reference, let period):
            return word(
                try await ledger.payAdvance(
                    party: party, amount: Micros(amount), currency: .named(currency), recoupPPM: Int(ppm),
                    dataset: dataset.isEmpty ? nil : dataset, crossGroup: false, reference: reference,
                    period: Self.month(period), posting: posting
                ).isNew)
        case .hold(let party, let dataset):
            return String(
                try await ledger.placeHold(
                    party: party.isEmpty ? nil : party, dataset: dataset.isEmpty ? nil : dataset, reason: "model",
                    posting: posting))
        case .release(let id, let period):
            return word(try await ledger.releaseHold(Int64(id), in: Self.month(period), posting: posting))
        case .convert(let party, let amount, let from, let to, let rate, let reference, let period):
            let digits = String(rate % 1000 + 1000).dropFirst()
            _ = try await ledger.convert(
                party: party, amount: Micros(amount), from: .named(from), to: .named(to),
                rate: "\(rate / 1000).\(digits)", source: "model", rateOn: Self.month(period).lastDay, key: reference,
                period: Self.month(period), posting: posting)
            return "new"
        case .settle(let period):
            return String(
                try await ledger.settle(
                    Self.month(period), policy: WaterfallPolicy(WaterfallPolicy.standard), posting: posting))
        case .answer(let period, let party, let currency, let result, let into):
            let payments = try await ledger.payments(of: Self.month(period)).filter {
                $0.party == party && $0.currency.code == currency
            }
            return String(
                try await ledger.recordResults(
                    of: payments.map(\.id), result: result, reason: "model", in: Self.month(into), posting: posting))
        case .close(let period): return word(try await ledger.closePeriod(Self.month(period), posting: posting))
        case .cancel(let reference, let period):
            return word(
                try await ledger.cancelAdvance(reference, in: Self.month(period), reason: "model", posting: posting))
        case .propose(let reference, let party, let currency, let advance, let amount, let person):
            return word(
                try await ledger.proposeWriteOff(
                    reference, party: party, amount: Micros(amount), currency: .named(currency),
                    advance: advance.isEmpty ? nil : advance,
                    reason: "model", by: person, posting: posting))
        case .approve(let reference, let person, let period):
            let approval = try await ledger.approveWriteOff(
                reference, by: person, in: Self.month(period), posting: posting)
            return "\(approval.count) \(word(approval.isNew))"
        case .remit(let currency, let amount, let reference, let period):
            return word(
                try await ledger.remitTax(
                    to: "XX", amount: Micros(amount), currency: .named(currency), reference: reference,
                    period: Self.month(period), posting: posting))
        case .closeAccount(let party, let period):
            return word(
                try await ledger.closeAccount(of: party, from: Self.month(period), reason: "model", posting: posting))
        case .suspend(let party, let isSuspended):
            let status = isSuspended ? "suspended" : "active"
            try await ledger.database.execute("UPDATE registry.party SET status = \(status) WHERE id = \(party)")
            return ""
        }
    }
}
