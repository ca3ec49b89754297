import Money

/// The books as a journal file of hledger, so that another program can add them up.
///
/// Accounts are written `nature:class:owner`, amounts with six decimals; every currency is declared and every
/// transaction stands on the day it took effect.
package enum HledgerJournal {
    /// The file's text, by day and then by journal. Cost: one sort of the lines.
    package static func text(accounts: [AccountBalance], lines: [JournalLine]) -> String {
        var text = "; decimals: six, whatever the currency's coins\ndecimal-mark .\n\n"
        for currency in Set(accounts.map(\.currency.code)).sorted() { text += "commodity \(currency) 1.000000\n" }
        text += "\n"
        var declared: Set<String> = []
        for account in accounts where declared.insert(account.code).inserted {
            text += "account \(name(of: account.code))\n"
        }
        var current: Int64?
        let ordered = lines.sorted {
            ($0.effectiveOn, $0.journal, $0.line) < ($1.effectiveOn, $1.journal, $1.line)
        }
        for line in ordered {
            if line.journal != current {
                current = line.journal
                text += "\n\(line.effectiveOn) (\(line.journal)) \(line.kind) | \(description(line.source))\n"
            }
            text += "    \(name(of: line.account))  \(line.currency.code) \(line.amount.formatted)\n"
        }
        return text
    }

    /// A text within a transaction's first line: what begins a line, a comment or a payee's note there is written otherwise.
    private static func description(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { scalar -> Unicode.Scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: " "
            default: scalar == ";" ? "," : scalar == "|" ? "/" : scalar
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }

    /// An account's name in the file.
    package static func name(of code: String) -> String {
        switch code.split(separator: ":").first {
        case "bank", "receivable", "advance": "assets:\(code)"
        case "fee": "income:\(code)"
        case "adjust", "rounding": "expenses:\(code)"
        case "fx": "equity:\(code)"
        default: "liabilities:\(code)"
        }
    }
}
