import Documents
import Errors
package import Foundation
package import Registry

/// Registering datasets and freezing snapshots.
package struct RegistryService {
    private let house: House

    package init(_ house: House) { self.house = house }

    /// Registers the datasets of a manifest; all or nothing, safe to repeat.
    package func importManifest(_ url: URL, progress: @escaping ProgressHandler) async throws -> [DatasetImport.Outcome]
    {
        let manifest = try Manifest(reading: url) { done, total in
            progress(ProgressUpdate(stage: "reading images", done: done, total: total))
        }
        return try await DatasetImport(database: house.database, store: ImageStore(directory: house.images))
            .register(manifest, mayAddContributors: true, now: house.now)
    }

    /// Freezes what may be trained on at a day, today by default.
    package func createSnapshot(id: String?, asOf: String?) async throws -> (snapshot: Snapshot, isNew: Bool) {
        let day = try asOf.map { try Day(parsing: $0, at: "--as-of") } ?? house.now.day
        return try await Snapshots(database: house.database).create(id: id, asOf: day, now: house.now)
    }

    /// A snapshot by id.
    package func snapshot(_ id: String) async throws -> Snapshot {
        try await Snapshots(database: house.database).find(id)
    }

    /// All snapshots, oldest first.
    package func snapshots() async throws -> [Snapshot] { try await Snapshots(database: house.database).list() }
}
