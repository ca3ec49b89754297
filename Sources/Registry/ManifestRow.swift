import Documents
import Errors
import Foundation

/// What a manifest says of one image, before the image is read.
struct ManifestRow {
    /// Relative to the manifest's folder.
    let path: String
    let contributor: String
    let licence: String
    let title: String
    let metadata: [(name: String, value: String)]
    /// Where the contributor is named, for errors.
    let place: String
    /// Where the path is named, for errors.
    let pathPlace: String

    /// The rows of a CSV file.
    ///
    /// - Parameters:
    ///   - contributor: Whose images they all are; a row that says otherwise is refused.
    ///   - licence: The licence of rows that name none.
    static func rows(ofFile url: URL, contributor: String?, licence: String?) throws -> [ManifestRow] {
        var required = ["path"]
        if licence == nil { required.append("licence") }
        if contributor == nil { required += ["contributor", "title"] }
        let table = try CSVTable(reading: url, required: required)
        guard !table.rows.isEmpty else {
            throw LaurelError.input("the manifest names no image", at: url.path, next: "add a row for each image")
        }
        let known: Set<String> = ["path", "contributor", "licence", "title"]
        let others = table.header.filter { !known.contains($0) }
        return try table.rows.map { row in
            func cell(_ column: String) -> String? { row[column].flatMap { $0.isEmpty ? nil : $0 } }
            func needed(_ column: String, else fallback: String? = nil) throws -> String {
                guard let text = cell(column) ?? fallback else {
                    throw LaurelError.input("\(column) is empty", at: row.place(column), next: "fill it in")
                }
                return text
            }
            let path = try needed("path")
            guard !path.hasPrefix("/"), !path.split(separator: "/").contains("..") else {
                throw LaurelError.input(
                    "the path leads out of the manifest's folder", at: row.place("path"),
                    next: "put the image beside it")
            }
            let owner = try needed("contributor", else: contributor)
            if let contributor, owner != contributor, ReadableID.made(from: owner) != contributor {
                throw LaurelError.input(
                    "the image is \(owner)'s, not \(contributor)'s", at: row.place("contributor"),
                    next: "remove the row, or register many contributors with laurel dataset import")
            }
            for column in ["contributor", "licence", "title"] {
                if let text = cell(column) { try PlainText.check(text, called: column, at: row.place(column)) }
            }
            return ManifestRow(
                path: path, contributor: contributor ?? owner, licence: try needed("licence", else: licence),
                title: cell("title") ?? path, metadata: others.map { ($0, row[$0] ?? "") },
                place: row.place(table.header.contains("contributor") ? "contributor" : "path"),
                pathPlace: row.place("path"))
        }
    }

    /// The images of a folder and the folders in it, in the order of their paths; hidden and other files are left out.
    static func rows(ofFolder folder: URL, contributor: String?, licence: String?) throws -> [ManifestRow] {
        guard let contributor, let licence else {
            throw LaurelError.input(
                "a folder does not say whose its images are and under which licence", at: folder.path,
                next: "add --contributor ID --licence SPDX, or name a manifest")
        }
        guard let files = FileManager.default.enumerator(atPath: folder.path) else {
            throw LaurelError.input(
                "the folder cannot be read", at: folder.path, next: "check the path and its permissions")
        }
        let paths = files.compactMap { $0 as? String }.filter { path in
            let parts = path.split(separator: "/")
            let isHidden = parts.contains { $0.hasPrefix(".") }
            return !isHidden && ["png", "ppm", "pgm"].contains(URL(filePath: path).pathExtension.lowercased())
        }
        guard !paths.isEmpty else {
            throw LaurelError.input("the folder holds no PNG, PPM or PGM image", at: folder.path)
        }
        return paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { path in
            let place = folder.appending(path: path).path
            return ManifestRow(
                path: path, contributor: contributor, licence: licence, title: path, metadata: [], place: place,
                pathPlace: place)
        }
    }
}
