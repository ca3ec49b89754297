import Errors
import Foundation
import Postgres
import Registry
import Testing

/// Importing manifests: all or nothing, and nothing twice.
@Suite struct ImportTests {
    @Test func theSameManifestTwiceIsOneVersion() async throws {
        try await Workshop.open { shop in
            try shop.paint("a.png", seed: 1)
            try shop.paint("b.ppm", seed: 2)
            let url = try shop.manifest("clips.csv", ["a.png,José Hevia,CC0-1.0,A", "b.ppm,ada,free to use,B"])
            let first = try await shop.importing(url)
            #expect(first.map(\.dataset) == ["ada-clips", "jose-hevia-clips"])
            #expect(first.map(\.isNew) == [true, true])
            #expect(first.map(\.flaggedLicences) == [1, 0])
            let second = try await shop.importing(url, day: 2)
            #expect(second.map(\.isNew) == [false, false])
            #expect(try await shop.counts() == [2, 2, 2, 2])
        }
    }

    @Test func anotherListIsTheNextVersionAndAnOlderListTheOneAfter() async throws {
        try await Workshop.open { shop in
            try shop.paint("a.png", seed: 1)
            try shop.paint("b.png", seed: 2)
            let both = ["a.png,ada,CC0-1.0,A", "b.png,ada,CC0-1.0,B"]
            for (lines, version) in [(both, 1), ([both[0]], 2), (both, 3), (both, 3)] {
                #expect(try await shop.importing(shop.manifest("clips.csv", lines)).map(\.version) == [version])
            }
            #expect(try await shop.datasets.find("ada-clips").items == 2)
        }
    }

    @Test func originalBytesAreStoredUnderTheirDigest() async throws {
        try await Workshop.open { shop in
            try shop.paint("a.png", seed: 1)
            _ = try await shop.importing(shop.manifest("clips.csv", ["a.png,ada,CC0-1.0,A"]))
            // `sha256sum` says where the bytes have to be.
            let process = Process()
            let output = Pipe()
            process.executableURL = URL(filePath: "/usr/bin/sha256sum")
            process.arguments = [shop.folder.appending(path: "a.png").path]
            process.standardOutput = output
            try process.run()
            let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            process.waitUntilExit()
            let hex = text.prefix(64)
            let stored = shop.folder.appending(path: "store/\(hex.prefix(2))/\(hex.dropFirst(2))")
            #expect(try Data(contentsOf: stored) == Data(contentsOf: shop.folder.appending(path: "a.png")))
        }
    }

    @Test(arguments: [
        (["b.png,ada,CC0-1.0,B", "cut.png,ada,CC0-1.0,C"], "bad.csv:3:1"),
        (["b.png,ada,CC0-1.0,B", "gone.png,ada,CC0-1.0,C"], "bad.csv:3:1"),
        (["b.png,ada,CC0-1.0,B", "b.png,ada,CC0-1.0,C"], "bad.csv:3:1"),
        (["b.png,ada,CC0-1.0,B", "../b.png,ada,CC0-1.0,C"], "bad.csv:3:1"),
        (["b.png,ada,CC0-1.0,B", "/b.png,ada,CC0-1.0,C"], "bad.csv:3:1"),
        (["b.png,ada,CC0-1.0,B", "c.png,,CC0-1.0,C"], "bad.csv:3:7"),
        (["b.png,ada,CC0-1.0,B", "c.png,ada,,C"], "bad.csv:3:11"),
        (["b.png,Ada L,CC0-1.0,B", "c.png,ada  l,CC0-1.0,C"], "bad.csv:3:7"),
        (["b.png,ada,CC0-1.0,B", "c.png,漢字,CC0-1.0,C", "a.png,!!!,CC0-1.0,C"], "bad.csv:4:7"),
    ])
    func aBadLineLeavesNothing(lines: [String], place: String) async throws {
        try await Workshop.open { shop in
            for (seed, name) in ["a.png", "b.png", "c.png"].enumerated() { try shop.paint(name, seed: UInt64(seed)) }
            let whole = try Data(contentsOf: shop.folder.appending(path: "c.png"))
            try whole.prefix(whole.count / 2).write(to: shop.folder.appending(path: "cut.png"))
            let url = try shop.manifest("bad.csv", lines)
            let error = await #expect(throws: LaurelError.self) { try await shop.importing(url) }
            #expect(error?.kind == .input)
            #expect(error?.place?.hasPrefix(place) == true, "\(error?.description ?? "")")
            #expect(try await shop.counts() == [0, 0, 0, 0])
        }
    }

    @Test func aMissingColumnIsNamed() async throws {
        try await Workshop.open { shop in
            let url = try shop.manifest("bad.csv", ["a.png,ada,A"], header: "path,contributor,title")
            let error = await #expect(throws: LaurelError.self) { try await shop.importing(url) }
            #expect(error?.description.contains("licence") == true)
            #expect(error?.place?.hasPrefix("bad.csv:1") == true)
        }
    }

    @Test func aContributorInAnotherSpellingIsReportedNotMerged() async throws {
        try await Workshop.open { shop in
            try shop.paint("a.png", seed: 1)
            _ = try await shop.importing(shop.manifest("one.csv", ["a.png,Ada Lovelace,CC0-1.0,A"]))
            let other = try shop.manifest("two.csv", ["a.png,ADA  Lovelace,CC0-1.0,A"])
            let error = await #expect(throws: LaurelError.self) { try await shop.importing(other) }
            #expect(error?.place == "two.csv:2:7")
            // Told which it is, the import goes on.
            let told = try shop.manifest("two.csv", ["a.png,ada-lovelace,CC0-1.0,A"])
            #expect(try await shop.importing(told).map(\.contributor) == ["ada-lovelace"])
        }
    }

    @Test func theSuspendedAreRefused() async throws {
        try await Workshop.open { shop in
            try await shop.meet("ada")
            try await Parties(database: shop.database).suspend("ada", reason: "identity in doubt")
            try shop.paint("a.png", seed: 1)
            let url = try shop.manifest("clips.csv", ["a.png,ada,CC0-1.0,A"])
            let error = await #expect(throws: LaurelError.self) { try await shop.importing(url) }
            #expect(error?.kind == .refused)
            #expect(try await shop.counts() == [1, 0, 0, 0])
        }
    }

    @Test func importsAtTheSameTimeAreOne() async throws {
        try await Workshop.open { shop in
            try shop.paint("a.png", seed: 1)
            let url = try shop.manifest("clips.csv", ["a.png,ada,CC0-1.0,A"])
            try await shop.meet("ada")
            let news = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<4 { group.addTask { try await shop.importing(url)[0].isNew } }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(news == 1)
            #expect(try await shop.counts() == [1, 1, 1, 1])
        }
    }

    @Test func whatIsRegisteredStays() async throws {
        try await Workshop.open { shop in
            try shop.paint("a.png", seed: 1)
            _ = try await shop.importing(shop.manifest("clips.csv", ["a.png,ada,CC0-1.0,A"]))
            let owner = Database(url: shop.database.url, role: nil)
            for statement in [
                "UPDATE registry.item SET licence = 'MIT'", "DELETE FROM registry.item",
                "TRUNCATE registry.dataset_version CASCADE",
                "SET session_replication_role = replica; DELETE FROM registry.item",
            ] {
                for database in [shop.database, owner] {
                    await #expect(throws: PostgresError.self) {
                        try await database.withConnection { try await $0.script(statement) }
                    }
                }
            }
            await owner.closeIdleConnections()
            #expect(try await shop.counts() == [1, 1, 1, 1])
        }
    }
}
