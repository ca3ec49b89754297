import CLibPQ

/// The C library that this layer stands on.
package enum ClientLibrary {
    /// libpq's version, such as `15.20`.
    package static var version: String { "\(PQlibVersion() / 10_000).\(PQlibVersion() % 10_000)" }
}
