import Errors
import Foundation
import Postgres
import TestSupport
import Testing

@Suite("Migrations")
struct MigratorTests {
    private func write(_ text: String, _ name: String, _ folder: URL) throws {
        try Data(text.utf8).write(to: folder.appending(path: name))
    }

    @Test("Files are applied once, in order; two at once do it once")
    func order() async throws {
        try await withTemporaryDirectory { folder in
            try await withEmptyDatabase { url in
                try write("CREATE TABLE a (id int);", "0001-a.sql", folder)
                try write("ALTER TABLE a ADD b int; INSERT INTO a VALUES (1, 2);", "0002-b.sql", folder)
                let migrator = Migrator(directory: folder)
                async let first = migrator.migrate(url: url)
                async let second = migrator.migrate(url: url)
                let applied = try await first + second
                #expect(applied == ["0001-a.sql", "0002-b.sql"])
                #expect(try await migrator.migrate(url: url).isEmpty)
                try await migrator.requireCurrent(Database(url: url, role: nil))
            }
        }
    }

    @Test("A file that changed after it was applied is refused by name")
    func changed() async throws {
        try await withTemporaryDirectory { folder in
            try await withEmptyDatabase { url in
                try write("CREATE TABLE a (id int);", "0001-a.sql", folder)
                try await Migrator(directory: folder).migrate(url: url)
                try write("CREATE TABLE a (id bigint);", "0001-a.sql", folder)
                let error = await #expect(throws: LaurelError.self) {
                    try await Migrator(directory: folder).migrate(url: url)
                }
                #expect(error?.description.contains("changed after it was applied: 0001-a.sql") == true)
            }
        }
    }

    @Test("A file that fails leaves nothing of itself and names itself")
    func failing() async throws {
        try await withTemporaryDirectory { folder in
            try await withEmptyDatabase { url in
                try write("CREATE TABLE a (id int); SELECT nonsense;", "0001-a.sql", folder)
                let error = await #expect(throws: LaurelError.self) {
                    try await Migrator(directory: folder).migrate(url: url)
                }
                #expect(error?.place?.contains("0001-a.sql") == true)
                let left = try await Database(url: url, role: nil).query("SELECT FROM pg_tables WHERE tablename = 'a'")
                #expect(left.isEmpty)
            }
        }
    }
}
