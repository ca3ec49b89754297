import COpenSSL
package import Documents
package import Errors
import Foundation

/// Bytes from libcrypto's generator: for keys, salts and blinds, never for anything that must be repeatable.
///
/// - Parameter count: how many bytes.
/// - Returns: that many bytes.
/// - Throws: ``LaurelError`` of kind `environment` when the generator has no entropy.
package func secureRandomBytes(_ count: Int) throws(LaurelError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    guard RAND_bytes(&bytes, Int32(count)) == 1 else {
        throw LaurelError.environment("libcrypto gives no random bytes", next: "check /dev/urandom")
    }
    return bytes
}

/// An Ed25519 private key: the 32-byte seed of RFC 8032.
package struct PrivateKey: Sendable {
    private let seed: [UInt8]
    /// The public half.
    package let publicKey: PublicKey

    /// A new key.
    ///
    /// - Throws: ``LaurelError`` of kind `environment` without entropy.
    package static func generate() throws(LaurelError) -> PrivateKey {
        guard let key = PrivateKey(seed: try secureRandomBytes(32)) else {
            preconditionFailure("every 32 bytes are an Ed25519 seed")
        }
        return key
    }

    /// The key of a seed; nil unless it has 32 bytes.
    package init?(seed: [UInt8]) {
        guard seed.count == 32, let handle = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, 32) else {
            return nil
        }
        defer { EVP_PKEY_free(handle) }
        var raw = [UInt8](repeating: 0, count: 32)
        var count = raw.count
        guard EVP_PKEY_get_raw_public_key(handle, &raw, &count) == 1, let publicKey = PublicKey(raw: raw) else {
            return nil
        }
        self.seed = seed
        self.publicKey = publicKey
    }

    /// Reads the PKCS#8 PEM that ``pem`` writes and `openssl genpkey -algorithm ed25519` makes; nil for anything else.
    package init?(pem: String) {
        guard let der = PEM.decode(pem, label: "PRIVATE KEY"), der.starts(with: Self.header) else { return nil }
        self.init(seed: Array(der.dropFirst(Self.header.count)))
    }

    /// The key as PKCS#8 PEM.
    package var pem: String { PEM.encode(Self.header + seed, label: "PRIVATE KEY") }

    /// The 64-byte signature of a message.
    package func sign(_ message: [UInt8]) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: 64)
        var count = signature.count
        // With a valid key and room for 64 bytes libcrypto fails only when memory is exhausted.
        guard let handle = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, 32),
            let context = EVP_MD_CTX_new()
        else { preconditionFailure("libcrypto offers no Ed25519") }
        defer {
            EVP_MD_CTX_free(context)
            EVP_PKEY_free(handle)
        }
        precondition(
            EVP_DigestSignInit(context, nil, nil, nil, handle) == 1
                && EVP_DigestSign(context, &signature, &count, message, message.count) == 1,
            "libcrypto could not sign")
        return signature
    }

    // RFC 8410: PrivateKeyInfo version 0, algorithm 1.3.101.112, an OCTET STRING within an OCTET STRING.
    private static let header: [UInt8] = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ]
}

/// An Ed25519 public key.
package struct PublicKey: Hashable, Sendable {
    /// The 32 bytes of RFC 8032.
    package let raw: [UInt8]

    /// A key from its 32 bytes; nil for another count.
    package init?(raw: [UInt8]) {
        guard raw.count == 32 else { return nil }
        self.raw = raw
    }

    /// A key from its SubjectPublicKeyInfo; nil unless it is exactly that of an Ed25519 key.
    package init?(spki: [UInt8]) {
        guard spki.starts(with: Self.header) else { return nil }
        self.init(raw: Array(spki.dropFirst(Self.header.count)))
    }

    /// Reads a `PUBLIC KEY` PEM; nil for anything but one Ed25519 key as ``pem`` writes it.
    package init?(pem: String) {
        guard let der = PEM.decode(pem, label: "PUBLIC KEY") else { return nil }
        self.init(spki: der)
    }

    /// SubjectPublicKeyInfo, DER (RFC 8410).
    package var spki: [UInt8] { Self.header + raw }

    /// SubjectPublicKeyInfo as PEM, what `openssl pkeyutl -pubin -inkey` reads.
    package var pem: String { PEM.encode(spki, label: "PUBLIC KEY") }

    /// The key's fingerprint: SHA-256 of ``spki``, as `openssl pkey -pubin -outform DER | openssl dgst -sha256` prints it.
    package var kid: Digest { .sha256(spki) }

    /// Whether a signature is this key's signature of the message.
    package func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard signature.count == 64, let handle = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, raw, 32),
            let context = EVP_MD_CTX_new()
        else { return false }
        defer {
            EVP_MD_CTX_free(context)
            EVP_PKEY_free(handle)
            ERR_clear_error()
        }
        return EVP_DigestVerifyInit(context, nil, nil, nil, handle) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    // RFC 8410: SubjectPublicKeyInfo with algorithm 1.3.101.112 and a BIT STRING of 32 bytes.
    private static let header: [UInt8] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]
}

/// PEM of RFC 7468, strict: one block, 64 characters a line, one spelling.
private enum PEM {
    static func encode(_ der: [UInt8], label: String) -> String {
        let base64 = Array(Data(der).base64EncodedString())
        let lines = stride(from: 0, to: base64.count, by: 64).map { String(base64[$0..<min($0 + 64, base64.count)]) }
        return (["-----BEGIN \(label)-----"] + lines + ["-----END \(label)-----"]).joined(separator: "\n") + "\n"
    }

    static func decode(_ text: String, label: String) -> [UInt8]? {
        let lines = text.split(whereSeparator: \.isNewline)
        guard lines.count > 2, lines.first == "-----BEGIN \(label)-----", lines.last == "-----END \(label)-----",
            let data = Data(base64Encoded: lines.dropFirst().dropLast().joined())
        else { return nil }
        let der = [UInt8](data)
        return encode(der, label: label) == lines.joined(separator: "\n") + "\n" ? der : nil
    }
}
