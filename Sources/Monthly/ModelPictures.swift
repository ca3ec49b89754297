import Diffusion
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

    /// Pictures at a model's size.
    struct Pictures {
        /// What goes into the model's record: a snapshot's id, or a directory.
        let name: String
        let batch: ImageBatch
        /// For a conditional model the class of each picture: its contributor, or the directory that it lies in.
        let labels: [Int32]

        /// - Throws: ``LaurelError`` of kind `input` when a conditional recipe has another number of classes.
        init(
            name: String, batch: ImageBatch, owners: [Int], classNames: [String], recipe: Recipe
        ) throws(LaurelError) {
            (self.name, self.batch) = (name, batch)
            let wanted = recipe.architecture.classes
            labels = wanted == 0 ? [] : owners.map(Int32.init)
            guard wanted == 0 || wanted == classNames.count else {
                throw .input(
                    "the recipe has \(wanted) classes, the pictures have \(classNames.count)", at: name,
                    next: "set architecture.classes to \(classNames.count): \(classNames.joined(separator: ", "))")
            }
        }
    }

    /// The pictures of a source at the size that `recipe` wants.
    static func pictures(_ house: House, _ source: Source, for recipe: Recipe) async throws -> Pictures {
        let (side, channels) = (recipe.architecture.side, recipe.architecture.channels)
        switch source {
        case .snapshot(let id):
            let snapshot = try await Snapshots(database: house.database).find(id)
            let images = try await SnapshotImages.load(
                snapshot, side: side, channels: channels, from: house.database,
                store: ImageStore(directory: house.images))
            return try Pictures(
                name: snapshot.id, batch: images.batch, owners: images.owners, classNames: snapshot.contributors,
                recipe: recipe)
        case .directory(let url):
            let paths = try paths(under: url)
            let images = try paths.map { path in
                let file = url.appending(path: path)
                return try Image.decode([UInt8](Data(contentsOf: file)), name: file.path)
            }
            let folders = paths.map { URL(filePath: $0).deletingLastPathComponent().relativePath }
            let classNames = Set(folders).sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
            let positions = Dictionary(uniqueKeysWithValues: classNames.enumerated().map { ($1, $0) })
            return try Pictures(
                name: url.standardizedFileURL.path, batch: ImageBatch(images, side: side, channels: channels),
                owners: folders.map { positions[$0] ?? 0 }, classNames: classNames, recipe: recipe)
        }
    }

    /// All PNG and PPM/PGM pictures under a directory, in the byte order of their paths.
    static func paths(under directory: URL) throws -> [String] {
        var isDirectory: ObjCBool = false
        // Of what cannot be read an enumerator is simply empty.
        guard FileManager.default.fileExists(atPath: directory.path, isDirectory: &isDirectory),
            isDirectory.boolValue, FileManager.default.isReadableFile(atPath: directory.path),
            let walker = FileManager.default.enumerator(atPath: directory.path)
        else {
            throw LaurelError.input(
                "there is no such directory to read", at: directory.path, next: "check the path")
        }
        let known: Set = ["png", "ppm", "pgm"]
        let paths = walker.compactMap { $0 as? String }
            .filter { known.contains(URL(filePath: $0).pathExtension.lowercased()) }
            .sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
        guard !paths.isEmpty else {
            throw LaurelError.input(
                "there are no pictures", at: directory.path, next: "name a directory with PNG files")
        }
        return paths
    }
}
