import Errors
import Foundation
import Glibc
import Ledger
import Money
import Postgres
import Schema
import Synchronization
import TestSupport
import Testing

/// Whether anybody still writes.
private final class Writing: Sendable {
    let goesOn = Atomic(true)
}

/// `kill -9` of whoever writes and of whoever serves, in the middle of it.
@Suite struct KillTests {
    /// Programs that are killed at any moment leave whole receipts or none, and the same command again ends the matter.
    @Test func clientsDie() async throws {
        try await LaurelProgram.withHome { program in
            var random = SplitMix(seed: 20_261_121)
            func command(_ number: Int) -> [String] {
                [
                    "revenue", "add", "--period", "2026-10", "--amount", "\(number).00", "--currency", "USD",
                    "--source", "shop", "--ref", "r\(number)", "--idempotency-key", "k\(number)", "--format", "json",
                ]
            }
            var acknowledged: Set<Int> = []
            for first in stride(from: 1, through: 20, by: 4) {
                let clients = try (first..<first + 4).map {
                    (number: $0, client: try program.start(command($0)))
                }
                // From before the connection is there until after the answer.
                usleep(useconds_t(20_000 + random.next() % 130_000))
                for (number, client) in clients {
                    if number % 4 != 0 { client.kill() }
                    if try await client.end().status == 0 { acknowledged.insert(number) }
                }
            }
            let ledger = Ledger(database: Database(url: program.database.url))
            let kept = Set(try await ledger.receipts().map(\.receipt.reference))
            #expect(acknowledged.isSubset(of: Set((1...20).filter { kept.contains("r\($0)") })))
            for number in 1...20 {
                // The key remembers the first answer, also when nobody heard it.
                let again = try await program.start(command(number)).end()
                #expect(again.status == 0 && again.output.contains("recorded"), "\(number): \(again)")
            }
            #expect(try await ledger.receipts().count == 20)
            #expect(try await ledger.balance("pool:2026-10") == -210_000_000)
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    /// When a backend is killed PostgreSQL drops all of them and recovers from its log; writers knock until they are heard.
    @Test func backendsDie() async throws {
        try await withTemporaryDirectory { folder in
            chmod(folder.path, 0o755)
            let server = PrivateServer(home: folder)
            let url = try await server.start()
            try await Migrator(directory: Schema.migrations).migrate(url: url)
            let ledger = Ledger(database: Database(url: url))
            let writing = Writing()
            let (answers, kills) = try await withThrowingTaskGroup(of: ([String: Int64], Int).self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        var answers: [String: Int64] = [:]
                        for number in 0..<40 {
                            let reference = "w\(writer)-\(number)"
                            answers[reference] = try await persist { try await record(ledger, reference) }
                        }
                        return (answers, 0)
                    }
                }
                group.addTask { ([:], try await killBackends(of: url, while: writing)) }
                var answers: [String: Int64] = [:]
                var kills = 0
                var writers = 4
                for try await (some, count) in group {
                    answers.merge(some) { one, _ in one }
                    kills += count
                    if !some.isEmpty { writers -= 1 }
                    if writers == 0 { writing.goesOn.store(false, ordering: .relaxed) }
                }
                return (answers, kills)
            }
            #expect(kills > 0 && answers.count == 160)
            for (reference, id) in answers {
                #expect(try await record(ledger, reference) == id)
            }
            let journals: Int = try await ledger.database.query("SELECT count(*) AS n FROM ledger.journal")[0].get("n")
            #expect(journals == 160)
            #expect(try await ledger.balance("pool:2026-10") == -160_000_000)
            #expect(try await ledger.check(strict: true).isEmpty)
            _ = try await server.stop()
        }
    }

    /// Kills a backend every 60 ms, five at most; says how many.
    private func killBackends(of url: String, while writing: Writing) async throws -> Int {
        let administration = Database(url: url, role: nil, maxConnections: 1)
        var kills = 0
        while writing.goesOn.load(ordering: .relaxed), kills < 5 {
            try await Task.sleep(for: .milliseconds(60))
            let victim = try await persist {
                try await administration.query(
                    """
                    SELECT pid FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1
                    """
                ).first?.get("pid", as: Int.self)
            }
            if let victim, kill(pid_t(victim), SIGKILL) == 0 { kills += 1 }
        }
        return kills
    }

    private func record(_ ledger: Ledger, _ reference: String) async throws -> Int64 {
        let receipt = try Receipt(
            source: "shop", reference: reference, period: october, currency: .named("USD"), gross: usd(1_000_000))
        let answer = try await ledger.addRevenue([(receipt, nil)], posting: Posting(idempotencyKey: reference))[0]
        #expect(answer.isNew, "a key tells the first answer")
        return answer.id
    }

    /// Asks again while nobody is there to answer, for at most a minute.
    private func persist<T>(_ body: () async throws -> T) async throws -> T {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            do {
                return try await body()
            } catch let error as LaurelError where error.kind == .environment && ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(50))
            } catch let error as PostgresError where error.isConnectionFailure && ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }
}
