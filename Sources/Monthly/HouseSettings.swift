import Documents
import Errors
package import Foundation
import Money

/// What `init` was told once: who issues statements, and the currency that is meant when none is named.
package struct HouseSettings: Codable, Sendable {
    /// The name on statements.
    package var issuer = "Laurel"
    /// An ISO 4217 code.
    package var currency = "USD"

    private static func file(in home: URL) -> URL { home.appending(path: "laurel.json") }

    /// Whether `init` has finished here.
    static func exist(in home: URL) -> Bool { FileManager.default.fileExists(atPath: file(in: home).path) }

    /// Reads the settings of a home.
    package static func read(from home: URL) throws -> HouseSettings {
        do {
            return try JSONDecoder().decode(HouseSettings.self, from: Data(contentsOf: file(in: home)))
        } catch {
            throw LaurelError.environment(
                "the home's settings cannot be read", at: file(in: home).path, next: "run laurel init")
        }
    }

    /// Refuses what could not be kept, before anything is made.
    ///
    /// - Throws: ``LaurelError`` of kind `input` for an unusable issuer or currency, `refused` for another issuer than
    ///   the one in whose name keys were certified and statements signed.
    static func check(at home: URL, issuer: String?, currency: String?) throws {
        if let issuer { try PlainText.check(issuer, called: "issuer", at: "--issuer") }
        if let currency { _ = try Currency.named(currency, at: "--currency") }
        guard exist(in: home), let issuer else { return }
        let known = try read(from: home).issuer
        guard issuer == known else {
            throw LaurelError.refused(
                "this home's statements are issued by \(known)", at: "--issuer",
                next: "leave --issuer out, or make another home for \(issuer)")
        }
    }

    /// Writes what was given and keeps the rest.
    static func update(at home: URL, issuer: String?, currency: String?) throws -> HouseSettings {
        var settings = exist(in: home) ? try read(from: home) : HouseSettings()
        settings.issuer = issuer ?? settings.issuer
        settings.currency = currency ?? settings.currency
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        do {
            try encoder.encode(settings).write(to: file(in: home), options: .atomic)
        } catch {
            throw LaurelError.environment(
                "the home's settings cannot be written (\(error.localizedDescription))", at: file(in: home).path,
                next: "check its owner and the free disk space")
        }
        return settings
    }
}
