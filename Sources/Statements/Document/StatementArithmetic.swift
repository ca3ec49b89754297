import Errors
import Money

/// Recomputes what a statement claims from what it shows; each function returns what disagrees, or nil.
package enum StatementArithmetic {
    /// Every line is `pool.net × weight ÷ weight_total`, rounded down, plus at most the one unit left over; and of that
    /// the payee's `share_ppm`, likewise.
    package static func lines(_ statement: StatementDocument) -> String? {
        let pool = statement.input.pool
        guard pool.net.value >= 0 else { return "the pool is negative" }
        for (index, line) in statement.input.earnings.enumerated() {
            guard line.weight <= pool.weightTotal, line.sharePPM <= 1_000_000 else {
                return "line \(index + 1): its share is more than the whole"
            }
            guard let floor = part(of: pool.net, line.weight, pool.weightTotal) else {
                return "line \(index + 1): pool × weight exceeds 128 bits or the weights are all zero"
            }
            guard isOneMoreAtMost(line.datasetAmount, floor), line.weight > 0 || line.datasetAmount == .zero
            else {
                return "line \(index + 1): pool × weight ÷ total weight is \(Micros(floor).formatted), "
                    + "the line says \(line.datasetAmount.formatted)"
            }
            guard let share = part(of: line.datasetAmount, UInt128(line.sharePPM), 1_000_000),
                isOneMoreAtMost(line.amount, share), line.amount <= line.datasetAmount
            else {
                return "line \(index + 1): \(line.sharePPM) parts per million of "
                    + "\(line.datasetAmount.formatted) are not \(line.amount.formatted)"
            }
        }
        return nil
    }

    /// Earnings, adjustments, deductions and releases add up to what the balance says.
    package static func sums(_ statement: StatementDocument) -> String? {
        let balance = statement.balance
        let pool = statement.input.pool
        do {
            let computed = try statement.input.balance()
            guard computed.earned == balance.earned else {
                return "the lines add up to \(computed.earned.formatted), earned says \(balance.earned.formatted)"
            }
            guard computed.adjusted == balance.adjusted, computed.deducted == balance.deducted,
                computed.released == balance.released
            else { return "adjustments, deductions or releases do not add up to the balance" }
            guard try Micros.total([pool.net, pool.processingFees, pool.platformFee]) == pool.gross else {
                return "the pool's gross is not its net and the fees"
            }
        } catch {
            return "a sum exceeds what an amount can hold"
        }
        let parts = statement.input.deductions.map(\.amount) + statement.input.releases.map(\.amount)
        guard parts.allSatisfy({ $0 > .zero }) else { return "a deduction or release is not positive" }
        return nil
    }

    /// opening + earned + adjusted + released − deducted − paid = closing, and paid is the payment.
    package static func identity(_ statement: StatementDocument) -> String? {
        let balance = statement.balance
        let left =
            Int128(balance.opening.value) + Int128(balance.earned.value) + Int128(balance.adjusted.value)
            + Int128(balance.released.value) - Int128(balance.deducted.value) - Int128(balance.paid.value)
        guard left == Int128(balance.closing.value) else {
            return "opening + earned + adjusted + released - deducted - paid is not closing"
        }
        let payout = statement.input.payout
        guard
            Int128(payout.amountMinor) * Int128(statement.input.currency.microsPerMinorUnit)
                == Int128(balance.paid.value)
        else { return "the payment is not what the balance says is paid" }
        guard (payout.status == .scheduled) == (payout.amountMinor > 0) else {
            return "the payment's status contradicts its amount"
        }
        guard payout.status == .belowMinimum || payout.shortfallMinor == nil else {
            return "only a payee below the minimum has a shortfall"
        }
        return nil
    }

    /// Whether an amount is the rounded one or a unit more. Computed wide: what is signed may say anything.
    private static func isOneMoreAtMost(_ amount: Micros, _ rounded: Int64) -> Bool {
        (0...1).contains(Int128(amount.value) - Int128(rounded))
    }

    /// `whole × part ÷ total`, rounded down; nil when the product exceeds 128 bits or there is no total.
    private static func part(of whole: Micros, _ part: UInt128, _ total: UInt128) -> Int64? {
        guard total > 0, whole.value >= 0 else { return nil }
        let (product, overflow) = UInt128(whole.value).multipliedReportingOverflow(by: part)
        return overflow ? nil : Int64(exactly: product / total)
    }
}
