import ArgumentParser
import Documents
import Errors
import Ledger
import Money
import Monthly

/// `laurel tax …`: withholding rules, the forms that payees signed, and what is paid on to authorities.
struct TaxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tax", abstract: "Withholding rules, payees' tax forms, and what is owed to authorities.",
        subcommands: [Rule.self, Profile.self, Rules.self, Profiles.self, Owed.self, Remit.self])

    struct Rule: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Record what a jurisdiction withholds from payees with a form; `none` is for those without.",
            discussion: """
                The rule with the latest first day that has come is in force.
                laurel tax rule US --form W-8BEN --rate-ppm 150000 --treaty "Art. 12" --from 2026-01-01
                """)
        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Argument(help: "Two-letter country code.") var jurisdiction: String
        @Option(help: "The form's name.") var form: String
        @Option(name: .customLong("rate-ppm"), help: "Parts per million of what is paid.") var ratePPM: Int
        @Option(help: "Where the rate stands.") var treaty = ""
        @Option(help: "First day.") var from: String
        @Option(help: "Day after the last.") var until: String?

        func run() async throws {
            guard (0...1_000_000).contains(ratePPM) else {
                throw LaurelError.input("a rate lies between 0 and 1000000 ppm", at: "--rate-ppm", next: "correct it")
            }
            let id = try await global.openHouse().ledger.addWithholdingRule(
                jurisdiction: jurisdiction, form: form, ratePPM: ratePPM, treaty: treaty,
                from: try Reading.day(from, "--from"), until: try until.map { try Reading.day($0, "--until") },
                posting: posting.posting)
            Record(fields: [("rule", posting.number(id)), ("jurisdiction", .string(jurisdiction))])
                .write(as: global.format)
            posting.noteRehearsal()
        }
    }

    struct Profile: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Record the tax form that a payee signed.",
            discussion: """
                Of several forms the latest that is valid counts. Who has none is taxed by the form `none` of the expired
                form's country or, without any, of the country that the payee is registered with.
                laurel tax profile ada --country US --form W-8BEN --signed-on 2026-01-10 --expires-on 2029-12-31
                """)
        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Argument(help: "The payee.") var party: String
        @Option(help: "Two-letter code of the country that withholds.") var country: String
        @Option(help: "The form's name, or none.") var form: String
        @Option(name: .customLong("signed-on"), help: "YYYY-MM-DD.") var signedOn: String
        @Option(name: .customLong("expires-on"), help: "YYYY-MM-DD; from then on it counts as none.") var expiresOn:
            String?

        func run() async throws {
            let id = try await global.openHouse().ledger.addTaxProfile(
                party: party, country: country, form: form, signedOn: try Reading.day(signedOn, "--signed-on"),
                expiresOn: try expiresOn.map { try Reading.day($0, "--expires-on") }, posting: posting.posting)
            Record(fields: [("profile", posting.number(id)), ("party", .string(party))]).write(as: global.format)
            posting.noteRehearsal()
        }
    }

    struct Rules: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The withholding rules, by jurisdiction, form and first day.", discussion: "laurel tax rules")
        @OptionGroup var global: GlobalOptions

        func run() async throws {
            var listing = Listing(
                columns: [
                    .number("rule", "rule"), .text("jurisdiction", "jurisdiction"), .text("form", "form"),
                    .number("rate_ppm", "rate ppm"), .text("treaty", "treaty"), .text("from", "from"),
                    .text("until", "until"),
                ], whenEmpty: "no rules: nothing is withheld")
            listing.rows = try await global.openHouse().ledger.withholdingRules().map { rule in
                [
                    .string(String(rule.id)), .string(rule.jurisdiction), .string(rule.form), .integer(rule.ratePPM),
                    .string(rule.treaty), .string(rule.from), .string(rule.until),
                ]
            }
            listing.write(as: global.format)
        }
    }

    struct Profiles: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The tax forms that payees signed.", discussion: "laurel tax profiles --party ada")
        @OptionGroup var global: GlobalOptions
        @Option(help: "Only this payee.") var party: String?

        func run() async throws {
            var listing = Listing(
                columns: [
                    .number("profile", "profile"), .text("party", "payee"), .text("country", "country"),
                    .text("form", "form"), .text("signed_on", "signed on"), .text("expires_on", "expires on"),
                ], whenEmpty: "no forms: payees are taxed by the form none of the country that they are registered with"
            )
            listing.rows = try await global.openHouse().ledger.taxProfiles(of: party).map { profile in
                [
                    .string(String(profile.id)), .string(profile.party), .string(profile.country),
                    .string(profile.form), .string(profile.signedOn), .string(profile.expiresOn),
                ]
            }
            listing.write(as: global.format)
        }
    }

    struct Owed: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What was withheld and is still owed to each authority.", discussion: "laurel tax owed")
        @OptionGroup var global: GlobalOptions

        func run() async throws {
            var listing = Listing(
                columns: [
                    .text("jurisdiction", "jurisdiction"), .text("currency", "currency"),
                    .number("remitted", "remitted"), .number("owed", "owed"),
                ], whenEmpty: "nothing was ever withheld")
            listing.rows = try await global.openHouse().ledger.taxOwed().map { tax in
                [
                    .string(tax.jurisdiction), .string(tax.currency.code), .string(tax.remitted.formatted),
                    .string(tax.owed.formatted),
                ]
            }
            listing.write(as: global.format)
        }
    }

    struct Remit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Pay withheld tax on to the authority, never more than is owed; a repeated reference changes nothing.",
            discussion: "laurel tax remit US --amount 45.00 --currency USD --period 2026-11 --ref 1042-2026-10")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var posting: PostingOptions
        @Argument(help: "Two-letter country code.") var jurisdiction: String
        @Option(help: "A plain decimal number.") var amount: String
        @Option(help: "ISO 4217.") var currency: String
        @Option(help: "The open period to post in.") var period: String
        @Option(name: .customLong("ref"), help: "A name for this remittance.") var reference: String

        func run() async throws {
            let currency = try Reading.currency(currency)
            let isNew = try await global.openHouse().ledger.remitTax(
                to: jurisdiction, amount: try Reading.amount(amount, currency), currency: currency,
                reference: reference, period: try Reading.period(period), posting: posting.posting)
            Record(fields: [
                ("remittance", .string(reference)), ("jurisdiction", .string(jurisdiction)),
                ("state", .string(isNew ? "paid" : "unchanged")),
            ]).write(as: global.format)
            posting.noteRehearsal()
        }
    }
}
