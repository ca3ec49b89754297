import ArgumentParser
import Documents
import Errors
import Foundation
import Ledger
import Money
import Monthly

/// `laurel revenue …`: what sources paid for the use of models.
struct RevenueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revenue", abstract: "What sources paid for a period.",
        subcommands: [Add.self, Import.self, List.self, Collect.self, Void.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Record one receipt; the same receipt again changes nothing.",
            discussion: """
                What comes for a month that is settled is posted into an open one; then laurel allocate --period PERIOD --into
                OPEN-PERIOD shares it as that month was shared, as an adjustment.
                laurel revenue add --period 2026-10 --amount 10000.00 --currency USD --source shop --ref INV-7
                """)

        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Option(help: "The month of use, YYYY-MM.") var period: String
        @Option(help: "The open period to post in when PERIOD is settled.") var into: String?
        @Option(help: "Gross, as a plain decimal number.") var amount: String
        @Option(help: "ISO 4217.") var currency: String
        @Option(help: "Who paid: letters, digits, dots, dashes.") var source: String
        @Option(name: .customLong("ref"), help: "The source's own number of the receipt.") var reference: String
        @Option(help: "Processing fee kept by the source.") var fee: String?
        @Option(help: "Tax kept by the source.") var tax: String?
        @Option(name: .customLong("received-on"), help: "A day of the period posted in; its last one if not given.")
        var receivedOn: String?

        func run() async throws {
            let cells = [
                "period": period, "amount": amount, "currency": currency, "source": source, "ref": reference,
                "fee": fee, "tax": tax, "received_on": receivedOn, "into": into,
            ].compactMapValues { $0 }
            let receipt = try RevenueService.receipt(
                { cells[$0] }, at: { "--\($0.replacingOccurrences(of: "_", with: "-"))" })
            let result = try await global.openHouse().revenue.add(receipt, posting: posting.posting)
            Record(fields: [
                ("receipt", .string(reference)), ("period", .string(period)),
                ("posted_period", .string(receipt.postedPeriod.description)), ("currency", .string(currency)),
                ("amount", .string(receipt.gross.formatted)),
                ("state", .string(result.isNew ? "recorded" : "unchanged")),
            ]).write(as: global.format)
            posting.noteRehearsal()
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Record a file of receipts, all or none.",
            discussion: """
                Columns: \(RevenueService.columns.joined(separator: ",")); the last four may be left out.
                laurel revenue import october.csv
                """)

        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Argument(help: "A CSV file.") var file: String
        @Option(help: "The open period to post in, where a row does not say into.") var into: String?

        func run() async throws {
            let result = try await global.openHouse().revenue.importFile(
                URL(filePath: file), into: try into.map { try Reading.period($0, "--into") }, posting: posting.posting)
            Record(fields: [
                ("file", .string(file)), ("receipts", .integer(result.receipts)), ("recorded", .integer(result.new)),
                ("unchanged", .integer(result.receipts - result.new)),
            ]).write(as: global.format)
            posting.noteRehearsal()
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Receipts in the order of entry.", discussion: "laurel revenue list --period 2026-10")

        @OptionGroup var global: GlobalOptions
        @Option(help: "Only this month of use.") var period: String?

        func run() async throws {
            let only = try period.map { try Reading.period($0) }
            let receipts = try await global.openHouse().ledger.receipts(of: only)
            var listing = Listing(
                columns: [
                    .text("ref", "reference"), .text("source", "source"), .text("period", "period"),
                    .text("posted_period", "posted in"), .text("currency", "currency"), .number("amount", "amount"),
                    .number("fee", "fee"),
                    .number("tax", "tax"), .text("received_on", "received on"), .text("state", "state"),
                ], whenEmpty: "no receipts")
            listing.rows = receipts.map { entry in
                [
                    .string(entry.receipt.reference), .string(entry.receipt.source),
                    .string(entry.receipt.period.description), .string(entry.receipt.postedPeriod.description),
                    .string(entry.receipt.currency.code),
                    .string(entry.receipt.gross.formatted), .string(entry.receipt.fee.formatted),
                    .string(entry.receipt.tax.formatted), .string(entry.receipt.receivedOn.description),
                    .string(entry.isVoid ? "void" : "recorded"),
                ]
            }
            listing.write(as: global.format)
        }
    }

    struct Collect: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The source paid: its money is in the bank, less the fee and tax that it kept.",
            discussion: "laurel revenue collect INV-7 --on 2026-11-05")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Argument(help: "The reference of the receipt.") var reference: String
        @Option(help: "Whose reference, where several sources use it.") var source: String?
        @Option(help: "When it arrived; the last day of the period posted in if not given.") var on: String?

        func run() async throws {
            let done = try await global.openHouse().ledger.collectRevenue(
                reference: reference, source: source, on: try on.map { try Reading.day($0, "--on") },
                posting: posting.posting)
            Record(fields: [
                ("receipt", .string(reference)), ("state", .string(done ? "collected" : "collected already")),
            ]).write(as: global.format)
            posting.noteRehearsal()
        }
    }

    struct Void: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a receipt back by reversing its journal.",
            discussion: "laurel revenue void INV-7 --reason \"charged back\"")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Argument(help: "The reference of the receipt.") var reference: String
        @Option(help: "Whose reference, where several sources use it.") var source: String?
        @Option(help: "The open period to post in when the receipt's own is settled.") var into: String?
        @Option(help: "Why.") var reason = "voided"

        func run() async throws {
            let done = try await global.openHouse().ledger.voidRevenue(
                reference: reference, source: source, into: try into.map { try Reading.period($0, "--into") },
                reason: reason, posting: posting.posting)
            Record(fields: [("receipt", .string(reference)), ("state", .string(done ? "void" : "void already"))])
                .write(as: global.format)
            posting.noteRehearsal()
        }
    }
}
