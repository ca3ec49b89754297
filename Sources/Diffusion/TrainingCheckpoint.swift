internal import Documents
package import Errors
package import Foundation

/// A position in a course of training, complete enough to continue to the bit.
package struct TrainingCheckpoint: Sendable {
    /// Steps done.
    package var step: Int
    /// The parameters, without averaging.
    package var parameters: [Float]
    /// The optimiser's first moments.
    package var first: [Float]
    /// The optimiser's second moments.
    package var second: [Float]
    /// The moving average of the parameters.
    package var average: [Float]

    package init(step: Int, parameters: [Float], first: [Float], second: [Float], average: [Float]) {
        (self.step, self.parameters, self.first, self.second, self.average) = (step, parameters, first, second, average)
    }

    private static let names = ["parameters", "first", "second", "average"]

    /// The checkpoint as a file. `course` says what it belongs to, `losses` the loss of every step so far.
    package func encoded(course: String, losses: [Float]) throws -> Data {
        let vectors = zip(TrainingCheckpoint.names, [parameters, first, second, average]).map { name, values in
            SafeTensors.Tensor(name: name, shape: [values.count], values: values)
        }
        let history = SafeTensors.Tensor(name: "losses", shape: [losses.count], values: losses)
        let tensors = vectors + [history]
        let metadata = ["course": course, "step": String(step), "sha256": TrainingCheckpoint.digest(tensors)]
        return try SafeTensors(tensors: tensors, metadata: metadata).encoded()
    }

    /// A digest over all numbers, since a single changed bit would silently lead to another model.
    private static func digest(_ tensors: [SafeTensors.Tensor]) -> String {
        var hasher = SHA256Hasher()
        for tensor in tensors.sorted(by: { $0.name < $1.name }) {
            tensor.values.withUnsafeBytes { hasher.update([UInt8]($0)) }
        }
        return hasher.finish().hex
    }

    /// Reads a checkpoint of `course`; one of another course, or one that is damaged or does not fit `count` parameters, is
    /// refused.
    package static func read(
        _ data: Data, course: String, count: Int, at place: String
    ) throws(LaurelError) -> (checkpoint: TrainingCheckpoint, losses: [Float]) {
        func damaged(_ how: String) -> LaurelError {
            .input("the checkpoint is damaged (\(how))", at: place, next: "remove this file to start over")
        }
        let file: SafeTensors
        do {
            file = try SafeTensors(parsing: data, at: place)
        } catch {
            throw damaged(error.problem)
        }
        let tensors = Dictionary(file.tensors.map { ($0.name, $0.values) }, uniquingKeysWith: { first, _ in first })
        guard file.metadata["course"] == course, let step = file.metadata["step"].flatMap({ Int($0) }), step >= 0 else {
            throw .refused(
                "the checkpoint belongs to another recipe, seed or set of images", at: place,
                next: "train under another id, or remove this file to start over")
        }
        let vectors = names.compactMap { tensors[$0] }
        guard vectors.count == names.count, vectors.allSatisfy({ $0.count == count }),
            let losses = tensors["losses"], losses.count == step
        else { throw damaged("something is missing") }
        guard digest(file.tensors) == file.metadata["sha256"] else { throw damaged("its numbers have changed") }
        let checkpoint = TrainingCheckpoint(
            step: step, parameters: vectors[0], first: vectors[1], second: vectors[2], average: vectors[3])
        return (checkpoint, losses)
    }
}
