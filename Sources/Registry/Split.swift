import Errors
import Postgres

/// Who shares the earnings of a dataset, in parts per million of one million.
package struct Split: Sendable, Equatable {
    /// One party's part.
    package struct Share: Sendable, Equatable {
        package let party: String
        package let ppm: Int
    }

    /// In the order of party ids; they sum to 1,000,000.
    package let shares: [Share]

    /// A split from texts `PARTY:SHARE_PPM`; what they leave of the million stays with the contributor.
    ///
    /// - Returns: nil for no texts: all is the contributor's.
    /// - Throws: ``LaurelError`` of kind `input` for an unreadable share, a party named twice, or more than a million.
    package init?(parsing texts: [String], contributor: String) throws {
        guard !texts.isEmpty else { return nil }
        var parts: [String: Int] = [:]
        for text in texts {
            let words = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard words.count == 2, ReadableID.isValid(words[0]), words[1].utf8.allSatisfy({ (48...57).contains($0) }),
                let ppm = Int(words[1]), (1...1_000_000).contains(ppm)
            else {
                throw LaurelError.input(
                    "\"\(text)\" is no share", at: "--split",
                    next: "write PARTY:SHARE_PPM with 1 to 1000000 parts per million")
            }
            guard parts.updateValue(ppm, forKey: words[0]) == nil else {
                throw LaurelError.input("\(words[0]) has two shares", at: "--split", next: "name each party once")
            }
        }
        let total = parts.values.reduce(0, +)
        guard total <= 1_000_000 else {
            throw LaurelError.input(
                "the shares sum to \(total) parts per million", at: "--split", next: "make them 1000000 at most")
        }
        if total < 1_000_000 { parts[contributor, default: 0] += 1_000_000 - total }
        self.init(parts.map { Share(party: $0, ppm: $1) })
    }

    /// A split of shares in any order.
    init(_ shares: [Share]) { self.shares = shares.sorted { $0.party.utf8.lexicographicallyPrecedes($1.party.utf8) } }

    /// `PARTY:SHARE_PPM`, one for each share.
    package var texts: [String] { shares.map { "\($0.party):\($0.ppm)" } }

    /// The split of a dataset that holds at every time.
    static func of(_ dataset: String, on connection: Connection) async throws -> Split? {
        let rows = try await connection.query(
            "SELECT party_id, share_ppm FROM registry.dataset_split WHERE dataset_id = \(dataset)")
        guard !rows.isEmpty else { return nil }
        return Split(try rows.map { Share(party: try $0.get("party_id"), ppm: try $0.get("share_ppm")) })
    }

    /// Registers the split for all time, once.
    ///
    /// - Throws: ``LaurelError`` of kind `refused` when the dataset was registered with another split.
    func settle(for dataset: String, isNew: Bool, on connection: Connection) async throws {
        let known = try await Split.of(dataset, on: connection)
        if known == self { return }
        guard isNew else {
            let terms = known.map { $0.texts.joined(separator: " ") } ?? "no split"
            throw LaurelError.refused(
                "dataset \(dataset) was registered with \(terms)", at: "--split",
                next: "register what is to be shared otherwise as another dataset with --id")
        }
        for share in shares {
            do {
                try await connection.execute(
                    """
                    INSERT INTO registry.dataset_split (dataset_id, party_id, share_ppm, valid)
                    VALUES (\(dataset), \(share.party), \(share.ppm), '(,)')
                    """)
            } catch let error as PostgresError where error.isForeignKeyViolation {
                throw Parties.unknown(share.party, at: "--split")
            }
        }
    }
}
