import COpenSSL
import Errors
package import Foundation

/// A SHA-256 digest: 32 bytes, written as 64 lowercase hexadecimal digits, ordered as bytes.
package struct Digest: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The 32 bytes.
    package let bytes: [UInt8]

    /// A digest from its 32 bytes; nil for any other count.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        self.bytes = Array(bytes)
    }

    /// A digest from 64 lowercase hexadecimal digits; nil for anything else.
    package init?(hex: String) {
        guard hex.utf8.count == 64, let bytes = Hex.bytes(hex) else { return nil }
        self.bytes = bytes
    }

    /// 64 lowercase hexadecimal digits.
    package var hex: String { Hex.text(bytes) }

    package var description: String { hex }

    package static func < (left: Digest, right: Digest) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    /// The SHA-256 of bytes.
    package static func sha256(_ bytes: some Collection<UInt8>) -> Digest {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        return hasher.finish()
    }

    /// The SHA-256 of a text's UTF-8 bytes.
    package static func sha256(_ text: String) -> Digest {
        sha256(text.utf8)
    }

    /// The SHA-256 of a file, read in pieces of 1 MiB.
    ///
    /// - Throws: ``LaurelError`` of kind `input` when the file cannot be read.
    package static func ofFile(_ url: URL) throws -> Digest {
        var hasher = SHA256Hasher()
        do {
            let file = try FileHandle(forReadingFrom: url)
            defer { file.closeFile() }
            while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {
                hasher.update(piece)
            }
        } catch {
            throw LaurelError.input("file cannot be read", at: url.path, next: "check its path and permissions")
        }
        return hasher.finish()
    }
}

/// SHA-256 of bytes that arrive in pieces.
package struct SHA256Hasher: ~Copyable {
    private let context: OpaquePointer

    /// A hasher that has seen nothing yet.
    package init() {
        // libcrypto fails here only when memory is exhausted or its own build lacks SHA-256.
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            preconditionFailure("libcrypto offers no SHA-256")
        }
        self.context = context
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    /// Adds bytes to what has been seen.
    package mutating func update(_ bytes: some Collection<UInt8>) {
        let hashed: Void? = bytes.withContiguousStorageIfAvailable { add(UnsafeRawBufferPointer($0)) }
        if hashed == nil {
            Array(bytes).withUnsafeBytes { add($0) }
        }
    }

    /// The digest of everything seen; the hasher then starts again from nothing.
    package mutating func finish() -> Digest {
        var bytes = [UInt8](repeating: 0, count: 32)
        let finished = EVP_DigestFinal_ex(context, &bytes, nil) == 1
        precondition(
            finished && EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1, "libcrypto could not finish a SHA-256")
        guard let digest = Digest(bytes: bytes) else { preconditionFailure("SHA-256 has 32 bytes") }
        return digest
    }

    private func add(_ bytes: UnsafeRawBufferPointer) {
        precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1, "libcrypto could not hash")
    }
}
