import Documents
import Errors
package import Foundation

/// Applies the numbered SQL files of a folder, each once and in order, and refuses files that changed afterwards.
package struct Migrator: Sendable {
    /// One numbered file.
    private struct Migration {
        let version: Int
        let name: String
        let text: String
        let digest: Digest
    }

    private let directory: URL

    /// - Parameter directory: The folder of files named `NNNN-what.sql`.
    package init(directory: URL) { self.directory = directory }

    /// Brings the database up to date. Two programs that start at once apply each file once.
    ///
    /// - Returns: The names of the files that were applied now.
    /// - Throws: ``LaurelError`` of kind `refused` when an applied file has changed since or is unknown here.
    @discardableResult
    package func migrate(url: String) async throws -> [String] {
        let migrations = try load()
        return try await Database(url: url, role: nil, maxConnections: 1).withConnection { connection in
            try await connection.script(
                """
                SELECT pg_advisory_lock(\(Migrator.lockKey));
                CREATE TABLE IF NOT EXISTS public.schema_migration (
                    version    integer PRIMARY KEY,
                    name       text NOT NULL,
                    sha256     text NOT NULL,
                    applied_at timestamptz NOT NULL DEFAULT now()
                );
                GRANT USAGE ON SCHEMA public TO PUBLIC;
                GRANT SELECT ON public.schema_migration TO PUBLIC;
                """)
            let pending = try await pending(among: migrations, on: connection)
            for migration in pending { try await apply(migration, on: connection) }
            try await connection.script("SELECT pg_advisory_unlock(\(Migrator.lockKey))")
            return pending.map(\.name)
        }
    }

    private func apply(_ migration: Migration, on connection: Connection) async throws {
        try await connection.transaction(isolation: .readCommitted, commit: true) { connection in
            do {
                try await connection.script(migration.text)
            } catch let error as PostgresError {
                throw LaurelError.environment(
                    "a migration failed (\(error))", at: migration.name, next: "nothing of it was applied")
            }
            try await connection.execute(
                """
                INSERT INTO public.schema_migration (version, name, sha256)
                VALUES (\(migration.version), \(migration.name), \(migration.digest.hex))
                """)
        }
    }

    /// Refuses a database whose schema is not exactly the one this program was built with.
    package func requireCurrent(_ database: Database) async throws {
        let migrations = try load()
        try await database.withConnection { connection in
            let present = try await connection.query(
                "SELECT 1 AS present WHERE to_regclass('public.schema_migration') IS NOT NULL")
            let pending = present.isEmpty ? migrations : try await pending(among: migrations, on: connection)
            if let next = pending.first { throw Migrator.behind(next.name) }
        }
    }

    private static func behind(_ name: String) -> LaurelError {
        LaurelError.refused("the database's schema is older than this program", at: name, next: "run laurel init")
    }

    // One key for all of Laurel's migrations; any constant will do.
    private static let lockKey = 0x6c_6175_7265_6c

    private func pending(among migrations: [Migration], on connection: Connection) async throws -> [Migration] {
        let rows = try await connection.query("SELECT version, name, sha256 FROM public.schema_migration ORDER BY 1")
        var pending = migrations[...]
        for row in rows {
            let name: String = try row.get("name")
            guard let next = pending.popFirst(), try next.version == row.get("version") else {
                throw LaurelError.refused(
                    "the database knows a migration that this program does not", at: name,
                    next: "use the program's newer version")
            }
            guard try next.digest.hex == row.get("sha256", as: String.self) else {
                throw LaurelError.refused(
                    "a migration changed after it was applied", at: name,
                    next: "restore the file as it was and put the change into a new migration")
            }
        }
        return Array(pending)
    }

    private func load() throws -> [Migration] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        } catch {
            throw LaurelError.environment(
                "the schema's migrations are not where the program expects them", at: directory.path,
                next: "keep the resource folders beside the program")
        }
        return try names.filter { $0.hasSuffix(".sql") }.sorted().map { name in
            let bytes = [UInt8](try Data(contentsOf: directory.appending(path: name)))
            guard let version = Int(name.prefix(4)) else {
                throw LaurelError.environment("a migration has no number", at: name, next: "name it NNNN-what.sql")
            }
            return Migration(
                version: version, name: name, text: String(decoding: bytes, as: UTF8.self),
                digest: Digest.sha256(bytes))
        }
    }
}
