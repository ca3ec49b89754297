import Documents
import Errors
package import Foundation
package import Postgres
import Schema

/// Runs a test with a database of its own, freshly migrated, and drops it at the end.
///
/// All databases of a run are copies of one template that is named after the migrations' digests, so that a test costs a
/// copy (about 50 ms) and not a migration. Safe for tests that run at the same time.
package func withDatabase<T>(
    role: String? = "laurel_app", _ body: (Database) async throws -> T
) async throws -> T {
    let server = try TestServer()
    return try await server.withCopy(of: server.migratedTemplate()) { url in
        try await body(Database(url: url, role: role))
    }
}

/// Runs a test with an empty database, for tests of migrations themselves.
package func withEmptyDatabase<T>(_ body: (_ url: String) async throws -> T) async throws -> T {
    try await TestServer().withCopy(of: "template0", body)
}

/// Runs a test with a folder of its own and removes it at the end.
package func withTemporaryDirectory<T>(_ body: (URL) async throws -> T) async throws -> T {
    let folder = FileManager.default.temporaryDirectory.appending(path: "laurel-test-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    do {
        let value = try await body(folder)
        try FileManager.default.removeItem(at: folder)
        return value
    } catch {
        try FileManager.default.removeItem(at: folder)
        throw error
    }
}

/// The server that `ops/test-database` started.
private struct TestServer {
    let url: String
    let administration: Database

    init() throws {
        guard let url = ProcessInfo.processInfo.environment["LAUREL_TEST_DATABASE_URL"] else {
            throw LaurelError.environment(
                "these tests need a database", at: "LAUREL_TEST_DATABASE_URL",
                next: #"run eval "$(ops/test-database start)" in this shell, or ops/test"#)
        }
        self.url = url
        administration = Database(url: url, role: nil, maxConnections: 1)
    }

    /// The URL of another database of the same server.
    func address(of name: String) -> String {
        url.replacing("postgresql:///postgres?", with: "postgresql:///\(name)?")
    }

    /// The name of the migrated template, made by whoever needs it first.
    func migratedTemplate() async throws -> String {
        let files = try FileManager.default.contentsOfDirectory(atPath: Schema.migrations.path).sorted()
        let state = try files.map { file in
            let bytes = [UInt8](try Data(contentsOf: Schema.migrations.appending(path: file)))
            return "\(file) \(Digest.sha256(bytes).hex)"
        }.joined(separator: "\n")
        let name = "template_\(Digest.sha256(state).hex.prefix(16))"
        try await administration.withConnection { connection in
            try await connection.execute("SET lock_timeout = '120s'")
            try await connection.execute("SELECT pg_advisory_lock(1)")
            if try await connection.query("SELECT FROM pg_database WHERE datname = \(name)").isEmpty {
                let unfinished = name + "_unfinished"
                try await connection.execute("DROP DATABASE IF EXISTS \(identifier: unfinished) WITH (FORCE)")
                try await connection.execute("CREATE DATABASE \(identifier: unfinished) TEMPLATE template0")
                try await Migrator(directory: Schema.migrations).migrate(url: address(of: unfinished))
                try await connection.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = \(unfinished)")
                try await connection.execute("ALTER DATABASE \(identifier: unfinished) RENAME TO \(identifier: name)")
            }
            try await connection.execute("SELECT pg_advisory_unlock(1)")
        }
        return name
    }

    func withCopy<T>(of template: String, _ body: (_ url: String) async throws -> T) async throws -> T {
        let name = "test_\(UUID().uuidString.lowercased().prefix(13))"
        try await administration.execute("CREATE DATABASE \(identifier: name) TEMPLATE \(identifier: template)")
        do {
            let value = try await body(address(of: name))
            try await administration.execute("DROP DATABASE \(identifier: name) WITH (FORCE)")
            return value
        } catch {
            try await administration.execute("DROP DATABASE \(identifier: name) WITH (FORCE)")
            throw error
        }
    }
}
