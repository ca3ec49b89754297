package import Documents
import Errors
package import Foundation
package import Ledger
import Money

/// Takes revenue in: from the command line and from files.
package struct RevenueService: Sendable {
    private let ledger: Ledger

    package init(ledger: Ledger) {
        self.ledger = ledger
    }

    /// The columns of a revenue file; the first five must be there.
    package static let columns = ["period", "amount", "currency", "source", "ref", "fee", "tax", "received_on", "into"]

    /// A receipt from texts, as a person or a file wrote them; `place` turns a column's name into where it stood.
    package static func receipt(
        _ cell: (String) -> String?, at place: (String) -> String?
    ) throws -> Receipt {
        func text(_ column: String) throws -> String {
            guard let text = cell(column), !text.isEmpty else {
                throw LaurelError.input("the \(column) is missing", at: place(column), next: "write it")
            }
            return text
        }
        let currency = try Currency.named(try text("currency"), at: place("currency"))
        func amount(_ column: String) throws -> Micros? {
            guard let text = cell(column), !text.isEmpty else { return nil }
            return try Micros(parsing: text, currency: currency, at: place(column))
        }
        let gross = try Micros(parsing: try text("amount"), currency: currency, at: place("amount"))
        let day = try cell("received_on").flatMap { $0.isEmpty ? nil : $0 }
            .map { try Day(parsing: $0, at: place("received_on")) }
        let into = try cell("into").flatMap { $0.isEmpty ? nil : $0 }.map { try Period(parsing: $0, at: place("into")) }
        return try Receipt(
            source: try text("source"), reference: try text("ref"),
            period: try Period(parsing: try text("period"), at: place("period")), currency: currency, gross: gross,
            fee: try amount("fee") ?? .zero, tax: try amount("tax") ?? .zero, receivedOn: day, into: into, at: place)
    }

    /// Records one receipt.
    package func add(_ receipt: Receipt, posting: Posting) async throws -> RecordedReceipt {
        try await ledger.addRevenue([(receipt, nil)], posting: posting)[0]
    }

    /// Records a file of receipts, all or none.
    ///
    /// - Parameters:
    ///   - url: a CSV with the columns ``columns``.
    ///   - into: the period to post in where a row does not say `into`; nil: the row's own.
    ///   - posting: rehearsal and key.
    /// - Returns: how many receipts the file holds and how many of them are new.
    package func importFile(_ url: URL, into: Period?, posting: Posting) async throws -> (receipts: Int, new: Int) {
        let name = url.lastPathComponent
        let bytes: [UInt8]
        do {
            bytes = [UInt8](try Data(contentsOf: url))
        } catch {
            throw LaurelError.input("file cannot be read", at: url.path, next: "check its path and permissions")
        }
        let table = try CSVTable(
            parsing: bytes, file: name, required: Array(Self.columns.prefix(5)),
            optional: Array(Self.columns.dropFirst(5)), allowOther: false)
        let receipts = try table.rows.map { row in
            (
                receipt: try Self.receipt(
                    { column in
                        let text = row[column] ?? ""
                        return text.isEmpty && column == "into" ? into?.description : text
                    }, at: { row.place($0) }), place: "\(name):\(row.line):1" as String?
            )
        }
        let results = try await ledger.addRevenue(receipts, fileDigest: .sha256(bytes), posting: posting)
        return (results.count, results.filter(\.isNew).count)
    }
}
