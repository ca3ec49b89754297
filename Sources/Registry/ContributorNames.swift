import Documents
import Errors
import Postgres

/// The contributors of a manifest by the text that names them: an id as it stands, or a name that becomes one.
struct ContributorNames: Sendable {
    private var ids: [String: String] = [:]
    private var names: [String: String] = [:]

    /// - Throws: ``LaurelError`` of kind `input` when two spellings become one id, or a name becomes none.
    init(_ items: [Manifest.Item]) throws {
        for item in items where ids[item.contributor] == nil {
            let text = item.contributor
            guard let id = ReadableID.isValid(text) ? text : ReadableID.made(from: text) else {
                throw LaurelError.input(
                    "the contributor \(text) makes no readable id", at: item.place,
                    next: "add the contributor with an id of your choice and write the id here")
            }
            if let other = names[id] {
                throw LaurelError.input(
                    "\"\(text)\" and \"\(other)\" differ only in spelling", at: item.place,
                    next: "write one of them throughout, or the ids of two contributors")
            }
            ids[text] = id
            names[id] = text
        }
    }

    /// The id of a contributor of this manifest.
    func id(of text: String) -> String {
        guard let id = ids[text] else { preconditionFailure("a contributor of the manifest it was made from") }
        return id
    }

    /// Finds the party, or registers it.
    func settle(
        _ id: String, at place: String, mayAdd: Bool, now: Timestamp, on connection: Connection
    ) async throws {
        let text = names[id] ?? id
        let known = try await connection.query(
            """
            SELECT p.status, d.name FROM registry.party p LEFT JOIN pii.party_detail d ON d.party_id = p.id
            WHERE p.id = \(id)
            """)
        if let row = known.first {
            let name: String? = try row.get("name")
            guard text == id || name == nil || name == text else {
                throw LaurelError.input(
                    "\"\(text)\" would be \(id), which is \"\(name ?? "")\"", at: place,
                    next: "write the id \(id) if they are the same, or add the other contributor first")
            }
            guard try row.get("status", as: String.self) == "active" else {
                throw LaurelError.refused(
                    "contributor \(id) is suspended", at: place, next: "laurel contributor show \(id) says why")
            }
            return
        }
        guard mayAdd else {
            throw LaurelError.input(
                "there is no contributor \(id)", at: place, next: "laurel contributor add \(id) --name NAME")
        }
        try await Parties.add(id: id, name: text, now: now, place: place, on: connection)
    }
}
