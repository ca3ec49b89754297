import Documents
import Errors

/// Takes typed members out of a stored plan; a missing or mistyped one is a failed check with its path.
struct PlanReader {
    let value: CanonicalValue
    let path: String

    func member(_ key: String) throws -> PlanReader {
        guard let member = value[key] else { throw wrong("misses \(key)") }
        return PlanReader(value: member, path: "\(path).\(key)")
    }

    func array(_ key: String) throws -> [PlanReader] {
        let member = try member(key)
        guard let elements = member.value.elements else { throw member.wrong("is no array") }
        return elements.enumerated().map { PlanReader(value: $1, path: "\(member.path)[\($0)]") }
    }

    func text() throws -> String {
        guard let text = value.text else { throw wrong("is no text") }
        return text
    }

    func text(_ key: String) throws -> String { try member(key).text() }

    func integer(_ key: String) throws -> Int {
        let member = try member(key)
        guard let number = member.value.number else { throw member.wrong("is no integer") }
        return Int(number)
    }

    func optionalInteger(_ key: String) throws -> Int? { value[key] == nil ? nil : try integer(key) }

    func digest(_ key: String) throws -> Digest {
        let member = try member(key)
        guard let digest = Digest(hex: try member.text()) else { throw member.wrong("is no SHA-256") }
        return digest
    }

    func optionalDigest(_ key: String) throws -> Digest? { value[key] == nil ? nil : try digest(key) }

    func choice<Choice: RawRepresentable<String>>(_ key: String) throws -> Choice {
        let member = try member(key)
        guard let choice = Choice(rawValue: try member.text()) else { throw member.wrong("is unknown") }
        return choice
    }

    private func wrong(_ problem: String) -> LaurelError {
        LaurelError.checkFailed("stored plan \(problem)", at: path, next: "restore the database from a backup")
    }
}
