import Documents

// What the checks are made of.
extension Verifier {
    /// Reads a document of the profile whose signature holds; records the outcome.
    mutating func signed<Value>(
        _ file: String, by key: PublicKey, _ name: String, _ read: (CanonicalValue) throws -> Value
    ) -> Value? {
        guard let bytes = self.file(file, name),
            let signature = self.file(StatementBundle.Name.signature(of: file), name)
        else { return nil }
        do {
            let document = try CanonicalValue.parse(bytes, name: file)
            guard key.verifies(signature, of: bytes) else {
                record(name, .fail("\(file): the signature is not of these bytes and this key"))
                return nil
            }
            let value = try read(document)
            record(name, .pass)
            return value
        } catch {
            record(name, .fail("\(error)"))
            return nil
        }
    }

    mutating func key(_ file: String, _ name: String) -> PublicKey? {
        guard let bytes = self.file(file, name) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self), let key = PublicKey(pem: text),
            Array(key.pem.utf8) == bytes
        else {
            record(name, .fail("\(file) is no Ed25519 public key"))
            return nil
        }
        return key
    }

    mutating func file(_ file: String, _ name: String) -> [UInt8]? {
        if let bytes = bundle.files[file] { return bytes }
        record(name, .fail("\(file) is missing"))
        return nil
    }

    mutating func record(_ name: String, _ outcome: Check.Outcome) {
        report.checks.append(Check(name: name, outcome: outcome))
    }

    mutating func skip(_ name: String, _ reason: String) {
        record(name, .skipped(reason))
    }
}
