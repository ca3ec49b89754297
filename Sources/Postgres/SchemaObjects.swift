import Documents
import Errors
package import Foundation

/// What objects the migrations make, and how those of a database differ: tables, functions, triggers, rights, roles.
///
/// The expected side is a list beside the program, so that nobody who can change the database can change it too.
package struct SchemaObjects: Sendable {
    /// One object that is not as the migrations made it.
    package struct Difference: Sendable {
        package let object: String
        /// `none` for an object that no migration makes.
        package let expected: String
        /// `none` for an object that is not there.
        package let actual: String
    }

    /// What a comparison came to.
    package enum Comparison: Sendable {
        /// In the order of kinds and names; empty when everything is as it was made.
        case differences([Difference])
        /// Nothing is known of this major version of PostgreSQL, only of those.
        case unknown(version: Int, known: [Int])
    }

    /// The SQL that lists a database's objects: kind, name, definition.
    package let query: String
    private let directory: URL

    /// - Parameter directory: The folder with `settings.sql`, `query.sql` and `postgresql-MAJOR.tsv`, which `ops/schema-objects` writes.
    /// - Throws: ``LaurelError`` of kind `environment` when it is not there.
    package init(directory: URL) throws {
        self.directory = directory
        query = try Self.text(directory.appending(path: "query.sql"))
    }

    /// Compares a database's objects with those that the migrations make; about 0.1 s. Part of the caller's transaction,
    /// which goes on under the folder's `settings.sql`: names are PostgreSQL's own or written in full.
    package func compare(_ connection: Connection) async throws -> Comparison {
        try await connection.script(try Self.text(directory.appending(path: "settings.sql")))
        let number: Int = try await connection.query(
            "SELECT current_setting('server_version_num')::int AS number")[0].get("number")
        let version = number / 10_000
        let known = try versions()
        guard known.contains(version) else { return .unknown(version: version, known: known) }
        let expected = try list(of: version)
        var actual: [String: String] = [:]
        for row in try await connection.query(SQL(stringLiteral: query)) {
            let object = "\(try row.get("kind", as: String.self)) \(try row.get("name", as: String.self))"
            actual[object] = Self.shown(try row.get("definition"))
        }
        return .differences(
            Set(expected.keys).union(actual.keys).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
                .compactMap { object in
                    guard expected[object] != actual[object] else { return nil }
                    return Difference(
                        object: object, expected: expected[object] ?? "none", actual: actual[object] ?? "none")
                })
    }

    /// A definition as the lists hold it: itself, or its digest where it is longer than a line.
    static func shown(_ definition: String) -> String {
        let isLine = definition.utf8.count <= 160 && !definition.utf8.contains { $0 < 0x20 || $0 == 0x7F }
        return isLine ? definition : "sha256:\(Digest.sha256(definition).hex)"
    }

    private func versions() throws -> [Int] {
        try FileManager.default.contentsOfDirectory(atPath: directory.path).compactMap { name in
            guard name.hasPrefix("postgresql-"), name.hasSuffix(".tsv") else { return nil }
            return Int(name.dropFirst("postgresql-".count).dropLast(".tsv".count))
        }.sorted()
    }

    private func list(of version: Int) throws -> [String: String] {
        let file = directory.appending(path: "postgresql-\(version).tsv")
        var definitions: [String: String] = [:]
        for line in try Self.text(file).split(separator: "\n") {
            let fields = line.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else {
                throw LaurelError.environment(
                    "the list of the schema's objects is damaged", at: file.path, next: "install the program again")
            }
            definitions["\(fields[0]) \(fields[1])"] = String(fields[2])
        }
        return definitions
    }

    private static func text(_ file: URL) throws -> String {
        do {
            return try String(contentsOf: file, encoding: .utf8)
        } catch {
            throw LaurelError.environment(
                "the list of the schema's objects is not where the program expects it", at: file.path,
                next: "keep the resource folders beside the program")
        }
    }
}
