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
    ///   - mayAddContributors: Whether a contributor that is not known yet is registered or refused.
    ///   - now: The time of registration.
    /// - Returns: One outcome a contributor, in the order of ids.
    /// - Throws: ``LaurelError`` at the manifest's line; then nothing is registered.
    package func register(
        _ manifest: Manifest, datasetID: String? = nil, title: String? = nil, mayAddContributors: Bool,
        now: Timestamp
    ) async throws -> [Outcome] {
        let names = try ContributorNames(manifest.items)
        for item in manifest.items {
            try Task.checkCancellation()
            try store.store(item.bytes, digest: item.digest)
        }
        let groups = Dictionary(grouping: manifest.items) { names.id(of: $0.contributor) }
        return try await database.withTransaction { connection in
            var outcomes: [Outcome] = []
            for (contributor, items) in groups.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                try await names.settle(
                    contributor, at: items[0].place, mayAdd: mayAddContributors, now: now, on: connection)
                let id = datasetID ?? "\(contributor)-\(manifest.name)"
                let dataset = DatasetVersion(
                    id: id, contributor: contributor, title: title ?? "\(items[0].contributor): \(manifest.name)",
                    items: items.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) })
                outcomes.append(try await dataset.register(now: now, on: connection))
            }
            return outcomes
        }
    }
}

/// One contributor's items of a manifest, about to become a version of a dataset.
private struct DatasetVersion {
    let id: String
    let contributor: String
    let title: String
    let items: [Manifest.Item]

    private var manifestDigest: Digest {
        let lines = items.map { "\($0.path)\t\($0.digest.hex)\t\($0.pixelDigest.hex)\t\($0.licence.text)\n" }
        return Digest.sha256(lines.joined())
    }

    func register(now: Timestamp, on connection: Connection) async throws -> DatasetImport.Outcome {
        let digest = manifestDigest
        try await connection.execute(
            """
            INSERT INTO registry.dataset (id, contributor, title, registered_at)
            VALUES (\(id), \(contributor), \(title), \(now.description)::timestamptz) ON CONFLICT (id) DO NOTHING
            """)
        // The row's lock lets two imports of the same dataset run one after the other.
        let rows = try await connection.query("SELECT contributor FROM registry.dataset WHERE id = \(id) FOR UPDATE")
        guard let owner = try rows.first?.get("contributor", as: String.self), owner == contributor else {
            throw LaurelError.refused(
                "dataset \(id) belongs to another contributor", at: items[0].place, next: "choose another id with --id")
        }
        let known = try await connection.query(
            "SELECT version, manifest_sha256 FROM registry.dataset_version WHERE dataset_id = \(id) ORDER BY version")
        for row in known where try row.get("manifest_sha256", as: [UInt8].self) == digest.bytes {
            return outcome(version: try row.get("version"), isNew: false)
        }
        let version = known.count + 1
        let byteCount = items.reduce(0) { $0 + $1.bytes.count }
        try await connection.execute(
            """
            INSERT INTO registry.dataset_version
                (dataset_id, version, manifest_sha256, item_count, byte_count, registered_at)
            VALUES (\(id), \(version), \(digest.bytes), \(items.count), \(byteCount), \(now.description)::timestamptz)
            """)
        let itemRows = items.enumerated().map { row(number: $0 + 1, item: $1, version: version) }
        _ = try await connection.copyIn(
            "registry.item",
            columns: [
                "dataset_id", "version", "item_no", "path", "title", "licence", "licence_kind", "sha256",
                "pixel_sha256", "perceptual_hash", "width", "height", "metadata",
            ], rows: itemRows)
        return outcome(version: version, isNew: true)
    }

    private func row(number: Int, item: Manifest.Item, version: Int) -> [String?] {
        let metadata = item.metadata.map { "\(JSONText.quoted($0.name)):\(JSONText.quoted($0.value))" }
        return [
            id, String(version), String(number), item.path, item.title, item.licence.text, item.licence.kind.rawValue,
            "\\x\(item.digest.hex)", "\\x\(item.pixelDigest.hex)", String(Int64(bitPattern: item.perceptualHash)),
            String(item.width), String(item.height), "{\(metadata.joined(separator: ","))}",
        ]
    }

    private func outcome(version: Int, isNew: Bool) -> DatasetImport.Outcome {
        DatasetImport.Outcome(
            dataset: id, contributor: contributor, version: version, items: items.count,
            flaggedLicences: items.count { $0.licence.kind == .text }, isNew: isNew)
    }
}
