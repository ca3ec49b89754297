import CAllocations
import Diffusion
import Images
import Numerics
import Testing

@Suite("Memory")
struct AllocationTests {
    /// How often `body` asks for memory on this thread.
    private static func allocations(_ body: () throws -> Void) rethrows -> Int {
        let before = laurel_allocations()
        try body()
        return laurel_allocations() - before
    }

    @Test(
        "Fine-tuning and sampling ask for no memory at any step", .enabled(if: laurel_allocations() >= 0),
        arguments: [(true, 0), (false, 3)])
    func nothingPerStep(attention: Bool, classes: Int) throws {
        var recipe = Recipe()
        recipe.architecture.side = 8
        recipe.architecture.base = 16
        recipe.architecture.multipliers = [1, 2]
        recipe.architecture.attention = attention
        recipe.architecture.classes = classes
        let pixels = (0..<12 * 8 * 8 * 3).map { Float($0 % 17) / 17 }
        let images = ImageBatch(count: 12, side: 8, channels: 3, pixels: pixels)
        let labels = classes == 0 ? [] : (0..<12).map { Int32($0 % classes) }
        let workspace = try Workspace(
            model: DiffusionModel(recipe: recipe, seed: 1), images: images, labels: labels, batch: 16)
        let items = [1, 2, 5, 7]
        func fineTune(_ steps: Int) throws -> Int {
            try AllocationTests.allocations { _ = try workspace.fineTune(items: items, steps: steps, seed: 1) }
        }
        func sample(_ steps: Int) -> Int {
            AllocationTests.allocations { _ = workspace.sample(count: 64, steps: steps, noiseSeed: 1) }
        }
        // What is made once, when first needed, is made here.
        _ = try (fineTune(2), sample(2))
        let trained = (few: try fineTune(2), many: try fineTune(12))
        #expect(trained.many == trained.few)
        let sampled = (few: sample(2), many: sample(12))
        #expect(sampled.many == sampled.few)
        // The count counts.
        #expect(AllocationTests.allocations { _ = workspace.sample(count: 1, steps: 1, noiseSeed: 1).pixels } > 0)
    }
}
