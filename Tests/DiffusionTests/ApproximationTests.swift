import Diffusion
import Errors
import Images
import Numerics
import Testing

@Suite("Approximations of retraining")
struct ApproximationTests {
    /// Dark images at even positions, bright ones at odd positions, so that a subset is worth something.
    private static let images: ImageBatch = {
        var stream = RandomStream(seed: 3, "test.images")
        let pixels = (0..<16 * 8 * 8 * 3).map { i in
            Float(0.2 * stream.normal()) + (i / (8 * 8 * 3) % 2 == 0 ? -0.6 : 0.6)
        }
        return ImageBatch(count: 16, side: 8, channels: 3, pixels: pixels)
    }()
    private static let dark = Array(stride(from: 0, to: 16, by: 2))

    private static func recipe(attention: Bool = true) -> Recipe {
        var recipe = Recipe()
        recipe.architecture.side = 8
        recipe.architecture.base = 16
        recipe.architecture.multipliers = [1, 2]
        recipe.architecture.blocks = 1
        recipe.architecture.attention = attention
        recipe.training.steps = 60
        recipe.training.batch = 16
        recipe.training.warmup = 5
        return recipe
    }

    private static func trained() throws -> DiffusionModel {
        try #require(try train(recipe(), images: images, seed: 1, threads: 1) { _, _ in true })
    }

    /// How much better a model predicts the dark images than the bright ones.
    private static func preference(_ model: DiffusionModel) throws -> Double {
        let bright = images.selecting(dark.map { $0 + 1 })
        return try denoisingLoss(model, images: bright, seed: 5, batches: 4)
            - denoisingLoss(model, images: images.selecting(dark), seed: 5, batches: 4)
    }

    @Test("Each turns the model towards the subset, by the same call, with the same bits each time")
    func towardsTheSubset() throws {
        let model = try ApproximationTests.trained()
        let before = try ApproximationTests.preference(model)
        let first = try Workspace(model: model, images: ApproximationTests.images, batch: 16)
        let second = try Workspace(model: model, images: ApproximationTests.images, batch: 16)
        let all: [Approximation] = [
            .fineTuning(steps: 20, learningRate: 1e-3), .retraining(steps: 60, learningRate: 2e-3),
            .adapters(.everything, rank: 4, alpha: 8, ratio: 16, steps: 20, learningRate: 3e-4),
            .ascent(passes: 8, learningRate: 0.05), .influence(samples: 16, scale: 5),
        ]
        for approximation in all {
            let loss = try first.approximate(approximation, items: ApproximationTests.dark, seed: 2)
            #expect(loss.isFinite && loss > 0)
            #expect(try ApproximationTests.preference(first.current) > before + 0.001, "\(approximation)")
            // What the second workspace did before does not matter.
            _ = try second.approximate(.fineTuning(steps: 3, learningRate: 1e-3), items: [1], seed: 9)
            #expect(try second.approximate(approximation, items: ApproximationTests.dark, seed: 2) == loss)
            #expect(second.current.parameters == first.current.parameters)
            #expect(
                first.sample(count: 2, steps: 2, noiseSeed: 1) == second.sample(count: 2, steps: 2, noiseSeed: 1))
        }
    }

    @Test("Adapters change what they are put on, by matrices of their rank")
    func adapters() throws {
        let model = DiffusionModel(recipe: ApproximationTests.recipe(), seed: 4)
        let layout = Layout(model.recipe.architecture)
        let workspace = try Workspace(model: model, images: ApproximationTests.images, batch: 16)
        // At the start the answer is zero whatever the attention does; a step of everything wakes it.
        _ = try workspace.fineTune(items: ApproximationTests.dark, steps: 20, seed: 1)
        let awake = workspace.current
        workspace.reset(to: awake)
        _ = try workspace.approximate(
            .adapters(.attention, rank: 2, alpha: 4, ratio: 16, steps: 5, learningRate: 1e-3),
            items: ApproximationTests.dark, seed: 2)
        let changed = workspace.current.parameters
        for parameter in layout.parameters {
            let range = parameter.offset..<parameter.offset + parameter.count
            let moved = range.contains { changed[$0] != awake.parameters[$0] }
            #expect(moved == (parameter.name == "middle.attention.qkv.weight"), "\(parameter.name)")
        }
        // Rank two: the third singular value is rounding.
        let qkv = layout.parameter("middle.attention.qkv.weight")
        let difference = Matrix(
            rows: qkv.shape[0], columns: qkv.shape[1],
            values: (0..<qkv.count).map { Double(changed[qkv.offset + $0]) - Double(awake.parameters[qkv.offset + $0]) }
        )
        let values = try LinearAlgebra.singularValues(difference).values
        #expect(values[0] > 1e-4)
        #expect(values[2] < 1e-3 * values[0])
        let plain = DiffusionModel(recipe: ApproximationTests.recipe(attention: false), seed: 4)
        let without = try Workspace(model: plain, images: ApproximationTests.images, batch: 16)
        #expect(throws: LaurelError.self) {
            try without.approximate(
                .adapters(.attention, rank: 2, alpha: 4, ratio: 16, steps: 5, learningRate: 1e-3), items: [0], seed: 2)
        }
    }

    @Test("Retraining starts afresh, whatever the workspace holds")
    func retraining() throws {
        let one = try Workspace(
            model: DiffusionModel(recipe: ApproximationTests.recipe(), seed: 4), images: ApproximationTests.images,
            batch: 16)
        let other = try Workspace(
            model: DiffusionModel(recipe: ApproximationTests.recipe(), seed: 5), images: ApproximationTests.images,
            batch: 16)
        let course = Approximation.retraining(steps: 4, learningRate: 1e-3)
        _ = try one.approximate(course, items: [0, 2], seed: 3)
        _ = try other.approximate(course, items: [0, 2], seed: 3)
        #expect(one.current.parameters == other.current.parameters)
    }
}
