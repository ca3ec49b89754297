import Documents
import Foundation
package import Images
package import Postgres

/// The images of a snapshot at a model's size, with whose they are.
package struct SnapshotImages: Sendable {
    /// All images, in the order of datasets and items.
    package let batch: ImageBatch
    /// For each image, the index of its contributor in ``Snapshot/contributors``.
    package let owners: [Int]
    /// For each image, the id of its dataset.
    package let datasets: [String]
    /// For each image, the manifest's further columns.
    package let metadata: [[String: String]]
    /// Exact duplicates of an earlier registrant's images, which were left out.
    package let duplicatesLeftOut: Int

    /// Reads, checks, decodes and resamples the images of a snapshot. An exact duplicate (same pixels) of another
    /// contributor's image counts for the first registrant only.
    ///
    /// - Throws: ``LaurelError`` of kind `environment` when a stored image is missing or damaged.
    package static func load(
        _ snapshot: Snapshot, side: Int, channels: Int, from database: Database, store: ImageStore
    ) async throws -> SnapshotImages {
        let rows = try await database.query(
            """
            SELECT i.sha256, i.path, i.metadata::text AS metadata, d.contributor, d.id AS dataset,
                   first_value(d.contributor) OVER (
                       PARTITION BY i.pixel_sha256 ORDER BY o.registration
                   ) AS first_contributor
            FROM registry.snapshot_dataset m
            JOIN registry.dataset d ON d.id = m.dataset_id
            JOIN registry.item i ON i.dataset_id = m.dataset_id AND i.version = m.version
            JOIN registry.picture_origin o ON o.pixel_sha256 = i.pixel_sha256 AND o.contributor = d.contributor
            WHERE m.snapshot_id = \(snapshot.id)
            ORDER BY m.dataset_id, i.item_no
            """)
        let players = Dictionary(uniqueKeysWithValues: snapshot.contributors.enumerated().map { ($1, $0) })
        var images: [Image] = []
        var owners: [Int] = []
        var datasets: [String] = []
        var metadata: [[String: String]] = []
        for row in rows {
            try Task.checkCancellation()
            let contributor: String = try row.get("contributor")
            guard try row.get("first_contributor") == contributor, let player = players[contributor],
                let digest = Digest(bytes: try row.get("sha256", as: [UInt8].self))
            else { continue }
            let path: String = try row.get("path")
            images.append(try Image.decode(store.bytes(of: digest, picture: "\(path) of \(contributor)"), name: path))
            owners.append(player)
            datasets.append(try row.get("dataset"))
            metadata.append(
                try JSONDecoder().decode([String: String].self, from: Data(row.get("metadata", as: String.self).utf8)))
        }
        return SnapshotImages(
            batch: ImageBatch(images, side: side, channels: channels), owners: owners, datasets: datasets,
            metadata: metadata, duplicatesLeftOut: rows.count - images.count)
    }
}
