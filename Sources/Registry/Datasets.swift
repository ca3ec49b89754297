package import Documents
import Errors
package import Postgres

/// A dataset as it is registered now.
package struct Dataset: Sendable {
    package let id: String
    package let contributor: String
    package let title: String
    /// Of the newest version, like what follows.
    package let version: Int
    package let items: Int
    package let bytes: Int
    package let manifest: Digest
    /// The licences its items are under, sorted.
    package let licences: [String]
    /// Items whose licence is free text, for a person to look at.
    package let flaggedLicences: Int
    /// The time of its first version.
    package let registeredAt: Timestamp
    package let withdrawnFrom: Day?
    package let withdrawnReason: String?
    /// `PARTY:SHARE_PPM`, sorted; empty when all is the contributor's.
    package let shares: [String]
    /// The snapshots it is part of, oldest first.
    package let snapshots: [String]

    /// Whether it has not been withdrawn on a day.
    package func isInForce(on day: Day) -> Bool { withdrawnFrom.map { $0 > day } ?? true }
}

/// Looking at datasets, and taking them back.
package struct Datasets: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    /// All datasets, by id.
    package func list() async throws -> [Dataset] {
        try await database.withConnection { try await Datasets.read("", on: $0) }
    }

    /// A dataset by id.
    ///
    /// - Throws: ``LaurelError`` of kind `input` when there is none.
    package func find(_ id: String) async throws -> Dataset {
        try await database.withConnection { try await Datasets.one(id, on: $0) }
    }

    /// Leaves a dataset out of the snapshots of a day and later; what was trained before stays as it was.
    ///
    /// - Returns: Whether it was withdrawn now: the same withdrawal again changes nothing.
    /// - Throws: ``LaurelError`` of kind `refused` when it was withdrawn otherwise.
    package func withdraw(_ id: String, reason: String, from day: Day) async throws -> Bool {
        try PlainText.checkEntry(reason, called: "reason", at: "--reason")
        return try await database.withTransaction { connection in
            let changed = try await connection.execute(
                """
                UPDATE registry.dataset SET withdrawn_from = \(day.description)::date, withdrawn_reason = \(reason)
                WHERE id = \(id) AND withdrawn_from IS NULL
                """)
            if changed == 1 { return true }
            let known = try await Datasets.one(id, on: connection)
            guard known.withdrawnReason == reason, known.withdrawnFrom == day else {
                throw LaurelError.refused(
                    "dataset \(id) was withdrawn from \(known.withdrawnFrom?.description ?? "")", at: id,
                    next: "laurel dataset show \(id) says why; a new dataset needs another id")
            }
            return false
        }
    }

    private static func one(_ id: String, on connection: Connection) async throws -> Dataset {
        guard let dataset = try await read(id, on: connection).first else {
            throw LaurelError.input("there is no dataset \(id)", at: id, next: "laurel dataset list")
        }
        return dataset
    }

    private static func read(_ id: String, on connection: Connection) async throws -> [Dataset] {
        let rows = try await connection.query(
            """
            SELECT d.id, d.contributor, d.title, v.version, v.item_count, v.byte_count, v.manifest_sha256,
                   extract(epoch FROM d.registered_at)::bigint AS registered_at,
                   d.withdrawn_from::text AS withdrawn_from, d.withdrawn_reason, l.licences, l.flagged,
                   ARRAY(SELECT s.party_id || ':' || s.share_ppm FROM registry.dataset_split s
                         WHERE s.dataset_id = d.id ORDER BY s.party_id) AS shares,
                   ARRAY(SELECT m.snapshot_id FROM registry.snapshot_dataset m
                         JOIN registry.snapshot n ON n.id = m.snapshot_id
                         WHERE m.dataset_id = d.id ORDER BY n.created_at, n.id) AS snapshots
            FROM registry.dataset d
            CROSS JOIN LATERAL (SELECT * FROM registry.dataset_version w WHERE w.dataset_id = d.id
                                ORDER BY w.version DESC LIMIT 1) v
            CROSS JOIN LATERAL (SELECT array_agg(DISTINCT i.licence ORDER BY i.licence) AS licences,
                                       (count(*) FILTER (WHERE i.licence_kind = 'text'))::int AS flagged
                                FROM registry.item i WHERE i.dataset_id = d.id AND i.version = v.version) l
            WHERE \(id) = '' OR d.id = \(id)
            ORDER BY d.id
            """)
        return try rows.map { row in
            guard let manifest = try Digest(bytes: row.get("manifest_sha256", as: [UInt8].self)) else {
                preconditionFailure("a digest has 32 bytes: the schema sees to it")
            }
            return Dataset(
                id: try row.get("id"), contributor: try row.get("contributor"), title: try row.get("title"),
                version: try row.get("version"), items: try row.get("item_count"), bytes: try row.get("byte_count"),
                manifest: manifest, licences: try row.get("licences"), flaggedLicences: try row.get("flagged"),
                registeredAt: Timestamp(secondsSinceEpoch: try row.get("registered_at")),
                withdrawnFrom: try row.get("withdrawn_from", as: String?.self).map { try Day(parsing: $0) },
                withdrawnReason: try row.get("withdrawn_reason", as: String?.self), shares: try row.get("shares"),
                snapshots: try row.get("snapshots"))
        }
    }
}
