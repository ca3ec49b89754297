package import Documents
import Errors
package import Postgres

/// A frozen list of dataset versions: what a model learns from.
package struct Snapshot: Sendable {
    /// A dataset in the snapshot.
    package struct Member: Sendable {
        package let dataset: String
        package let version: Int
        package let contributor: String
        package let items: Int
    }

    package let id: String
    package let digest: Digest
    package let asOf: Day
    /// In the order of dataset ids.
    package let members: [Member]

    /// The contributors, in the order of ids: the players of the game.
    package var contributors: [String] {
        Set(members.map(\.contributor)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

/// Making and reading snapshots.
package struct Snapshots: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    /// Freezes the newest versions of all datasets that may be trained on at a day.
    ///
    /// - Parameters:
    ///   - id: The snapshot's id; `snapshot-` and the day by default.
    ///   - asOf: Datasets withdrawn from a day up to this one are left out.
    ///   - now: The time of making.
    /// - Returns: The snapshot, and whether it was made now: the same id with the same content is the same snapshot.
    /// - Throws: ``LaurelError`` of kind `refused` when there is nothing to freeze or the id means another content.
    package func create(id: String?, asOf: Day, now: Timestamp) async throws -> (snapshot: Snapshot, isNew: Bool) {
        let wanted = id ?? "snapshot-\(asOf)"
        guard ReadableID.isValid(wanted) else {
            throw LaurelError.input("\(wanted) is not an id", next: "use lowercase letters, digits and dashes")
        }
        return try await database.withTransaction { connection in
            try await RegistryLock.take(on: connection)
            let rows = try await connection.query(
                """
                SELECT DISTINCT ON (d.id) d.id, v.version, v.manifest_sha256
                FROM registry.dataset d JOIN registry.dataset_version v ON v.dataset_id = d.id
                JOIN registry.party p ON p.id = d.contributor
                WHERE p.status = 'active' AND (d.withdrawn_from IS NULL OR d.withdrawn_from > \(asOf.description)::date)
                  AND (v.registered_at AT TIME ZONE 'UTC')::date <= \(asOf.description)::date
                ORDER BY d.id, v.version DESC
                """)
            guard !rows.isEmpty else {
                throw LaurelError.refused(
                    "no dataset may be trained on at \(asOf)", next: "laurel dataset import MANIFEST.csv")
            }
            let lines = try rows.map { row in
                let digest: [UInt8] = try row.get("manifest_sha256")
                return try
                    "\(row.get("id", as: String.self))\t\(row.get("version", as: Int.self))\t\(Hex.text(digest))\n"
            }
            let digest = Digest.sha256(lines.joined())
            let known = try await connection.query("SELECT sha256 FROM registry.snapshot WHERE id = \(wanted)")
            if let row = known.first {
                guard try row.get("sha256", as: [UInt8].self) == digest.bytes else {
                    throw LaurelError.refused(
                        "snapshot \(wanted) is another list of datasets", next: "choose another --id")
                }
                return (try await snapshot(wanted, on: connection), false)
            }
            try await connection.execute(
                """
                INSERT INTO registry.snapshot (id, sha256, as_of, created_at)
                VALUES (\(wanted), \(digest.bytes), \(asOf.description)::date, \(now.description)::timestamptz)
                """)
            for row in rows {
                try await connection.execute(
                    """
                    INSERT INTO registry.snapshot_dataset (snapshot_id, dataset_id, version)
                    VALUES (\(wanted), \(try row.get("id", as: String.self)), \(try row.get("version", as: Int.self)))
                    """)
            }
            return (try await snapshot(wanted, on: connection), true)
        }
    }

    /// A snapshot by id, or the newest.
    ///
    /// - Throws: ``LaurelError`` of kind `input` when there is none.
    package func find(_ id: String?) async throws -> Snapshot {
        try await database.withConnection { connection in
            let wanted = id ?? ""
            let rows = try await connection.query(
                """
                SELECT id FROM registry.snapshot WHERE \(wanted) = '' OR id = \(wanted)
                ORDER BY created_at DESC, id DESC LIMIT 1
                """)
            guard let found = try rows.first?.get("id", as: String.self) else {
                throw LaurelError.input(
                    id.map { "there is no snapshot \($0)" } ?? "there is no snapshot yet",
                    next: "laurel snapshot list, or laurel snapshot create")
            }
            return try await snapshot(found, on: connection)
        }
    }

    /// All snapshots, oldest first.
    package func list() async throws -> [Snapshot] {
        try await database.withConnection { connection in
            var snapshots: [Snapshot] = []
            for row in try await connection.query("SELECT id FROM registry.snapshot ORDER BY created_at, id") {
                snapshots.append(try await snapshot(row.get("id"), on: connection))
            }
            return snapshots
        }
    }

    private func snapshot(_ id: String, on connection: Connection) async throws -> Snapshot {
        let rows = try await connection.query(
            """
            SELECT s.sha256, s.as_of::text AS as_of, m.dataset_id, m.version, d.contributor, v.item_count
            FROM registry.snapshot s JOIN registry.snapshot_dataset m ON m.snapshot_id = s.id
            JOIN registry.dataset d ON d.id = m.dataset_id
            JOIN registry.dataset_version v ON v.dataset_id = m.dataset_id AND v.version = m.version
            WHERE s.id = \(id) ORDER BY m.dataset_id
            """)
        guard let first = rows.first, let digest = try Digest(bytes: first.get("sha256", as: [UInt8].self)) else {
            preconditionFailure("a snapshot has members and a digest: the schema sees to it")
        }
        return Snapshot(
            id: id, digest: digest, asOf: try Day(parsing: first.get("as_of")),
            members: try rows.map {
                Snapshot.Member(
                    dataset: try $0.get("dataset_id"), version: try $0.get("version"),
                    contributor: try $0.get("contributor"), items: try $0.get("item_count"))
            })
    }
}
