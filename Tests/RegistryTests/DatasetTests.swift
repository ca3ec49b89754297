import Documents
import Errors
import Foundation
import Postgres
import Registry
import Testing

/// Registering one contributor's dataset, sharing it, taking it back.
@Suite struct DatasetTests {
    @Test func aFolderIsRegisteredWithItsFolders() async throws {
        try await Workshop.open { shop in
            try await shop.meet("ada")
            try shop.paint("My Drawings/b.PNG", seed: 1)
            try shop.paint("My Drawings/deep/a.ppm", seed: 2)
            try shop.paint("My Drawings/.hidden/c.png", seed: 3)
            try Data("notes".utf8).write(to: shop.folder.appending(path: "My Drawings/notes.txt"))
            let folder = shop.folder.appending(path: "My Drawings")
            let outcome = try await shop.registering(folder, contributor: "ada")[0]
            #expect(outcome.dataset == "ada-my-drawings")
            #expect(outcome.items == 2)
            #expect(try await shop.registering(folder, contributor: "ada")[0].isNew == false)
        }
    }

    @Test func whatAFolderDoesNotSayIsAsked() async throws {
        try await Workshop.open { shop in
            try await shop.meet("ada")
            let empty = shop.folder.appending(path: "empty")
            try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
            for licence in [nil, "CC0-1.0"] {
                let error = await #expect(throws: LaurelError.self) {
                    try await shop.registering(empty, contributor: "ada", licence: licence)
                }
                #expect(error?.kind == .input)
                #expect(error?.place == empty.path)
            }
        }
    }

    @Test func aRowOfSomebodyElseIsRefused() async throws {
        try await Workshop.open { shop in
            try await shop.meet("ada", "bob")
            try shop.paint("a.png", seed: 1)
            let url = try shop.manifest("clips.csv", ["a.png,bob,CC0-1.0,A"])
            let error = await #expect(throws: LaurelError.self) { try await shop.registering(url, contributor: "ada") }
            #expect(error?.place == "clips.csv:2:7")
            #expect(try await shop.registering(url, contributor: "bob")[0].isNew)
        }
    }

    @Test func anUnknownContributorIsRefused() async throws {
        try await Workshop.open { shop in
            try shop.paint("a.png", seed: 1)
            let url = try shop.manifest("clips.csv", ["a.png"], header: "path")
            let error = await #expect(throws: LaurelError.self) { try await shop.registering(url, contributor: "eve") }
            #expect(error?.description.contains("laurel contributor add eve") == true)
            #expect(try await shop.counts() == [0, 0, 0, 0])
        }
    }

    @Test func anIdOfAnotherContributorIsRefused() async throws {
        try await Workshop.open { shop in
            try await shop.meet("ada", "bob")
            try shop.paint("a.png", seed: 1)
            let url = try shop.manifest("clips.csv", ["a.png"], header: "path")
            _ = try await shop.registering(url, contributor: "ada", id: "drawings")
            let error = await #expect(throws: LaurelError.self) {
                try await shop.registering(url, contributor: "bob", id: "drawings")
            }
            #expect(error?.kind == .refused)
        }
    }

    @Test func whatASplitLeavesStaysWithTheContributor() async throws {
        try await Workshop.open { shop in
            try await shop.meet("ada", "bob")
            try shop.paint("a.png", seed: 1)
            let url = try shop.manifest("clips.csv", ["a.png"], header: "path")
            _ = try await shop.registering(url, contributor: "ada", split: ["bob:250000"])
            #expect(try await shop.datasets.find("ada-clips").shares == ["ada:750000", "bob:250000"])
            _ = try await shop.registering(url, contributor: "ada", split: ["ada:750000", "bob:250000"])
            for other in [["bob:250001"], ["bob:1000000"]] {
                let error = await #expect(throws: LaurelError.self) {
                    try await shop.registering(url, contributor: "ada", split: other)
                }
                #expect(error?.kind == .refused)
            }
        }
    }

    @Test(arguments: [
        ["bob"], ["bob:"], ["bob:0"], ["bob:1000001"], ["bob:-5"], ["bob:+5"], ["bob:٣"], ["bob:1e5"], ["bob:5:5"],
        ["bob:600000", "ada:600000"], ["bob:5", "bob:5"], ["bob:99999999999999999999"], ["eve:500000"],
    ])
    func anUnusableSplitLeavesNothing(split: [String]) async throws {
        try await Workshop.open { shop in
            try await shop.meet("ada", "bob")
            try shop.paint("a.png", seed: 1)
            let url = try shop.manifest("clips.csv", ["a.png"], header: "path")
            let error = await #expect(throws: LaurelError.self) {
                try await shop.registering(url, contributor: "ada", split: split)
            }
            #expect(error?.kind == .input)
            #expect(error?.place == "--split")
            #expect(try await shop.counts() == [2, 0, 0, 0])
        }
    }

    @Test func theWithdrawnAreLeftOutOfLaterSnapshots() async throws {
        try await Workshop.open { shop in
            try await shop.meet("ada", "bob")
            try shop.paint("a.png", seed: 1)
            let url = try shop.manifest("clips.csv", ["a.png"], header: "path")
            for id in ["ada", "bob"] { _ = try await shop.registering(url, contributor: id) }
            let day = Workshop.noon(10).day
            #expect(try await shop.datasets.withdraw("ada-clips", reason: "licence ended", from: day))
            #expect(try await !shop.datasets.withdraw("ada-clips", reason: "licence ended", from: day))
            let error = await #expect(throws: LaurelError.self) {
                try await shop.datasets.withdraw("ada-clips", reason: "other", from: day)
            }
            #expect(error?.kind == .refused)
            let snapshots = Snapshots(database: shop.database)
            let before = try await snapshots.create(id: nil, asOf: Workshop.noon(9).day, now: Workshop.noon(20))
            #expect(before.snapshot.contributors == ["ada", "bob"])
            let after = try await snapshots.create(id: nil, asOf: day, now: Workshop.noon(20))
            #expect(after.snapshot.contributors == ["bob"])
            #expect(try await shop.datasets.find("ada-clips").snapshots == ["snapshot-2026-10-09"])
            // The earlier snapshot is what it was.
            let again = try await snapshots.create(id: nil, asOf: Workshop.noon(9).day, now: Workshop.noon(21))
            #expect(!again.isNew && again.snapshot.digest == before.snapshot.digest)
        }
    }
}
