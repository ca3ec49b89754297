import Foundation
import Ledger
import Postgres
import Schema
import TestSupport
import Testing

@Suite struct SchemaObjectsTests {
    private func compare(_ folder: URL) async throws -> SchemaObjects.Comparison {
        try await withDatabase { database in
            try await database.withTransaction(commit: false) { try await SchemaObjects(directory: folder).compare($0) }
        }
    }

    @Test("The list of objects is what the migrations make; ops/schema-objects writes it")
    func listIsCurrent() async throws {
        switch try await compare(Schema.objects) {
        case .unknown(let version, _):
            Issue.record("there is no list for PostgreSQL \(version): run ops/schema-objects and commit what it writes")
        case .differences(let differences):
            let objects = differences.map { "\($0.object): listed \($0.expected), made \($0.actual)" }
            #expect(
                objects.isEmpty,
                "the migrations changed: run ops/schema-objects and commit what it writes (\(objects.joined(separator: "\n")))"
            )
        }
    }

    @Test("A restored backup has the same objects: what PostgreSQL prints of a view makes that view again")
    func printedViewsComeBack() async throws {
        try await withDatabase(role: nil) { database in
            try await database.withTransaction(commit: false) { connection in
                let views = try await connection.query(
                    """
                    SELECT v.schemaname || '."' || v.viewname || '"' AS name, v.definition FROM pg_views v
                    WHERE v.schemaname IN ('registry', 'pii', 'credit', 'ledger', 'statements')
                    """)
                #expect(!views.isEmpty)
                for view in views {
                    let (name, definition): (String, String) = (try view.get("name"), try view.get("definition"))
                    try await connection.execute("CREATE OR REPLACE VIEW \(raw: name) AS \(raw: definition)")
                }
                guard
                    case .differences(let differences) = try await SchemaObjects(directory: Schema.objects).compare(
                        connection)
                else {
                    Issue.record("there is no list for this PostgreSQL: run ops/schema-objects")
                    return
                }
                #expect(
                    differences.isEmpty,
                    "write rows compared and columns united one by one, with their names: \(differences.map(\.object))")
            }
        }
    }

    @Test("Of a server that prints definitions otherwise nothing is claimed")
    func otherVersion() async throws {
        try await withTemporaryDirectory { folder in
            for name in ["settings.sql", "query.sql"] {
                try FileManager.default.copyItem(
                    at: Schema.objects.appending(path: name), to: folder.appending(path: name))
            }
            try Data().write(to: folder.appending(path: "postgresql-9.tsv"))
            guard case .unknown(let version, let known) = try await compare(folder) else {
                Issue.record("a comparison with the list of another version")
                return
            }
            #expect(version > 9 && known == [9])
        }
    }

    @Test("Nothing is entered for a closed period, whether it posts a journal or not")
    func closedPeriodsTakeNothing() async throws {
        try await withBooks { ledger, administration in
            try await ledger.earn("r1", 100_00)
            _ = try await ledger.share([("p1", 1), ("p2", 2)])
            _ = try await ledger.settle(october, policy: WaterfallPolicy(WaterfallPolicy.standard))
            #expect(try await ledger.closePeriod(october))
            #expect(try await ledger.share([("p1", 1), ("p2", 2)])[0].isNew == false)
            let other = await #expect(throws: PostgresError.self) {
                try await administration.execute(
                    """
                    SELECT ledger.post_allocation('2026-10', 'USD', '2026-10', '2026-10-31', 'another run',
                        (SELECT policy_sha256 FROM ledger.allocation), sha256('x'), '{p1,p2}', '{"",""}', '{1,2}')
                    """)
            }
            #expect(other?.message.contains("is closed") == true)
            try await administration.execute("SELECT ledger.open_period('2026-11'), ledger.close_period('2026-11')")
            let late = await #expect(throws: PostgresError.self) {
                try await administration.execute(
                    """
                    SELECT ledger.post_settlement('2026-11', '2026-11-30', (SELECT policy_sha256 FROM ledger.settlement),
                        '[]', '[]')
                    """)
            }
            #expect(late?.message.contains("is closed") == true)
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }
}
