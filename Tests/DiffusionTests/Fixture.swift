import Diffusion
import Foundation
import Testing

/// PyTorch's answers for one small network, written by `ops/fixtures/diffusion.py`.
struct Fixture {
    let tensors: [String: SafeTensors.Tensor]
    let recipe: Recipe

    enum Name: String, CaseIterable, Sendable {
        case plain
        case conditional
    }

    init(_ name: Name) throws {
        let url = try #require(
            Bundle.module.url(forResource: name.rawValue, withExtension: "safetensors", subdirectory: "Fixtures"))
        let file = try SafeTensors(parsing: Data(contentsOf: url), at: url.path)
        tensors = Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0) })
        var recipe = Recipe()
        recipe.architecture.side = 8
        recipe.architecture.blocks = 1
        switch name {
        case .plain:
            recipe.architecture.base = 8
            recipe.architecture.multipliers = [1, 2]
        case .conditional:
            recipe.architecture.base = 16
            recipe.architecture.multipliers = [1, 1]
            recipe.architecture.channels = 1
            recipe.architecture.attention = false
            recipe.architecture.classes = 3
            recipe.diffusion.prediction = .noise
            recipe.diffusion.schedule = .linear
        }
        self.recipe = recipe
    }

    func values(_ name: String) throws -> [Float] { try #require(tensors[name], "no tensor \(name)").values }

    /// The flat vector of all tensors with a prefix, in the layout's order.
    func flat(_ prefix: String) throws -> [Float] {
        try Layout(recipe.architecture).parameters.flatMap { parameter in
            let tensor = try #require(tensors["\(prefix).\(parameter.name)"], "no tensor \(prefix).\(parameter.name)")
            #expect(tensor.shape == parameter.shape)
            return tensor.values
        }
    }

    /// A training network with the fixture's parameters and inputs.
    func network() throws -> UNet {
        let network = try UNet(Layout(recipe.architecture), images: 4, training: true)
        network.load(try flat("parameters"))
        for (index, value) in try values("x").enumerated() { network.input[index] = value }
        for (index, value) in try values("times").enumerated() {
            network.times[index] = value
            if recipe.architecture.classes > 0 {
                network.classes[index] = Int32(index % recipe.architecture.classes)
            }
        }
        return network
    }
}

/// The largest difference, in units of the largest reference value.
func relativeDifference(_ values: some Sequence<Float>, _ reference: [Float]) -> Double {
    let largest = reference.map { abs(Double($0)) }.max() ?? 0
    return zip(values, reference).map { abs(Double($0) - Double($1)) }.max().map { $0 / max(largest, 1e-12) } ?? 0
}
