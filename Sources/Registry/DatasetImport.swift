package import Documents
import Errors
package import Postgres

/// Registers the datasets of a manifest: all of it or nothing, and nothing new when it is already there.
package struct DatasetImport: Sendable {
    /// What became of one contributor's images.
    package struct Outcome: Sendable {
        package let dataset: String
        package let contributor: String
        package let version: Int
        package let items: Int
        /// Items whose licence is free text, for a person to look at.
        package let flaggedLicences: Int
        /// Whether anything was registered now.
        package let isNew: Bool
    }

    private let database: Database
    private let store: ImageStore

    package init(database: Database, store: ImageStore) {
        self.database = database
        self.store = store
    }

    /// Stores the images, then registers parties, datasets, versions and items in one transaction.
    ///
    /// The images come first: bytes without a row are harmless, a row without bytes is not.
    ///
    /// - Parameters:
    ///   - manifest: What to register.
    ///   - datasetID: The id when the manifest is one contributor's; otherwise `CONTRIBUTOR-NAME` of each.
    ///   - title: The dataset's title; the manifest's name by default.
    ///   - split: Who shares the earnings of the one dataset; nil when all is the contributor's.
    ///   - mayAddContributors: Whether a contributor that is not known yet is registered or refused.
    ///   - now: The time of registration.
    /// - Returns: One outcome a contributor, in the order of ids.
    /// - Throws: ``LaurelError`` at the manifest's line; then nothing is registered.
    package func register(
        _ manifest: Manifest, datasetID: String? = nil, title: String? = nil, split: Split? = nil,
        mayAddContributors: Bool, now: Timestamp
    ) async throws -> [Outcome] {
        if let datasetID, !ReadableID.isValid(datasetID) {
            throw LaurelError.input("\(datasetID) is not an id", next: "use lowercase letters, digits and dashes")
        }
        if let title { try PlainText.check(title, called: "title", at: "--title") }
        let names = try ContributorNames(manifest.items)
        for item in manifest.items {
            try Task.checkCancellation()
            try store.store(item.bytes, digest: item.digest)
        }
        let groups = Dictionary(grouping: manifest.items) { names.id(of: $0.contributor) }
        // Of two contributors with the same picture in one manifest, the one who is named first was first.
        let order = Dictionary(
            manifest.items.enumerated().map { (names.id(of: $1.contributor), $0) },
            uniquingKeysWith: { first, _ in first })
        return try await database.withTransaction { connection in
            try await RegistryLock.take(on: connection)
            var outcomes: [Outcome] = []
            for (contributor, items) in groups.sorted(by: { order[$0.key, default: 0] < order[$1.key, default: 0] }) {
                try await names.settle(
                    contributor, at: items[0].place, mayAdd: mayAddContributors, now: now, on: connection)
                let id = datasetID ?? "\(contributor)-\(manifest.name)"
                let dataset = DatasetVersion(
                    id: id, contributor: contributor, title: title ?? "\(items[0].contributor): \(manifest.name)",
                    items: items.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) })
                outcomes.append(try await dataset.register(split: split, now: now, on: connection))
            }
            return outcomes.sorted { $0.contributor.utf8.lexicographicallyPrecedes($1.contributor.utf8) }
        }
    }
}
