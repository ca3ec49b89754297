import Documents
import Errors
package import Foundation
import Images

/// A manifest read and checked: every row names a readable image, a contributor and a licence.
package struct Manifest: Sendable {
    /// One image of the manifest.
    package struct Item: Sendable {
        package let path: String
        package let contributor: String
        package let title: String
        package let licence: Licence
        /// Columns that Laurel keeps without reading them.
        package let metadata: [(name: String, value: String)]
        /// `file:line:column`, for errors that show up later.
        package let place: String
        let bytes: [UInt8]
        let digest: Digest
        let pixelDigest: Digest
        let perceptualHash: UInt64
        let width: Int
        let height: Int
    }

    /// What the datasets of this manifest are called after: its file name, or its folder when it is `manifest.csv`.
    package let name: String
    /// In the manifest's order.
    package let items: [Item]

    /// Reads a manifest and every image it names; nothing is stored.
    ///
    /// - Parameters:
    ///   - url: A CSV file with the columns `path`, `contributor`, `licence`, `title` (others are kept as metadata), or a
    ///     folder of images for one contributor under one licence.
    ///   - contributor: Whose images they all are, when the manifest need not say.
    ///   - licence: The terms of all images, when the manifest need not say.
    ///   - progress: Called after every image with the number read and the number in all.
    /// - Throws: ``LaurelError`` of kind `input` at `file:line:column`.
    package init(
        reading url: URL, contributor: String? = nil, licence: String? = nil,
        progress: @Sendable (Int, Int) -> Void = { _, _ in }
    ) throws {
        var answer: ObjCBool = false
        let isFolder = FileManager.default.fileExists(atPath: url.path, isDirectory: &answer) && answer.boolValue
        let folder = isFolder ? url : url.deletingLastPathComponent()
        let rows =
            try isFolder
            ? ManifestRow.rows(ofFolder: url, contributor: contributor, licence: licence)
            : ManifestRow.rows(ofFile: url, contributor: contributor, licence: licence)
        let stem = url.deletingPathExtension().lastPathComponent
        let called = stem == "manifest" || isFolder ? folder.standardizedFileURL.lastPathComponent : stem
        name = ReadableID.made(from: called) ?? "images"
        var items: [Item] = []
        var seen: [String: String] = [:]
        for row in rows {
            try Task.checkCancellation()
            if let first = seen.updateValue(row.pathPlace, forKey: row.path) {
                throw LaurelError.input(
                    "the same path stands at \(first) already", at: row.pathPlace, next: "remove one of them")
            }
            items.append(try Item(row, folder: folder))
            progress(items.count, rows.count)
        }
        self.items = items
    }
}

extension Manifest.Item {
    /// Reads the image that a row names.
    fileprivate init(_ row: ManifestRow, folder: URL) throws {
        let bytes: [UInt8]
        do {
            bytes = [UInt8](try Data(contentsOf: folder.appending(path: row.path)))
        } catch {
            throw LaurelError.input(
                "the image \(row.path) cannot be read", at: row.pathPlace, next: "check the path and its permissions")
        }
        let image: Image
        do {
            image = try Image.decode(bytes, name: row.path)
        } catch let error as LaurelError {
            throw LaurelError.input(
                error.problem, at: "\(row.pathPlace) (\(row.path))", next: error.remedy ?? "replace the file")
        }
        self.init(
            path: row.path, contributor: row.contributor, title: row.title, licence: Licence(row.licence),
            metadata: row.metadata, place: row.place, bytes: bytes, digest: Digest.sha256(bytes),
            pixelDigest: image.pixelDigest, perceptualHash: image.perceptualHash, width: image.width,
            height: image.height)
    }
}
