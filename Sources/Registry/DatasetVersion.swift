import Documents
import Errors
import Postgres

/// One contributor's items of a manifest, about to become a version of a dataset.
struct DatasetVersion {
    let id: String
    let contributor: String
    let title: String
    let items: [Manifest.Item]

    private var manifestDigest: Digest {
        let lines = items.map { "\($0.path)\t\($0.digest.hex)\t\($0.pixelDigest.hex)\t\($0.licence.text)\n" }
        return Digest.sha256(lines.joined())
    }

    /// Registers the version unless it is the newest one already.
    ///
    /// - Throws: ``LaurelError`` of kind `refused` when the id is another contributor's or the split was another.
    func register(split: Split?, now: Timestamp, on connection: Connection) async throws -> DatasetImport.Outcome {
        let digest = manifestDigest
        let isNewDataset =
            try await connection.execute(
                """
                INSERT INTO registry.dataset (id, contributor, title, registered_at)
                VALUES (\(id), \(contributor), \(title), \(now.description)::timestamptz) ON CONFLICT (id) DO NOTHING
                """) == 1
        // The row's lock lets two imports of the same dataset run one after the other.
        let rows = try await connection.query("SELECT contributor FROM registry.dataset WHERE id = \(id) FOR UPDATE")
        guard let owner = try rows.first?.get("contributor", as: String.self), owner == contributor else {
            throw LaurelError.refused(
                "dataset \(id) belongs to another contributor", at: items[0].place, next: "choose another id with --id")
        }
        try await split?.settle(for: id, isNew: isNewDataset, on: connection)
        let newest = try await connection.query(
            """
            SELECT version, manifest_sha256 FROM registry.dataset_version WHERE dataset_id = \(id)
            ORDER BY version DESC LIMIT 1
            """
        ).first
        let known: Int = try newest?.get("version") ?? 0
        if let newest, try newest.get("manifest_sha256", as: [UInt8].self) == digest.bytes {
            return outcome(version: known, isNew: false)
        }
        let version = known + 1
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
            ByteaText.text(of: item.digest.bytes), ByteaText.text(of: item.pixelDigest.bytes),
            String(Int64(bitPattern: item.perceptualHash)),
            String(item.width), String(item.height), "{\(metadata.joined(separator: ","))}",
        ]
    }

    private func outcome(version: Int, isNew: Bool) -> DatasetImport.Outcome {
        DatasetImport.Outcome(
            dataset: id, contributor: contributor, version: version, items: items.count,
            flaggedLicences: items.count { $0.licence.kind == .text }, isNew: isNew)
    }
}
