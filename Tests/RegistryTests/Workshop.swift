import Documents
import Foundation
import Images
import Numerics
import Postgres
import Registry
import TestSupport

/// A folder where a test paints pictures and writes manifests, with a registry of its own.
struct Workshop: Sendable {
    let folder: URL
    let database: Database

    var store: ImageStore { ImageStore(directory: folder.appending(path: "store")) }
    var datasets: Datasets { Datasets(database: database) }

    static func open<T>(_ body: (Workshop) async throws -> T) async throws -> T {
        try await withDatabase { database in
            try await withTemporaryDirectory { try await body(Workshop(folder: $0, database: database)) }
        }
    }

    /// Smooth waves that differ from seed to seed, brighter by `shift` grey levels, as PNG or PPM.
    @discardableResult
    func paint(_ name: String, seed: UInt64, side: Int = 24, shift: Int = 0) throws -> Image {
        var random = RandomStream(seed: seed, "registry-tests")
        let waves = (0..<5).map { _ in (random.uniform() * 5, random.uniform() * 5, random.uniform() * 6.3) }
        var pixels: [UInt8] = []
        for index in 0..<side * side {
            let x = Double(index % side) / Double(side)
            let y = Double(index / side) / Double(side)
            let sum = waves.reduce(0.0) { $0 + sin($1.0 * x * 3 + $1.1 * y * 3 + $1.2) }
            pixels += [UInt8](repeating: UInt8(min(max(Int(120 + 20 * sum) + shift, 0), 255)), count: 3)
        }
        let image = Image(width: side, height: side, channels: 3, pixels: pixels)
        let bytes = name.hasSuffix(".png") ? try image.pngBytes() : Array("P6\n\(side) \(side)\n255\n".utf8) + pixels
        let place = folder.appending(path: name)
        try FileManager.default.createDirectory(
            at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: place)
        return image
    }

    /// Writes a manifest and says where it is.
    func manifest(_ name: String, _ lines: [String], header: String = "path,contributor,licence,title") throws -> URL {
        let url = folder.appending(path: name)
        try Data(([header] + lines).joined(separator: "\n").utf8).write(to: url)
        return url
    }

    /// Imports a manifest as `laurel dataset import` does.
    func importing(_ url: URL, day: Int = 1) async throws -> [DatasetImport.Outcome] {
        try await DatasetImport(database: database, store: store).register(
            Manifest(reading: url), mayAddContributors: true, now: Workshop.noon(day))
    }

    /// Registers a contributor's dataset as `laurel dataset register` does.
    func registering(
        _ url: URL, contributor: String, id: String? = nil, licence: String? = "CC0-1.0", split: [String] = [],
        day: Int = 1
    ) async throws -> [DatasetImport.Outcome] {
        try await DatasetImport(database: database, store: store).register(
            Manifest(reading: url, contributor: contributor, licence: licence), datasetID: id,
            split: Split(parsing: split, contributor: contributor), mayAddContributors: false, now: Workshop.noon(day))
    }

    /// Registers contributors by their ids.
    func meet(_ ids: String...) async throws {
        _ = try await Parties(database: database).add(
            ids.map { ($0, PartyDetails(name: $0.uppercased()), "here") }, now: Workshop.noon(1))
    }

    /// The newest versions' items in the registry, and how many of everything there is.
    func counts() async throws -> [Int] {
        let row = try await database.query(
            """
            SELECT ARRAY[(SELECT count(*) FROM registry.party), (SELECT count(*) FROM registry.dataset),
                         (SELECT count(*) FROM registry.dataset_version), (SELECT count(*) FROM registry.item)] AS n
            """)[0]
        return try row.get("n", as: [Int].self)
    }

    /// Noon of a day of October 2026.
    static func noon(_ day: Int) -> Timestamp {
        Timestamp(secondsSinceEpoch: Int64(1_790_856_000 + (day - 1) * 86_400))
    }
}
