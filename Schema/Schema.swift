package import Foundation

/// The numbered SQL migrations that hold the law of the registry, the ledger and the statements.
package enum Schema {
    /// The folder of migrations, shipped beside the executable as a resource bundle.
    package static var migrations: URL { Bundle.module.bundleURL.appending(path: "migrations") }

    /// The folder that says what objects those migrations make: the query that lists them, and a list for each major
    /// version of PostgreSQL.
    package static var objects: URL { Bundle.module.bundleURL.appending(path: "objects") }
}
