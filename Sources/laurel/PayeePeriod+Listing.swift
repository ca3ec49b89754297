import Ledger
import Money

extension Listing {
    /// One row a payee and currency, as rehearsals of a settlement print it.
    static func of(_ payees: [PayeePeriod]) -> Listing {
        var listing = Listing(
            columns: [
                .text("contributor", "payee"), .text("currency", "currency"), .number("opening", "opening"),
                .number("earned", "earned"), .number("adjusted", "adjusted"), .number("released", "released"),
                .number("converted", "converted"), .number("returned", "returned"), .number("deducted", "deducted"),
                .number("paid", "paid"), .number("closing", "closing"), .text("status", "status"),
            ], whenEmpty: "nobody has a balance")
        listing.rows = payees.map { payee in
            [.string(payee.party), .string(payee.currency.code)]
                + [
                    payee.opening, payee.earned, payee.adjusted, payee.released, payee.converted, payee.returned,
                    payee.deducted, payee.paid, payee.closing,
                ].map { .string($0.formatted) } + [.string(payee.status)]
        }
        return listing
    }
}
