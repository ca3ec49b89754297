import Documents
import Errors
import Ledger
import Money
import Postgres
import Testing

/// What ends something at the very moment when its month is settled or closed.
@Suite struct ClosureRaceTests {
    @Test func nothingEntersAMonthThatIsBeingClosed() async throws {
        try await withBooks { ledger, _ in
            _ = try await ledger.openPeriod(october)
            let closing = try await ledger.database.withTransaction { connection in
                try await connection.execute("SELECT ledger.settle_finally('p1', '2026-10', 'left')")
                let closing = Task { try await ledger.closePeriod(october) }
                try await waiting(for: "close_period", in: ledger)
                return closing
            }
            #expect(try await closing.value)
            // The seal knows of the account that was closed.
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    /// Whoever changes an advance asks for the period first, as a settlement does: so neither waits for the other in a circle.
    @Test(arguments: ["cancel", "write off"])
    func aSettlementIsNotWaitedForWithItsAdvanceInHand(what: String) async throws {
        try await withBooks { ledger, _ in
            _ = try await ledger.payAdvance(
                party: "p1", amount: usd(50_000_000), currency: .dollars, recoupPPM: 1_000_000, dataset: nil,
                crossGroup: false, reference: "A-1", period: october)
            _ = try await ledger.proposeWriteOff(
                "W-1", party: "p1", amount: usd(50_000_000), currency: .dollars, advance: "A-1", reason: "left",
                by: "grace")
            _ = try await ledger.approveWriteOff("W-1", by: "ada", in: october)
            let ending = try await ledger.database.withTransaction { settling in
                try await settling.execute("SELECT pg_advisory_xact_lock(1, ledger.period_lock_key('2026-10'))")
                let ending = Task {
                    if what == "cancel" {
                        return try await ledger.cancelAdvance("A-1", in: october, reason: "left")
                    }
                    return try await ledger.approveWriteOff("W-1", by: "barbara", in: october).isNew
                }
                try await waiting(for: what == "cancel" ? "cancel_advance" : "approve_write_off", in: ledger)
                let free = try await owner(of: ledger).query("SELECT id FROM ledger.advance FOR UPDATE SKIP LOCKED")
                #expect(free.count == 1)
                return ending
            }
            #expect(try await ending.value)
            #expect(try await ledger.check(strict: true).isEmpty)
        }
    }

    /// Returns once a command waits for a lock. (Where it asks for none, after a second at most.)
    private func waiting(for command: String, in ledger: Ledger) async throws {
        for _ in 0..<100 {
            let rows = try await ledger.database.query(
                """
                SELECT pid FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE \("%\(command)%")
                """)
            if !rows.isEmpty { return }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
