package import Documents
import Errors
package import Foundation
package import Postgres
import Schema

/// Where everything of one operator is: the home directory with its paths, and the database.
///
/// Services take a house; nothing else in the program knows paths or connection strings.
package struct House: Sendable {
    /// The home directory: keys, image store, models, private PostgreSQL.
    package let home: URL
    /// The ledger database, ready to use.
    package let database: Database
    /// How to reach the database, for processes that connect on their own.
    package let databaseURL: String

    /// Signing keys, readable by the owner only.
    package var keys: URL { home.appending(path: "keys") }
    /// The content-addressed store of original image bytes.
    package var images: URL { home.appending(path: "images") }
    /// One folder for each model.
    package var models: URL { home.appending(path: "models") }
    /// What plans are sealed with to measure pictures: classifiers and linear heads, by digest.
    package var yardsticks: URL { home.appending(path: "yardsticks") }
    /// The transaction time of what happens now.
    package var now: Timestamp { Timestamp.now() }

    /// Where a home is and which database it uses, before anything is opened.
    package struct Address: Sendable {
        /// The home directory.
        package let home: URL
        /// A database by URL; nil means the private server under the home directory.
        package let databaseURL: String?

        /// Resolves `--home` and `--database-url` against the environment, as the command-line contract says.
        package init(home: String?, databaseURL: String?, environment: [String: String]) {
            let path = home ?? environment["LAUREL_HOME"] ?? ".laurel"
            self.home = URL(filePath: path, directoryHint: .isDirectory).absoluteURL.standardizedFileURL
            self.databaseURL = databaseURL ?? environment["LAUREL_DATABASE_URL"]
        }

        /// The private server of this home; nil when a database was named by URL.
        package var privateServer: PrivateServer? { databaseURL == nil ? PrivateServer(home: home) : nil }

        /// Whether `laurel init` has been here.
        package var isInitialised: Bool {
            HouseSettings.exist(in: home)
        }
    }

    /// Opens an initialised house: starts the private server when needed and refuses an older or newer schema.
    ///
    /// - Throws: ``LaurelError`` of kind `refused` when `laurel init` has not been here, of kind `environment` when the
    ///   database cannot be reached.
    package static func open(_ address: Address) async throws -> House {
        guard address.isInitialised else {
            throw LaurelError.refused(
                "this is not a Laurel home", at: address.home.path,
                next: "run laurel init, or name another with --home")
        }
        let house = try await connect(address)
        try await Migrator(directory: Schema.migrations).requireCurrent(house.database)
        return house
    }

    /// Creates or brings up to date the home directory and its schema.
    ///
    /// - Returns: The house, and the names of the migrations that were applied now.
    static func create(_ address: Address) async throws -> (house: House, applied: [String]) {
        do {
            try FileManager.default.createDirectory(at: address.home, withIntermediateDirectories: true)
        } catch {
            throw LaurelError.environment(
                "cannot create the home directory (\(error.localizedDescription))", at: address.home.path,
                next: "choose a writable place with --home")
        }
        let house = try await connect(address)
        let applied = try await Migrator(directory: Schema.migrations).migrate(url: house.databaseURL)
        return (house, applied)
    }

    private static func connect(_ address: Address) async throws -> House {
        let url =
            if let server = address.privateServer {
                try await server.start()
            } else {
                address.databaseURL ?? ""
            }
        return House(home: address.home, database: Database(url: url), databaseURL: url)
    }
}
