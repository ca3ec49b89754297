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
        /// `file:line`, for errors that show up later.
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
    ///   - url: The CSV file: columns `path`, `contributor`, `licence`, `title`; others are kept as metadata.
    ///   - contributor: Whose images they all are, when the manifest need not say.
    ///   - progress: Called after every image with the number read and the number in all.
    /// - Throws: ``LaurelError`` of kind `input` at `file:line:column`.
    package init(
        reading url: URL, contributor: String? = nil, progress: @Sendable (Int, Int) -> Void = { _, _ in }
    ) throws {
        let required = contributor == nil ? ["path", "contributor", "licence", "title"] : ["path", "licence"]
        let table = try CSVTable(reading: url, required: required)
        guard !table.rows.isEmpty else {
            throw LaurelError.input("the manifest names no image", at: url.path, next: "add a row for each image")
        }
        let folder = url.deletingLastPathComponent()
        let stem = url.deletingPathExtension().lastPathComponent
        let readable = ReadableID.made(from: stem == "manifest" ? folder.standardizedFileURL.lastPathComponent : stem)
        name = readable ?? "images"
        var items: [Item] = []
        var seen: [String: Int] = [:]
        for (index, row) in table.rows.enumerated() {
            try Task.checkCancellation()
            let item = try Manifest.item(row, folder: folder, contributor: contributor, header: table.header)
            if let first = seen.updateValue(row.line, forKey: item.path) {
                throw LaurelError.input(
                    "the same path stands in line \(first) already", at: row.place("path"), next: "remove one of them")
            }
            items.append(item)
            progress(index + 1, table.rows.count)
        }
        self.items = items
    }

    private static func item(_ row: CSVRow, folder: URL, contributor: String?, header: [String]) throws -> Item {
        func cell(_ column: String) throws -> String {
            guard let text = row[column], !text.isEmpty else {
                throw LaurelError.input("\(column) is empty", at: row.place(column), next: "fill it in")
            }
            return text
        }
        let path = try cell("path")
        guard !path.hasPrefix("/"), !path.split(separator: "/").contains("..") else {
            throw LaurelError.input(
                "the path leads out of the manifest's folder", at: row.place("path"), next: "put the image beside it")
        }
        let bytes: [UInt8]
        do {
            bytes = [UInt8](try Data(contentsOf: folder.appending(path: path)))
        } catch {
            throw LaurelError.input(
                "the image \(path) cannot be read", at: row.place("path"), next: "check the path and its permissions")
        }
        let image: Image
        do {
            image = try Image.decode(bytes, name: path)
        } catch let error as LaurelError {
            throw LaurelError.input(
                error.problem, at: "\(row.place("path")) (\(path))", next: error.remedy ?? "replace the file")
        }
        let known: Set<String> = ["path", "contributor", "licence", "title"]
        return Item(
            path: path, contributor: try contributor ?? cell("contributor"), title: row["title"] ?? path,
            licence: Licence(try cell("licence")),
            metadata: header.filter { !known.contains($0) }.map { ($0, row[$0] ?? "") },
            place: row.place(contributor == nil ? "contributor" : "path"), bytes: bytes,
            digest: Digest.sha256(bytes), pixelDigest: image.pixelDigest, perceptualHash: image.perceptualHash,
            width: image.width, height: image.height)
    }
}
