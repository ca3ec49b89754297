import Diffusion
import Errors
import Foundation
import Images
import Numerics
import Testing

@Suite("Learning the demo's pictures")
struct LearningTests {
    private static func pictures() throws -> [Image] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../ops/demo-data/openclipart-32").standardized
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        let paths = files.compactMap { ($0 as? URL)?.path }.filter { $0.hasSuffix(".png") }.sorted()
        return try paths.map { try Image.decode(Array(Data(contentsOf: URL(filePath: $0))), name: $0) }
    }

    /// The loss of the best predictor that knows only the pictures' overall brightness: a multiple of x_t for each level.
    private static func trivialLoss(_ images: ImageBatch, _ process: DiffusionProcess) -> Double {
        let schedule = NoiseSchedule(process)
        let square = images.pixels.reduce(0.0) { $0 + Double($1 * $1) } / Double(images.pixels.count)
        let losses = zip(schedule.signal, schedule.noise).map { a, s in
            let (a, s) = (Double(a), Double(s))
            let (target, covariance) = (a * a + s * s * square, a * s * (1 - square))
            return target - covariance * covariance / (a * a * square + s * s)
        }
        return losses.reduce(0, +) / Double(losses.count)
    }

    @Test("Pictures never seen are predicted clearly better than at the start, and than by a trivial predictor")
    func heldOut() throws {
        let all = try LearningTests.pictures()
        var recipe = Recipe()
        recipe.architecture.base = 16
        recipe.training.steps = 220
        let train = all.enumerated().filter { $0.offset % 6 != 0 }.map(\.element)
        let test = all.enumerated().filter { $0.offset % 6 == 0 }.map(\.element)
        let held = ImageBatch(test, side: 16, channels: 3)
        let model = try #require(
            try Diffusion.train(recipe, images: ImageBatch(train, side: 16, channels: 3), seed: 1) { _, _ in true })
        let start = try denoisingLoss(DiffusionModel(recipe: recipe, seed: 1), images: held, seed: 2)
        let end = try denoisingLoss(model, images: held, seed: 2)
        let trivial = LearningTests.trivialLoss(held, recipe.diffusion)
        #expect(end < 0.5 * start)
        #expect(end < 0.5 * trivial)
    }

    private static func tiny() -> Recipe {
        var recipe = Recipe()
        recipe.architecture.side = 8
        recipe.architecture.base = 8
        recipe.architecture.multipliers = [1]
        recipe.architecture.blocks = 1
        recipe.training.steps = 30
        recipe.training.batch = 2
        return recipe
    }

    @Test("A loss that is not a number stops the training at its step, and the last checkpoint continues")
    func notANumber() throws {
        let recipe = LearningTests.tiny()
        var pixels = [Float](repeating: 0.5, count: 20 * 8 * 8 * 3)
        let good = ImageBatch(count: 20, side: 8, channels: 3, pixels: pixels)
        pixels[7 * 8 * 8 * 3] = .nan
        let bad = ImageBatch(count: 20, side: 8, channels: 3, pixels: pixels)
        var last: TrainingCheckpoint?
        let failure = #expect(throws: LaurelError.self) {
            try train(recipe, images: bad, seed: 1, threads: 1) { _, snapshot in
                last = snapshot()
                return true
            }
        }
        let checkpoint = try #require(last)
        #expect(checkpoint.step > 0 && checkpoint.step < 30)
        #expect(failure?.place == "training step \(checkpoint.step + 1)")
        #expect(checkpoint.parameters.allSatisfy(\.isFinite) && checkpoint.average.allSatisfy(\.isFinite))
        #expect(try train(recipe, images: good, seed: 1, from: checkpoint, threads: 1) { _, _ in true } != nil)
    }

    @Test(
        "The memory that is foreseen is what training takes, or a little more",
        arguments: [
            (16, 16, 3, [1, 2, 2]), (8, 8, 1, [1, 2]), (16, 32, 3, [1, 2, 2]), (32, 16, 3, [1, 2, 2]),
            // Attention over all pixels is most of what it takes.
            (32, 8, 1, [1]), (16, 64, 3, [1]),
        ])
    func memory(side: Int, base: Int, channels: Int, multipliers: [Int]) throws {
        var recipe = Recipe()
        recipe.architecture.side = side
        recipe.architecture.base = base
        recipe.architecture.channels = channels
        recipe.architecture.multipliers = multipliers
        let images = ImageBatch(
            count: 1, side: side, channels: channels, pixels: [Float](repeating: 0, count: side * side * channels))
        let run = try TrainingRun(recipe, images: images, batch: 32, parts: 2, keepsAverage: true)
        let foreseen = Layout(recipe.architecture).estimatedBytes(batch: 32)
        #expect(foreseen > Double(run.bytes))
        #expect(foreseen < 1.6 * Double(run.bytes))
        let worker = try Workspace(model: DiffusionModel(recipe: recipe, seed: 1), images: images, batch: 32)
        let foreseenWorker = Layout(recipe.architecture).estimatedWorkspaceBytes(batch: 32)
        #expect(foreseenWorker > Double(worker.bytes))
        #expect(foreseenWorker < 1.6 * Double(worker.bytes))
        // Small batches do not make the measurement at the end small.
        let measuring = try TrainingRun(recipe, images: images, batch: 64, parts: 1, keepsAverage: false)
        #expect(Layout(recipe.architecture).estimatedCourseBytes(batch: 2) > Double(measuring.bytes))
    }

    @Test("The WoodFisher recursion multiplies by the inverse of the damped Fisher matrix")
    func inverse() {
        // With one direction only it is the formula of Sherman and Morrison, once for every gradient but the first.
        var (u, o) = ([1.0, 1.0, 1.0], [Double]())
        for _ in 0..<50 { woodFisher(&u, &o, [2, 0, 0], of: 50) }
        #expect(abs(u[0] - 1 / (1 + 49.0 * 4 / 50)) < 1e-12)
        #expect(u[1] == 1 && u[2] == 1)
    }
}
