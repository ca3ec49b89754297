import Errors
import Postgres
import TestSupport
import Testing

@Suite("Statements and values")
struct ConnectionTests {
    static let nasty = [
        "", " ", "\\N", "\\", "\\.", "tab\there", "line\nfeed", "carriage\rreturn", "quote\"s 'n' {braces},", "NULL",
        "ä€𝔘👩‍👩‍👧",
        "e\u{301}", "\u{1}", "$1", "%s",
    ]

    @Test("What is bound comes back as it was")
    func bindings() async throws {
        try await withEmptyDatabase { url in
            let database = Database(url: url, role: nil)
            for text in Self.nasty {
                let row = try await database.query("SELECT \(text)::text AS value, \([text, text])::text[] AS list")[0]
                #expect(Array(try row.get("value", as: String.self).utf8) == Array(text.utf8))
                #expect(try row.get("list", as: [String].self) == [text, text])
            }
            let bytes = (0...255).map { UInt8($0) }
            let row = try await database.query(
                """
                SELECT \(bytes) AS bytes, \([UInt8]()) AS no_bytes, \(Int64.min)::bigint AS least, \(0.1)::float8 AS tenth,
                       \(Double.infinity)::float8 AS infinite, \(true)::boolean AS truth, \(String?.none)::text AS nothing,
                       \([Int64]([1, -2]))::bigint[] AS numbers, \([String?]([nil, "NULL"]))::text[] AS gaps
                """)[0]
            #expect(try row.get("bytes", as: [UInt8].self) == bytes)
            #expect(try row.get("no_bytes", as: [UInt8].self) == [])
            #expect(try row.get("least", as: Int64.self) == .min)
            #expect(try row.get("tenth", as: Double.self) == 0.1)
            #expect(try row.get("infinite", as: Double.self) == .infinity)
            #expect(try row.get("truth", as: Bool.self))
            #expect(try row.get("nothing", as: String?.self) == nil)
            #expect(try row.get("numbers", as: [Int64].self) == [1, -2])
            #expect(try row.get("gaps", as: [String?].self) == [nil, "NULL"])
        }
    }

    @Test("COPY brings nasty strings and NULL there and back")
    func copy() async throws {
        try await withEmptyDatabase { url in
            let database = Database(url: url, role: nil)
            try await database.withConnection { connection in
                try await connection.execute("CREATE TABLE \"odd name\" (id int, \"a \"\"b\" text)")
                let rows: [[String?]] = Self.nasty.enumerated().map { ["\($0)", $1] } + [["-1", nil]]
                #expect(try await connection.copyIn("odd name", columns: ["id", "a \"b"], rows: rows) == rows.count)
                let back = try await connection.copyOut("SELECT * FROM \"odd name\" ORDER BY id")
                #expect(back == [rows[rows.count - 1]] + rows.dropLast())
                // A row that cannot be stored leaves nothing, and the connection usable.
                await #expect(throws: PostgresError.self) {
                    try await connection.copyIn("odd name", columns: ["id"], rows: [["7"], ["seven"]])
                }
                await #expect(throws: PostgresError.self) {
                    try await connection.copyIn("odd name", columns: ["id", "a \"b"], rows: [["7", "a\0b"]])
                }
                let count = try await connection.query("SELECT count(*) AS n FROM \"odd name\"")[0].get(
                    "n", as: Int.self)
                #expect(count == rows.count)
            }
        }
    }

    @Test("Errors carry SQLSTATE and constraint")
    func errors() async throws {
        try await withEmptyDatabase { url in
            let database = Database(url: url, role: nil)
            try await database.execute("CREATE TABLE thing (id int CONSTRAINT positive CHECK (id > 0))")
            let error = await #expect(throws: PostgresError.self) {
                try await database.execute("INSERT INTO thing VALUES (\(0))")
            }
            #expect(error?.sqlState == "23514")
            #expect(error?.constraint == "positive")
            #expect(error?.table == "thing")
            let zero = await #expect(throws: PostgresError.self) { try await database.query("SELECT \("a\0b")::text") }
            #expect(zero?.sqlState == "22021")
            let absent = await #expect(throws: PostgresError.self) {
                try await database.query("SELECT 1 AS one")[0].get("two", as: Int.self)
            }
            #expect(absent?.sqlState == "42703")
        }
    }

    @Test("An unreachable database is an environment failure with a remedy")
    func unreachable() async throws {
        let database = Database(url: "postgresql:///x?host=/nonexistent", role: nil)
        let error = await #expect(throws: PostgresError.self) { try await database.query("SELECT 1") }
        #expect(error?.asLaurelError().kind == .environment)
        #expect(error?.asLaurelError().remedy != nil)
    }

    @Test("A cancelled task stops its statement on the server and leaves the connection usable")
    func cancellation() async throws {
        try await withEmptyDatabase { url in
            let database = Database(url: url, role: nil, maxConnections: 1)
            let began = ContinuousClock.now
            let task = Task { try await database.withTransaction { try await $0.execute("SELECT pg_sleep(30)") } }
            try await Task.sleep(for: .milliseconds(150))
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(ContinuousClock.now - began < .seconds(5))
            #expect(try await database.query("SELECT 1 AS one")[0].get("one", as: Int.self) == 1)
        }
    }
}
