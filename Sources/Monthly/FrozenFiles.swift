import Documents
import Errors
import Foundation
import Properties

/// Classifiers and linear heads that plans are sealed with, kept under the home by their digest: training or fitting one
/// again on another machine may end in other bits.
struct FrozenFiles {
    private let directory: URL

    /// The files of a home.
    init(_ house: House) { directory = house.yardsticks }

    /// Keeps a classifier.
    func keep(_ classifier: LabelClassifier) throws { try keep(classifier.encoded(), as: classifier.digest) }

    /// Keeps the linear head that is in a file, and returns it.
    func keepHead(at url: URL) throws -> LinearHead {
        let head = try LinearHead(contentsOf: url)
        try keep(Data(contentsOf: url), as: head.digest)
        return head
    }

    /// A kept classifier.
    ///
    /// - Throws: ``LaurelError`` of kind `input` when it is missing or no longer what its digest says.
    func classifier(_ digest: Digest) throws -> LabelClassifier {
        let place = place(of: digest)
        let classifier = try LabelClassifier(parsing: bytes(at: place), at: place.path)
        guard classifier.digest == digest else { throw changed(place) }
        return classifier
    }

    /// A kept linear head.
    ///
    /// - Throws: ``LaurelError`` of kind `input` when it is missing or no longer what its digest says.
    func head(_ digest: Digest) throws -> LinearHead {
        let place = place(of: digest)
        _ = try bytes(at: place)
        let head = try LinearHead(contentsOf: place)
        guard head.digest == digest else { throw changed(place) }
        return head
    }

    private func place(of digest: Digest) -> URL { directory.appending(path: "\(digest.hex).json") }

    private func keep(_ data: Data, as digest: Digest) throws {
        do {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            try data.write(to: place(of: digest), options: .atomic)
        } catch {
            throw LaurelError.environment(
                "a yardstick cannot be stored (\(error.localizedDescription))", at: directory.path,
                next: "check the free disk space, then run the same command again")
        }
    }

    private func bytes(at place: URL) throws -> Data {
        do {
            return try Data(contentsOf: place)
        } catch {
            throw LaurelError.input(
                "what the plan measures with is missing", at: place.path, next: "restore the file from a backup")
        }
    }

    private func changed(_ place: URL) -> LaurelError {
        .input("this is not what the plan was sealed with", at: place.path, next: "restore the file from a backup")
    }
}
