import Documents
import Errors
import Foundation
import Statements
import Testing

@Suite("Keys")
struct KeyTests {
    @Test("Signatures are those of RFC 8032, test 2")
    func publishedVector() throws {
        let seed = try #require(Hex.bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
        let key = try #require(PrivateKey(seed: seed))
        #expect(Hex.text(key.publicKey.raw) == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        let signature = key.sign([0x72])
        #expect(
            Hex.text(signature)
                == "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
        #expect(key.publicKey.verifies(signature, of: [0x72]))
        #expect(!key.publicKey.verifies(signature, of: [0x73]))
        #expect(!key.publicKey.verifies([], of: [0x72]))
    }

    @Test("PEM files go to openssl and come back; the fingerprint is what openssl prints")
    func pem() throws {
        let key = try PrivateKey.generate()
        #expect(try #require(PrivateKey(pem: key.pem)).publicKey == key.publicKey)
        #expect(PublicKey(pem: key.publicKey.pem) == key.publicKey)
        #expect(PublicKey(pem: key.pem) == nil)
        #expect(PrivateKey(pem: key.publicKey.pem) == nil)
        try withTemporaryDirectory { directory in
            try Data(key.pem.utf8).write(to: directory.appending(path: "k.pem"))
            let pub = try run("openssl", ["pkey", "-in", "k.pem", "-pubout"], in: directory)
            #expect(pub.output == key.publicKey.pem)
            let text = try run(
                "bash", ["-c", "openssl pkey -in k.pem -pubout -outform DER | openssl dgst -sha256 -r"], in: directory)
            #expect(text.output.hasPrefix(key.publicKey.kid.hex))
            let made = try run("openssl", ["genpkey", "-algorithm", "ed25519"], in: directory)
            #expect(PrivateKey(pem: made.output)?.pem == made.output)
        }
    }

    @Test("A keyring reads back, and refuses what it does not know")
    func keyring() throws {
        let example = try Example()
        #expect(try Keyring(example.keyring.document) == example.keyring)
        var members = try #require(example.keyring.document.members)
        members["extra"] = true
        #expect(throws: LaurelError.self) { try Keyring(.object(members)) }
        #expect(example.keyring.active(.statement)?.key == (try Example.key(2).publicKey))
        #expect(example.keyring.active(.approval) == nil)
    }

    @Test("A staged key takes its place when the keyring names it, and the old one is gone")
    func staging() throws {
        try withTemporaryDirectory { directory in
            let store = KeyStore(directory: directory)
            let (old, new) = (try Example.key(3), try Example.key(30))
            let first = try Example.firstKeyring()
            try store.store(old, for: .log)
            try store.stage(new, for: .log)
            // Stopped before the keyring was changed: the old key still signs, and the staged one waits.
            #expect(try store.key(.log, activeIn: first).publicKey == old.publicKey)
            // Stopped after it was changed: the staged key is found.
            let second = first.rotated(.log, to: new.publicKey, logSize: 1, at: first.issuedAt)
            #expect(try store.key(.log, activeIn: second).publicKey == new.publicKey)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["log.pem"])
            #expect(try store.key(.log)?.publicKey == new.publicKey)
            #expect(
                try FileManager.default.attributesOfItem(atPath: directory.appending(path: "log.pem").path)[
                    .posixPermissions] as? Int == 0o600)
        }
    }

    @Test("A revoked key signs nothing more, and a key that is another's or missing is said to be")
    func unusableKeys() throws {
        try withTemporaryDirectory { directory in
            let store = KeyStore(directory: directory)
            let first = try Example.firstKeyring()
            let missing = try #require(throws: LaurelError.self) { try store.key(.log, activeIn: first) }
            #expect(missing.kind == .environment)
            try store.store(try Example.key(9), for: .log)
            let other = try #require(throws: LaurelError.self) { try store.key(.log, activeIn: first) }
            #expect(other.problem == "the log key here is not the keyring's active one")
            try store.store(try Example.key(3), for: .log)
            let revoked = try first.revoked(
                try Example.key(3).publicKey.kid, since: first.issuedAt, trustedLogSize: 0, reason: "r",
                at: first.issuedAt)
            let refused = try #require(throws: LaurelError.self) { try store.key(.log, activeIn: revoked) }
            #expect(refused.kind == .refused)
            #expect(refused.remedy == "laurel keys rotate log")
        }
    }
}
