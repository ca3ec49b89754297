package import Documents
import Errors
package import Postgres

/// A person or organisation with what is known of it.
package struct Party: Sendable {
    package let id: String
    package let name: String
    package let kind: String
    package let country: String?
    package let method: String
    package let status: String
    package let statusReason: String?
    /// `SCHEME:VALUE`, sorted.
    package let identifiers: [String]
    /// Its datasets that have not been withdrawn, be it for later.
    package let datasets: Int
    /// Images in them.
    package let items: Int
}

/// What is told about a party; nil leaves a known value as it is.
package struct PartyDetails: Sendable {
    package var name: String?
    /// `person` or `organisation`; it does not change later.
    package var kind: String?
    package var country: String?
    package var method: String?
    package var account: String?
    /// `SCHEME:VALUE` each.
    package var identifiers: [String] = []

    package init(
        name: String? = nil, kind: String? = nil, country: String? = nil, method: String? = nil,
        account: String? = nil, identifiers: [String] = []
    ) {
        self.name = name
        self.kind = kind
        self.country = country
        self.method = method
        self.account = account
        self.identifiers = identifiers
    }
}

/// Parties and their personal details.
package struct Parties: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    /// Registers parties, all or none; one that is there with the same name stays as it is.
    ///
    /// - Parameters:
    ///   - parties: Ids with details; the name is needed.
    ///   - now: The time of registration.
    /// - Returns: For each, whether it was registered now.
    /// - Throws: ``LaurelError`` of kind `input` when an id or a name means another party.
    package func add(
        _ parties: [(id: String, details: PartyDetails, place: String)], now: Timestamp
    ) async throws -> [Bool] {
        try await database.withTransaction { connection in
            try await RegistryLock.take(on: connection)
            var added: [Bool] = []
            for (id, details, place) in parties {
                guard ReadableID.isValid(id) else {
                    throw LaurelError.input(
                        "\"\(id)\" is not an id", at: place, next: "use lowercase letters, digits, dots and dashes")
                }
                guard let name = details.name, !name.isEmpty else {
                    throw LaurelError.input("contributor \(id) has no name", at: place, next: "give it one")
                }
                let kind = details.kind ?? "person"
                guard ["person", "organisation"].contains(kind) else {
                    throw LaurelError.input(
                        "\"\(kind)\" is no kind of contributor", at: place, next: "write person or organisation")
                }
                if let known = try await Parties.details(id, on: connection) {
                    try Parties.agree(details, with: known, id: id, place: place)
                    added.append(false)
                    continue
                }
                try await Parties.add(id: id, name: name, kind: kind, now: now, place: place, on: connection)
                try await Parties.change(id, details, place: place, on: connection)
                added.append(true)
            }
            return added
        }
    }

    /// Changes what is told and keeps the rest.
    ///
    /// - Throws: ``LaurelError`` of kind `input` when there is no such party.
    package func update(_ id: String, _ details: PartyDetails) async throws {
        try await database.withTransaction { connection in
            try await Parties.change(id, details, place: id, on: connection)
        }
    }

    /// Suspends a party: its datasets are left out of new snapshots, its money is carried and not paid.
    package func suspend(_ id: String, reason: String) async throws {
        try PlainText.checkEntry(reason, called: "reason", at: "--reason")
        let changed = try await database.execute(
            "UPDATE registry.party SET status = 'suspended', status_reason = \(reason) WHERE id = \(id)")
        guard changed == 1 else { throw Parties.unknown(id, at: id) }
    }

    /// Lifts a suspension; safe to repeat.
    package func resume(_ id: String) async throws {
        let changed = try await database.execute(
            "UPDATE registry.party SET status = 'active', status_reason = NULL WHERE id = \(id)")
        guard changed == 1 else { throw Parties.unknown(id, at: id) }
    }

    /// A party by id.
    package func find(_ id: String) async throws -> Party {
        guard let party = try await list(id).first else { throw Parties.unknown(id, at: id) }
        return party
    }

    /// All parties, by id.
    package func list() async throws -> [Party] { try await list("") }

    private func list(_ id: String) async throws -> [Party] {
        let rows = try await database.query(
            """
            SELECT p.id, coalesce(d.name, '(erased)') AS name, p.kind, d.country, coalesce(d.method, 'manual') AS method,
                   p.status, p.status_reason, count(v.dataset_id)::int AS datasets,
                   coalesce(sum(v.item_count), 0)::int AS items,
                   ARRAY(SELECT i.scheme || ':' || i.value FROM pii.party_identifier i
                         WHERE i.party_id = p.id ORDER BY 1) AS identifiers
            FROM registry.party p
            LEFT JOIN pii.party_detail d ON d.party_id = p.id
            LEFT JOIN registry.dataset s ON s.contributor = p.id AND s.withdrawn_from IS NULL
            LEFT JOIN LATERAL (SELECT w.dataset_id, w.item_count FROM registry.dataset_version w
                               WHERE w.dataset_id = s.id ORDER BY w.version DESC LIMIT 1) v ON true
            WHERE \(id) = '' OR p.id = \(id)
            GROUP BY p.id, d.party_id ORDER BY p.id
            """)
        return try rows.map { row in
            Party(
                id: try row.get("id"), name: try row.get("name"), kind: try row.get("kind"),
                country: try row.get("country", as: String?.self), method: try row.get("method"),
                status: try row.get("status"), statusReason: try row.get("status_reason", as: String?.self),
                identifiers: try row.get("identifiers"), datasets: try row.get("datasets"), items: try row.get("items"))
        }
    }

    /// What is known of a party; nil when it is not registered.
    private static func details(_ id: String, on connection: Connection) async throws -> PartyDetails? {
        try await connection.query(
            """
            SELECT coalesce(d.name, '') AS name, p.kind, d.country, d.method, d.account,
                   ARRAY(SELECT i.scheme || ':' || i.value FROM pii.party_identifier i WHERE i.party_id = p.id) AS others
            FROM registry.party p LEFT JOIN pii.party_detail d ON d.party_id = p.id WHERE p.id = \(id)
            """
        ).first.map { row in
            PartyDetails(
                name: try row.get("name"), kind: try row.get("kind"), country: try row.get("country", as: String?.self),
                method: try row.get("method", as: String?.self), account: try row.get("account", as: String?.self),
                identifiers: try row.get("others"))
        }
    }

    /// Refuses to drop details that are told of a known party and differ from what is known.
    private static func agree(_ told: PartyDetails, with known: PartyDetails, id: String, place: String) throws {
        guard told.name == known.name else {
            throw LaurelError.input(
                "contributor \(id) is \"\(known.name ?? "")\"", at: place,
                next: "choose another id, or laurel contributor update \(id) --name NAME")
        }
        let fields = [
            ("kind", told.kind, known.kind), ("country", told.country, known.country),
            ("method", told.method, known.method), ("account", told.account, known.account),
        ]
        let other = fields.first { $0.1 != nil && $0.1 != $0.2 }?.0
        let isNewIdentifier = !Set(told.identifiers).isSubset(of: known.identifiers)
        guard let other = other ?? (isNewIdentifier ? "identifier" : nil) else { return }
        throw LaurelError.refused(
            "contributor \(id) is registered with another \(other)", at: place,
            next: "laurel contributor update \(id) changes it")
    }

    static func unknown(_ id: String, at place: String) -> LaurelError {
        LaurelError.input(
            "there is no contributor \(id)", at: place,
            next: "laurel contributor list, or laurel contributor add \(id) --name NAME")
    }

    /// Registers a party within somebody's transaction.
    ///
    /// - Throws: ``LaurelError`` of kind `input` when the id is taken, or the name is, up to case and spacing.
    static func add(
        id: String, name: String, kind: String = "person", now: Timestamp, place: String, on connection: Connection
    ) async throws {
        try PlainText.check(name, called: "name", at: place)
        do {
            try await connection.execute(
                """
                INSERT INTO registry.party (id, kind, registered_at)
                VALUES (\(id), \(kind), \(now.description)::timestamptz)
                """)
            try await connection.execute("INSERT INTO pii.party_detail (party_id, name) VALUES (\(id), \(name))")
        } catch let error as PostgresError where error.isUniqueViolation {
            throw LaurelError.input(
                "the contributor \"\(name)\" is known already, perhaps in another spelling", at: place,
                next: "laurel contributor list shows the ids; write the id here")
        }
    }

    private static func change(
        _ id: String, _ details: PartyDetails, place: String, on connection: Connection
    ) async throws {
        if let name = details.name { try PlainText.check(name, called: "name", at: place) }
        if let account = details.account { try PlainText.checkEntry(account, called: "account", at: place) }
        for identifier in details.identifiers { try PlainText.checkEntry(identifier, called: "identifier", at: place) }
        let changed: Int
        do {
            changed = try await connection.execute(
                """
                UPDATE pii.party_detail SET name = coalesce(\(details.name), name),
                    country = coalesce(\(details.country), country), method = coalesce(\(details.method), method),
                    account = coalesce(\(details.account), account)
                WHERE party_id = \(id)
                """)
        } catch let error as PostgresError where error.sqlState.hasPrefix("2") {
            throw LaurelError.input(
                "a detail of contributor \(id) is refused (\(error.message))", at: place,
                next: "countries are two letters; methods are sepa, ach, paypal, wise, manual")
        }
        guard changed == 1 else { throw unknown(id, at: place) }
        for identifier in details.identifiers {
            let parts = identifier.split(separator: ":", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw LaurelError.input("\"\(identifier)\" is no identifier", at: place, next: "write SCHEME:VALUE")
            }
            let owner = try await connection.query(
                """
                INSERT INTO pii.party_identifier (party_id, scheme, value) VALUES (\(id), \(parts[0]), \(parts[1]))
                ON CONFLICT (scheme, value) DO NOTHING RETURNING party_id
                """)
            let known = try await connection.query(
                "SELECT party_id FROM pii.party_identifier WHERE scheme = \(parts[0]) AND value = \(parts[1])")
            guard try !owner.isEmpty || known.first?.get("party_id", as: String.self) == id else {
                throw LaurelError.input(
                    "\(identifier) is another contributor's identifier", at: place, next: "check which of them it is")
            }
        }
    }
}
