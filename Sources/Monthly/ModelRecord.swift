import Documents
import Errors
import Foundation

/// What is known of a model besides its weights; `model.json` in its folder, written when it is complete.
package struct ModelRecord: Codable, Sendable {
    /// What kind of model.
    package enum Kind: String, Codable, Sendable {
        /// Trained from scratch, or imported.
        case base
        /// Made smaller from another and trained again.
        case pruned
    }

    package let id: String
    package let kind: Kind
    /// The model that a pruned one was made from.
    package let parent: String?
    /// What it learned from: a snapshot's id, or a directory.
    package let snapshot: String?
    package let seed: UInt64
    /// Pictures learned from.
    package let images: Int
    package let parameters: Int
    /// Multiplications and additions of one picture's pass through the network.
    package let operations: Double
    /// Mean squared error of the prediction at the end, over all pictures.
    package let loss: Double
    /// Seconds of training, summed over interruptions.
    package let seconds: Double
    /// The kernels that trained it.
    package let kernel: String
    /// SHA-256 of `recipe.json`.
    package let recipeDigest: String
    /// SHA-256 of `weights.safetensors`.
    package let weightsDigest: String
    package let createdAt: String
}

/// The folder of one model under the home.
struct ModelFolder {
    let id: String
    let url: URL

    init(_ house: House, _ id: String) throws(LaurelError) {
        guard id.range(of: "^[a-z0-9][a-z0-9._-]{0,62}$", options: .regularExpression) != nil else {
            throw .input(
                "\(id) is not an id", at: "model", next: "use lower-case letters, digits, dots and hyphens")
        }
        self.id = id
        url = house.models.appending(path: id, directoryHint: .isDirectory)
    }

    var checkpoint: URL { url.appending(path: "checkpoint.safetensors") }
    var lossTable: URL { url.appending(path: "loss.csv") }
    var lossPlot: URL { url.appending(path: "loss.svg") }
    private var recordFile: URL { url.appending(path: "model.json") }

    /// The record of a complete model; nil when there is none yet.
    func record() throws -> ModelRecord? {
        guard FileManager.default.fileExists(atPath: recordFile.path) else { return nil }
        do {
            return try JSONDecoder().decode(ModelRecord.self, from: Data(contentsOf: recordFile))
        } catch {
            throw LaurelError.input(
                "the model's record cannot be read", at: recordFile.path,
                next: "restore its folder from a backup, or remove the folder and train or import the model again")
        }
    }

    /// The record, or the error that a person sees.
    func existing() throws -> ModelRecord {
        guard let record = try record() else {
            throw LaurelError.input("there is no model \(id)", at: "model", next: "see laurel model list")
        }
        return record
    }

    func write(_ record: ModelRecord) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(record).write(to: recordFile, options: .atomic)
        if FileManager.default.fileExists(atPath: checkpoint.path) {
            try FileManager.default.removeItem(at: checkpoint)
        }
    }
}
