import ArgumentParser
import Documents
import Errors
import Ledger
import Monthly

/// `laurel tax …`: withholding rules and the forms that payees signed.
struct TaxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tax", abstract: "Withholding rules and payees' tax forms.",
        subcommands: [Rule.self, Profile.self])

    struct Rule: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What a jurisdiction withholds from payees with a form; the form `none` is for those without.",
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
            abstract: "The tax form that a payee signed.",
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
}
