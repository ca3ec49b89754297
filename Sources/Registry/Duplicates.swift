package import Documents
import Errors
package import Postgres

/// A picture that looks like one another contributor registered earlier.
package struct Duplicate: Sendable {
    /// One of the two pictures.
    package struct Picture: Sendable {
        package let contributor: String
        package let dataset: String
        package let path: String
        /// When its contributor first registered these pixels.
        package let since: Timestamp
        let pixels: [UInt8]
        let hash: UInt64
    }

    package let later: Picture
    /// The earliest picture of another contributor that it looks like.
    package let first: Picture
    /// Bits in which the perceptual hashes differ; nil when the pixels are the same.
    package let distance: Int?
}

/// Finding what several contributors registered.
package struct Duplicates: Sendable {
    /// Bits of 64 in which the perceptual hashes of near duplicates may differ unless told otherwise.
    package static let defaultThreshold = 4

    private let database: Database

    package init(database: Database) { self.database = database }

    /// The pictures of all datasets in force on a day that another contributor registered earlier, exactly or nearly.
    ///
    /// - Parameters:
    ///   - threshold: The bits in which perceptual hashes may differ, 0 to 16.
    ///   - day: Datasets withdrawn from a day up to this one are left out.
    /// - Returns: Each later picture once, beside the earliest it looks like; exact duplicates first.
    /// - Throws: ``LaurelError`` of kind `input` for another threshold.
    package func find(threshold: Int = defaultThreshold, on day: Day) async throws -> [Duplicate] {
        guard (0...16).contains(threshold) else {
            throw LaurelError.input(
                "\(threshold) bits is no threshold", at: "--threshold", next: "choose 0 (equal hashes) to 16")
        }
        let rows = try await database.query(
            """
            SELECT d.contributor, d.id AS dataset, i.path, i.pixel_sha256, i.perceptual_hash,
                   extract(epoch FROM o.since)::bigint AS since
            FROM registry.dataset d
            CROSS JOIN LATERAL (SELECT max(w.version) AS version FROM registry.dataset_version w
                                WHERE w.dataset_id = d.id) v
            JOIN registry.item i ON i.dataset_id = d.id AND i.version = v.version
            JOIN registry.picture_origin o ON o.pixel_sha256 = i.pixel_sha256 AND o.contributor = d.contributor
            WHERE d.withdrawn_from IS NULL OR d.withdrawn_from > \(day.description)::date
            ORDER BY o.registration, d.id COLLATE "C", i.item_no
            """)
        return Duplicates.among(
            try rows.map { row in
                Duplicate.Picture(
                    contributor: try row.get("contributor"), dataset: try row.get("dataset"),
                    path: try row.get("path"), since: Timestamp(secondsSinceEpoch: try row.get("since")),
                    pixels: try row.get("pixel_sha256"),
                    hash: UInt64(bitPattern: try row.get("perceptual_hash", as: Int64.self)))
            }, threshold: threshold)
    }

    /// The duplicates among pictures in the order of their registration.
    ///
    /// Two hashes that differ in at most t bits agree in at least one of t + 1 bands of bits, so only pictures that share
    /// a band are compared (multi-index hashing: Norouzi, Punjani & Fleet 2012).
    static func among(_ pictures: [Duplicate.Picture], threshold: Int) -> [Duplicate] {
        let bands = bandMasks(count: threshold + 1)
        var byPixels: [[UInt8]: Int] = [:]
        var byBand = [[UInt64: [Int]]](repeating: [:], count: bands.count)
        var exact: [Duplicate] = []
        var near: [Duplicate] = []
        for (index, picture) in pictures.enumerated() {
            if let first = byPixels[picture.pixels] {
                if pictures[first].contributor != picture.contributor {
                    exact.append(Duplicate(later: picture, first: pictures[first], distance: nil))
                }
                continue
            }
            byPixels[picture.pixels] = index
            var earliest: Int?
            for (band, mask) in bands.enumerated() {
                let earlier = byBand[band][picture.hash & mask, default: []].first {
                    pictures[$0].contributor != picture.contributor
                        && (pictures[$0].hash ^ picture.hash).nonzeroBitCount <= threshold
                }
                if let earlier { earliest = min(earliest ?? earlier, earlier) }
                byBand[band][picture.hash & mask, default: []].append(index)
            }
            if let earliest {
                let distance = (pictures[earliest].hash ^ picture.hash).nonzeroBitCount
                near.append(Duplicate(later: picture, first: pictures[earliest], distance: distance))
            }
        }
        return exact + near
    }

    /// The 64 bits in runs of nearly equal length.
    private static func bandMasks(count: Int) -> [UInt64] {
        (0..<count).map { band in
            let from = 64 * band / count
            let length = 64 * (band + 1) / count - from
            return length == 64 ? .max : ((1 << UInt64(length)) - 1) << UInt64(from)
        }
    }
}
