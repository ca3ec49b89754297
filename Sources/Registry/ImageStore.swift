package import Documents
import Errors
package import Foundation

/// Original image bytes on disk under their SHA-256: `ab/cdef…`. Storing the same bytes twice is storing them once.
package struct ImageStore: Sendable {
    private let directory: URL

    /// - Parameter directory: The store's folder; made when the first image comes.
    package init(directory: URL) { self.directory = directory }

    private func place(of digest: Digest) -> URL {
        directory.appending(path: String(digest.hex.prefix(2))).appending(path: String(digest.hex.dropFirst(2)))
    }

    /// Stores bytes; a crash leaves either the whole file or none.
    ///
    /// - Throws: ``LaurelError`` of kind `environment` when the disk refuses.
    package func store(_ bytes: [UInt8], digest: Digest) throws {
        let place = place(of: digest)
        if FileManager.default.fileExists(atPath: place.path) { return }
        do {
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: place, options: .atomic)
        } catch {
            throw LaurelError.environment(
                "an image cannot be stored (\(error.localizedDescription))", at: place.path,
                next: "check the free disk space, then run the same command again")
        }
    }

    /// The bytes of a stored image; `picture` says which it is to a person.
    ///
    /// - Throws: ``LaurelError`` of kind `environment` when the file is gone or is not what was stored.
    package func bytes(of digest: Digest, picture: String) throws -> [UInt8] {
        let place = place(of: digest)
        let bytes: [UInt8]
        do {
            bytes = [UInt8](try Data(contentsOf: place))
        } catch {
            throw LaurelError.environment(
                "the stored picture \(picture) is missing", at: place.path,
                next: "restore the image store from the last backup, or import its dataset again")
        }
        guard Digest.sha256(bytes) == digest else {
            throw LaurelError.environment(
                "the stored picture \(picture) is damaged", at: place.path,
                next: "remove the file and import its dataset again, or restore the last backup")
        }
        return bytes
    }
}
