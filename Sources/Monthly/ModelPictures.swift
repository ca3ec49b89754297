import Errors
package import Foundation
import Images
import Registry

extension ModelService {
    /// Where a model's pictures come from.
    package enum Source: Sendable {
        /// A snapshot of the registry; the newest when none is named.
        case snapshot(String?)
        /// All PNG and PPM/PGM pictures under a directory, in the byte order of their paths.
        case directory(URL)
    }

    /// The pictures at a model's size, and the name that goes into the model's record.
    static func pictures(
        _ house: House, _ source: Source, side: Int, channels: Int
    ) async throws -> (name: String, batch: ImageBatch) {
        switch source {
        case .snapshot(let id):
            let snapshot = try await Snapshots(database: house.database).find(id)
            let images = try await SnapshotImages.load(
                snapshot, side: side, channels: channels, from: house.database,
                store: ImageStore(directory: house.images))
            return (snapshot.id, images.batch)
        case .directory(let url):
            return (url.standardizedFileURL.path, ImageBatch(try images(under: url), side: side, channels: channels))
        }
    }

    private static func images(under directory: URL) throws -> [Image] {
        guard let walker = FileManager.default.enumerator(atPath: directory.path) else {
            throw LaurelError.input("the directory cannot be read", at: directory.path, next: "check the path")
        }
        let known: Set = ["png", "ppm", "pgm"]
        let paths = walker.compactMap { $0 as? String }
            .filter { known.contains(URL(filePath: $0).pathExtension.lowercased()) }
            .sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
        guard !paths.isEmpty else {
            throw LaurelError.input(
                "there are no pictures", at: directory.path, next: "name a directory with PNG files")
        }
        return try paths.map { path in
            let file = directory.appending(path: path)
            return try Image.decode([UInt8](Data(contentsOf: file)), name: file.path)
        }
    }
}
