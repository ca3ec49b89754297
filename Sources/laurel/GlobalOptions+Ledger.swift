import ArgumentParser
import Documents
import Errors
import Ledger
import Money

extension PostingOptions {
    /// How the ledger is to post.
    var posting: Posting { Posting(isDryRun: dryRun, idempotencyKey: idempotencyKey) }

    /// The number that a command's result got; a rehearsal's is none, since the real run will get another.
    func number(_ id: Int64) -> OutputValue { dryRun ? .none : .string(String(id)) }

    /// One line on stderr when nothing was kept.
    func noteRehearsal() {
        if dryRun { Terminal.note("dry run: everything above was rolled back") }
    }
}

/// Texts of the command line as values; each names its option when it cannot be read.
enum Reading {
    static func period(_ text: String, _ option: String = "--period") throws -> Period {
        try Period(parsing: text, at: option)
    }

    static func currency(_ text: String, _ option: String = "--currency") throws -> Currency {
        try Currency.named(text, at: option)
    }

    static func day(_ text: String, _ option: String) throws -> Day {
        try Day(parsing: text, at: option)
    }

    static func amount(_ text: String, _ currency: Currency, _ option: String = "--amount") throws -> Micros {
        try Micros(parsing: text, currency: currency, at: option)
    }
}
