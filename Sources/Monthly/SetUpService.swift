import Documents
import Errors
import Foundation
import Postgres

/// Making a home and putting its server to rest.
package enum SetUpService {
    /// What `init` made or found.
    package struct Made: Sendable {
        package let home: String
        package let issuer: String
        package let currency: String
        /// The migrations that were applied now, or `up to date`.
        package let schema: String
    }

    /// Makes the home, its database and schema; a second call only brings the schema up to date.
    package static func initialise(
        _ address: House.Address, issuer: String?, currency: String?
    ) async throws -> Made {
        try HouseSettings.check(at: address.home, issuer: issuer, currency: currency)
        let (house, applied) = try await House.create(address)
        let settings = try HouseSettings.update(at: house.home, issuer: issuer, currency: currency)
        try await KeyService(house).establish()
        return Made(
            home: house.home.path, issuer: settings.issuer, currency: settings.currency,
            schema: applied.isEmpty ? "up to date" : "applied \(applied.joined(separator: ", "))")
    }

    /// Stops the private server.
    ///
    /// - Returns: Whether one was running.
    package static func stop(_ address: House.Address) async throws -> Bool {
        guard let server = address.privateServer else {
            throw LaurelError.input(
                "only the private server can be stopped, and this home uses another database",
                next: "stop that one with its own tools")
        }
        return try await server.stop()
    }
}
