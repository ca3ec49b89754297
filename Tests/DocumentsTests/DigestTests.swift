import Documents
import Errors
import Foundation
import Testing

@Suite("Digests")
struct DigestTests {
    // FIPS 180-4 example messages, as NIST publishes them.
    @Test(
        "SHA-256 gives the published digests",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
        ])
    func publishedVectors(text: String, hex: String) {
        #expect(Digest.sha256(text).hex == hex)
    }

    @Test("Pieces hash like the whole, and a hasher starts again")
    func pieces() {
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var hasher = SHA256Hasher()
        for start in stride(from: 0, to: bytes.count, by: 777) {
            hasher.update(bytes[start..<min(start + 777, bytes.count)])
        }
        #expect(hasher.finish() == Digest.sha256(bytes))
        #expect(hasher.finish() == Digest.sha256([UInt8]()))
    }

    @Test("A file hashes like its bytes, and a missing one is an error that names it")
    func file() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "digest-\(UUID().uuidString)")
        let bytes = [UInt8](repeating: 7, count: (1 << 20) + 3)
        try Data(bytes).write(to: url)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: url) } }
        #expect(try Digest.ofFile(url) == Digest.sha256(bytes))
        #expect(throws: LaurelError.self) { try Digest.ofFile(url.appendingPathExtension("missing")) }
    }

    @Test("Hexadecimal text has one spelling")
    func hexadecimal() throws {
        let digest = Digest.sha256("abc")
        #expect(Digest(hex: digest.hex) == digest)
        #expect(Digest(hex: digest.hex.uppercased()) == nil)
        #expect(Digest(hex: String(digest.hex.dropLast())) == nil)
        #expect(Digest(hex: "g" + digest.hex.dropFirst()) == nil)
        #expect(Hex.bytes("00ff10") == [0, 255, 16])
        #expect(Hex.bytes("0") == nil)
    }
}
