package import Documents
package import Errors
package import Foundation
internal import Numerics

/// A trained network: its recipe and all its parameters.
package struct DiffusionModel: Sendable {
    /// The recipe, whose architecture holds the widths of a pruned network.
    package let recipe: Recipe
    /// All parameters in the order of the recipe's ``Layout``.
    package let parameters: [Float]

    /// A model with parameters for `recipe`'s architecture.
    package init(recipe: Recipe, parameters: [Float]) {
        precondition(parameters.count == Layout(recipe.architecture).count, "one value for each parameter")
        (self.recipe, self.parameters) = (recipe, parameters)
    }

    /// An untrained model.
    package init(recipe: Recipe, seed: UInt64) {
        let layout = Layout(recipe.architecture)
        var parameters = [Float]()
        parameters.reserveCapacity(layout.count)
        for parameter in layout.parameters {
            switch parameter.start {
            case .constant(let value):
                parameters.append(contentsOf: repeatElement(value, count: parameter.count))
            case .normal(let deviation):
                var stream = RandomStream(seed: seed, "diffusion.start.\(parameter.name)")
                for _ in 0..<parameter.count { parameters.append(Float(stream.normal() * deviation)) }
            }
        }
        self.init(recipe: recipe, parameters: parameters)
    }

    /// The parameters as named tensors, the file that other programs read.
    package func tensors() -> SafeTensors {
        let tensors = Layout(recipe.architecture).parameters.map { parameter in
            SafeTensors.Tensor(
                name: parameter.name, shape: parameter.shape,
                values: Array(parameters[parameter.offset..<parameter.offset + parameter.count]))
        }
        return SafeTensors(tensors: tensors, metadata: ["format": "laurel-unet-1"])
    }

    /// A model from named tensors, which must be exactly those of the recipe's architecture.
    package init(recipe: Recipe, tensors: SafeTensors, at place: String) throws(LaurelError) {
        let layout = Layout(recipe.architecture)
        var byName = Dictionary(tensors.tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var parameters = [Float]()
        parameters.reserveCapacity(layout.count)
        for parameter in layout.parameters {
            guard let tensor = byName.removeValue(forKey: parameter.name) else {
                throw .input(
                    "tensor \(parameter.name) is missing", at: place,
                    next: "check that weights and recipe belong together")
            }
            guard tensor.shape == parameter.shape else {
                throw .input(
                    "tensor \(parameter.name) has shape \(tensor.shape), the recipe wants \(parameter.shape)",
                    at: place,
                    next: "check that weights and recipe belong together")
            }
            guard tensor.values.allSatisfy(\.isFinite) else {
                throw .input(
                    "tensor \(parameter.name) holds a number that is not finite", at: place,
                    next: "take the weights from before its training ran away")
            }
            parameters.append(contentsOf: tensor.values)
        }
        if let foreign = byName.keys.min() {
            throw .input(
                "tensor \(foreign) does not belong to this architecture", at: place,
                next: "check that weights and recipe belong together")
        }
        self.init(recipe: recipe, parameters: parameters)
    }

    /// SHA-256 over the recipe's bytes followed by the weights' bytes.
    package func digest() throws -> Digest {
        try Digest.sha256([UInt8](recipe.encoded()) + [UInt8](tensors().encoded()))
    }

    /// Writes `recipe.json` and `weights.safetensors` into a directory, each in one go.
    package func save(to directory: URL) throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try recipe.encoded().write(to: directory.appending(path: "recipe.json"), options: .atomic)
        try tensors().encoded().write(to: directory.appending(path: "weights.safetensors"), options: .atomic)
    }

    /// Reads what ``save(to:)`` wrote.
    package static func load(from directory: URL) throws(LaurelError) -> DiffusionModel {
        let recipeFile = directory.appending(path: "recipe.json")
        let weightsFile = directory.appending(path: "weights.safetensors")
        do {
            let recipe = try Recipe(parsing: read(recipeFile), at: recipeFile.path)
            let tensors = try SafeTensors(parsing: read(weightsFile), at: weightsFile.path)
            return try DiffusionModel(recipe: recipe, tensors: tensors, at: weightsFile.path)
        } catch {
            // Whatever is wrong with a file that Laurel wrote, nobody is meant to mend it by hand.
            throw .input(
                "the model is damaged (\(error.problem))", at: error.place,
                next: "restore its folder from a backup, or remove the folder and train or import the model again")
        }
    }

    private static func read(_ file: URL) throws(LaurelError) -> Data {
        do {
            return try Data(contentsOf: file)
        } catch {
            throw .input("the file cannot be read", at: file.path)
        }
    }
}
