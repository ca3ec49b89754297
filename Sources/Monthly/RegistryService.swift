import Documents
import Errors
package import Foundation
package import Registry

/// Registering datasets and freezing snapshots.
package struct RegistryService {
    private let house: House

    package init(_ house: House) { self.house = house }

    /// Registers the datasets of a manifest of many contributors; all or nothing, safe to repeat.
    package func importManifest(_ url: URL, progress: @escaping ProgressHandler) async throws -> Registration {
        let manifest = try Manifest(reading: url) { done, total in
            progress(ProgressUpdate(stage: "reading images", done: done, total: total))
        }
        return try await register(manifest, mayAddContributors: true)
    }

    /// Registers one dataset of a known contributor from a manifest or a folder of images; safe to repeat.
    ///
    /// - Parameters:
    ///   - url: the manifest, or the folder.
    ///   - contributor: the contributor's id.
    ///   - id: the dataset's id; the contributor's and the manifest's name by default.
    ///   - title: the dataset's title.
    ///   - licence: the terms of images whose row names none.
    ///   - split: who shares the earnings, `PARTY:SHARE_PPM` each; none when all is the contributor's.
    package func register(
        _ url: URL, contributor: String, id: String?, title: String?, licence: String?, split: [String],
        progress: @escaping ProgressHandler
    ) async throws -> Registration {
        let split = try Split(parsing: split, contributor: contributor)
        let manifest = try Manifest(reading: url, contributor: contributor, licence: licence) { done, total in
            progress(ProgressUpdate(stage: "reading images", done: done, total: total))
        }
        return try await register(manifest, id: id, title: title, split: split, mayAddContributors: false)
    }

    /// What a registration did, and what of it another contributor had registered before.
    package struct Registration: Sendable {
        package let outcomes: [DatasetImport.Outcome]
        /// Pictures of these datasets that another contributor registered earlier, exactly or nearly.
        package let duplicates: [Duplicate]
    }

    private func register(
        _ manifest: Manifest, id: String? = nil, title: String? = nil, split: Split? = nil, mayAddContributors: Bool
    ) async throws -> Registration {
        let outcomes = try await DatasetImport(database: house.database, store: ImageStore(directory: house.images))
            .register(
                manifest, datasetID: id, title: title, split: split, mayAddContributors: mayAddContributors,
                now: house.now)
        let datasets = Set(outcomes.map(\.dataset))
        let duplicates = try await duplicates().filter { datasets.contains($0.later.dataset) }
        return Registration(outcomes: outcomes, duplicates: duplicates)
    }

    /// All datasets, by id.
    package func datasets() async throws -> [Dataset] { try await Datasets(database: house.database).list() }

    /// A dataset by id.
    package func dataset(_ id: String) async throws -> Dataset { try await Datasets(database: house.database).find(id) }

    /// Leaves a dataset out of snapshots from a day on, today by default.
    package func withdraw(_ id: String, reason: String, from: String?) async throws -> (dataset: Dataset, isNew: Bool) {
        let day = try from.map { try Day(parsing: $0, at: "--from") } ?? house.now.day
        let datasets = Datasets(database: house.database)
        let isNew = try await datasets.withdraw(id, reason: reason, from: day)
        return (try await datasets.find(id), isNew)
    }

    /// Pictures that another contributor registered earlier; see ``Duplicates/find(threshold:)``.
    package func duplicates(threshold: Int = Duplicates.defaultThreshold) async throws -> [Duplicate] {
        try await Duplicates(database: house.database).find(threshold: threshold, on: house.now.day)
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
