import Foundation
import Postgres
import TestSupport
import Testing

/// A whole month at the command line, with a game whose credits are known beforehand.
@Suite struct MonthTests {
    /// Registers, evaluates, earns, allocates and issues; safe to repeat.
    private func month(_ laurel: LaurelProgram, manifest: String) async throws {
        try await laurel.succeed("dataset", "import", manifest)
        try await laurel.succeed("snapshot", "create", "--id", "october")
        let run = try await laurel.start(Gallery.creditRun()).end()
        #expect(run.status == 0, "\(run.errors)")
        try await laurel.succeed(
            "revenue", "add", "--period", "2026-10", "--amount", "1000.00", "--currency", "USD", "--source", "shop",
            "--ref", "r1")
        try await laurel.succeed("allocate", "--period", "2026-10")
        try await laurel.succeed("statement", "issue", "--period", "2026-10")
        try await laurel.succeed("statement", "bundle", "--period", "2026-10", "--out", "bundles")
        try await laurel.succeed("report", "payouts", "--period", "2026-10", "--out", "payouts.csv")
        let check = try await laurel.succeed("check", "--strict")
        #expect(check.output.isEmpty)
    }

    @Test func fromRegistrationToSignedStatements() async throws {
        try await LaurelProgram.withHome { laurel in
            let manifest = try Gallery.hang(in: laurel.folder)
            try await month(laurel, manifest: manifest)
            // Additive games: everybody's credit is what they give, so the pool goes 1 : 2 : 3 : 4.
            let payouts = try String(contentsOf: laurel.folder.appending(path: "payouts.csv"), encoding: .utf8)
            let rows = payouts.split(separator: "\r\n").map {
                $0.split(separator: ",", omittingEmptySubsequences: false)
            }
            #expect(
                rows.dropFirst().map { "\($0[0]) \($0[4])" } == [
                    "ada 100.000000", "bob 200.000000", "cyd 300.000000", "dot 400.000000",
                ])

            // Everything again changes nothing: not a byte of what leaves the house.
            let before = try files(in: laurel.folder.appending(path: "bundles"))
            try await month(laurel, manifest: manifest)
            #expect(try files(in: laurel.folder.appending(path: "bundles")) == before)
            #expect(try Data(contentsOf: laurel.folder.appending(path: "payouts.csv")) == Data(payouts.utf8))

            try await verifies(laurel, bundle: laurel.folder.appending(path: "bundles/ada"))
        }
    }

    /// A bundle holds by Laurel's judgement and by OpenSSL's; with one byte changed anywhere it does not.
    private func verifies(_ laurel: LaurelProgram, bundle: URL) async throws {
        try await laurel.succeed("verify", bundle.path)
        let openssl = try await RunningProgram(
            URL(filePath: "/usr/bin/openssl"),
            [
                "pkeyutl", "-verify", "-pubin", "-inkey", "issuer.pub.pem", "-rawin", "-in", "statement.json",
                "-sigfile",
                "statement.json.sig",
            ].map {
                FileManager.default.fileExists(atPath: bundle.appending(path: $0).path) ? "\(bundle.path)/\($0)" : $0
            },
            in: laurel.folder
        ).end()
        #expect(openssl.status == 0 && openssl.output.contains("Verified Successfully"), "\(openssl.errors)")
        let script = try await RunningProgram(
            URL(filePath: "/bin/bash"), ["\(bundle.path)/verify.sh"], in: laurel.folder
        ).end()
        #expect(script.status == 0, "\(script.output)\(script.errors)")
        for (name, bytes) in try files(in: bundle) {
            var changed = bytes
            changed[changed.count / 2] ^= 1
            let file = bundle.appending(path: name)
            try changed.write(to: file)
            let run = try await laurel.run("verify", bundle.path)
            #expect([1, 2, 3].contains(run.status), "\(name) was changed: \(run.output)")
            try bytes.write(to: file)
        }
        try await laurel.succeed("verify", bundle.path)
    }

    private func files(in folder: URL) throws -> [String: Data] {
        let names = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        var files: [String: Data] = [:]
        for name in names {
            let url = folder.appending(path: name)
            if !url.hasDirectoryPath, let bytes = FileManager.default.contents(atPath: url.path) { files[name] = bytes }
        }
        return files
    }

    @Test func aKilledRunGoesOnAndEndsTheSame() async throws {
        let undisturbed = try await LaurelProgram.withHome { laurel in
            try await laurel.succeed("dataset", "import", Gallery.hang(in: laurel.folder))
            let run = try await laurel.start(Gallery.creditRun(estimator: "gp")).end()
            #expect(run.status == 0, "\(run.errors)")
            return try await laurel.succeed("credit", "show", "run-2026-10-1", "--format", "json").output
        }
        try await LaurelProgram.withHome { laurel in
            try await laurel.succeed("dataset", "import", Gallery.hang(in: laurel.folder))
            // Each of two workers stops before its third coalition until the gate is there.
            let gate = laurel.folder.appending(path: "gate")
            let command = Gallery.creditRun(gate: gate.path, estimator: "gp")
            let first = try laurel.start(command)
            try await waits(for: 4, laurel)
            // While it runs nobody else does.
            let second = try await laurel.start(command).end()
            #expect(second.status == 4, "\(second.errors)")
            #expect(second.errors.split(separator: "\n").last?.contains("process") == true, "\(second.errors)")
            first.kill()
            try await isLetGo(laurel)
            let third = try laurel.start(command)
            try await waits(for: 8, laurel)
            third.interrupt()
            try Data().write(to: gate)
            #expect(try await third.end().status == 130)
            #expect(try await evaluations(laurel) < 20)
            #expect(try await laurel.start(command).end().status == 0)
            let resumed = try await laurel.succeed("credit", "show", "run-2026-10-1", "--format", "json").output
            #expect(try credits(resumed) == credits(undisturbed))
        }
    }

    /// Waits until so many evaluations are stored, no longer than a minute.
    private func waits(for count: Int, _ laurel: LaurelProgram) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try await evaluations(laurel) < count, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(try await evaluations(laurel) == count)
    }

    /// Waits until the database has noticed that who executed the run is gone.
    private func isLetGo(_ laurel: LaurelProgram) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        func locks() async throws -> Int {
            try await laurel.database.query(
                "SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )[0]
            .get("n")
        }
        while try await locks() > 0, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
    }

    private func evaluations(_ laurel: LaurelProgram) async throws -> Int {
        let run = try await laurel.run("credit", "status", "run-2026-10-1", "--format", "json")
        guard run.status == 0, let status = try run.json() as? [String: Any] else { return 0 }
        return status["evaluations_done"] as? Int ?? 0
    }

    /// The values of a run, as written.
    private func credits(_ json: String) throws -> [String] {
        let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
        let values = try #require(object?["values"] as? [[String: Any]])
        #expect(values.count == 4)
        return values.map { "\($0["player"] ?? "") \($0["value"] ?? "") \($0["low"] ?? "") \($0["high"] ?? "")" }
    }
}
