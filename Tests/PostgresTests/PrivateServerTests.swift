import Errors
import Foundation
import Glibc
import Postgres
import TestSupport
import Testing

@Suite("The private server")
struct PrivateServerTests {
    @Test("It starts twice at once, survives kill -9, stops, and says why it cannot start")
    func life() async throws {
        try await withTemporaryDirectory { folder in
            chmod(folder.path, 0o755)
            // Deep enough that the socket does not fit into it.
            let home = folder.appending(path: String(repeating: "deep-folder/", count: 9) + "home")
            try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
            let server = PrivateServer(home: home)
            async let first = server.start()
            async let second = server.start()
            let (url, again) = try await (first, second)
            #expect(url == again)
            try await Database(url: url, role: nil).execute("CREATE TABLE kept AS SELECT 1 AS one")

            let file = home.appending(path: "postgres/postmaster.pid")
            let pid = try #require(pid_t(try String(contentsOf: file, encoding: .utf8).prefix { $0.isNumber }))
            #expect(kill(pid, SIGKILL) == 0)
            let restarted = try await server.start()
            #expect(try await Database(url: restarted, role: nil).query("SELECT one FROM kept").count == 1)

            #expect(try await server.stop())
            #expect(try await !server.stop())

            // A home that was moved finds its database.
            let moved = folder.appending(path: "moved")
            try FileManager.default.moveItem(at: home, to: moved)
            let there = PrivateServer(home: moved)
            let elsewhere = try await there.start()
            #expect(try await Database(url: elsewhere, role: nil).query("SELECT one FROM kept").count == 1)
            #expect(try await there.stop())

            try FileManager.default.removeItem(at: moved.appending(path: "postgres/global/pg_control"))
            let error = await #expect(throws: LaurelError.self) { try await there.start() }
            #expect(error?.kind == .environment)
            #expect(error?.description.contains("pg_control") == true)
            #expect(error?.description.contains("laurel-server.log") == true)

            // A database that is gone is not replaced by an empty one.
            try FileManager.default.removeItem(at: moved.appending(path: "postgres"))
            let gone = await #expect(throws: LaurelError.self) { try await there.start() }
            #expect(gone?.description.contains("gone") == true)
        }
    }
}
