import Documents
import Foundation
import Images
import Postgres
import Registry
import Testing

/// Whose picture it was first.
@Suite struct DuplicateTests {
    @Test func theFirstRegistrantKeepsAnExactDuplicate() async throws {
        try await Workshop.open { shop in
            try await shop.meet("ada", "bob")
            try shop.paint("a.png", seed: 1)
            // The same pixels in another container, registered on the next day.
            try shop.paint("b.ppm", seed: 1)
            try shop.paint("c.png", seed: 2)
            let bobs = try shop.manifest("b.csv", ["a.png"], header: "path")
            let adas = try shop.manifest("a.csv", ["b.ppm", "c.png"], header: "path")
            _ = try await shop.registering(bobs, contributor: "bob", day: 1)
            _ = try await shop.registering(adas, contributor: "ada", day: 2)
            // A new version later on does not make bob second.
            try shop.paint("d.png", seed: 3)
            _ = try await shop.registering(
                shop.manifest("b.csv", ["a.png", "d.png"], header: "path"), contributor: "bob", day: 3)
            let found = try await Duplicates(database: shop.database).find(on: Workshop.noon(4).day)
            #expect(found.map(\.later.path) == ["b.ppm"])
            #expect(found.map(\.first.contributor) == ["bob"])
            #expect(found.map(\.first.since) == [Workshop.noon(1)])
            #expect(found[0].distance == nil)

            let (snapshot, _) = try await Snapshots(database: shop.database).create(
                id: nil, asOf: Workshop.noon(4).day, now: Workshop.noon(4))
            let images = try await SnapshotImages.load(
                snapshot, side: 8, channels: 3, from: shop.database, store: shop.store)
            #expect(images.datasets == ["ada-a", "bob-b", "bob-b"])
            #expect(images.duplicatesLeftOut == 1)
        }
    }

    @Test func nearDuplicatesAreThoseOfBruteForce() async throws {
        try await Workshop.open { shop in
            try await shop.meet("ada", "bob", "eve")
            var hashes: [(owner: String, path: String, hash: UInt64, pixels: Digest)] = []
            // Fifteen motifs; bob's are ada's a little brighter, eve's in another size and cut off at white.
            for (day, owner) in ["ada", "bob", "eve"].enumerated() {
                var rows: [String] = []
                for seed in 0..<15 {
                    let path = String(format: "%@/%02d.png", owner, seed)
                    let image = try shop.paint(path, seed: UInt64(seed), side: 24 + 9 * (day / 2), shift: 45 * day)
                    hashes.append((owner, path, image.perceptualHash, image.pixelDigest))
                    rows.append(path)
                }
                let url = try shop.manifest("\(owner).csv", rows, header: "path")
                _ = try await shop.registering(url, contributor: owner, day: day + 1)
            }
            for threshold in [0, 2, 5, 10, 16] {
                var expected: [String] = []
                for (index, later) in hashes.enumerated() {
                    let first = hashes[..<index].first {
                        $0.owner != later.owner && $0.pixels != later.pixels
                            && ($0.hash ^ later.hash).nonzeroBitCount <= threshold
                    }
                    if let first {
                        expected.append("\(later.path) \(first.path) \((first.hash ^ later.hash).nonzeroBitCount)")
                    }
                }
                let found = try await Duplicates(database: shop.database).find(
                    threshold: threshold, on: Workshop.noon(4).day)
                #expect(found.map { "\($0.later.path) \($0.first.path) \($0.distance ?? -1)" } == expected)
                #expect(
                    threshold < 5 || expected.count >= 10, "the motifs have to be found for the test to mean anything")
            }
        }
    }
}
