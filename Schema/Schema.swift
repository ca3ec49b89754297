package import Foundation

/// The numbered SQL migrations that hold the law of the registry, the ledger and the statements.
package enum Schema {
    /// The folder of migrations, shipped beside the executable as a resource bundle.
    package static var migrations: URL { Bundle.module.bundleURL.appending(path: "migrations") }
}
