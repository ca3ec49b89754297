import Diffusion
import Errors
import Foundation
import Images
import Numerics
import Testing

/// A small recipe that trains in a second.
private func smallRecipe() -> Recipe {
    var recipe = Recipe()
    recipe.architecture.side = 8
    recipe.architecture.base = 16
    recipe.architecture.multipliers = [1, 2]
    recipe.architecture.blocks = 1
    recipe.training.steps = 6
    recipe.training.batch = 8
    recipe.training.warmup = 2
    return recipe
}

private func someImages(_ count: Int = 12) -> ImageBatch {
    var stream = RandomStream(seed: 3, "test.images")
    let pixels = (0..<count * 8 * 8 * 3).map { _ in Float(stream.uniform() * 2 - 1) }
    return ImageBatch(count: count, side: 8, channels: 3, pixels: pixels)
}

/// A model whose every parameter is away from its start, so that nothing is zero by chance.
private func shakenModel() -> DiffusionModel {
    let model = DiffusionModel(recipe: smallRecipe(), seed: 5)
    var stream = RandomStream(seed: 6, "test.shake")
    return DiffusionModel(
        recipe: model.recipe, parameters: model.parameters.map { $0 + Float(0.1 * stream.normal()) })
}

private func answer(_ model: DiffusionModel) throws -> [Float] {
    let network = try UNet(Layout(model.recipe.architecture), images: 4, training: false)
    network.load(model.parameters)
    let count = 4 * 8 * 8 * 3
    var stream = RandomStream(seed: 8, "test.input")
    stream.fillNormal(UnsafeMutableBufferPointer(start: network.input, count: count))
    for image in 0..<4 { network.times[image] = Float(200 * image) }
    network.forward()
    return Array(UnsafeBufferPointer(start: network.output, count: count))
}

@Suite("Training, pruning and sampling")
struct EngineTests {
    @Test("A training continued from a checkpoint ends in the same bits, with one thread or two")
    func exactResume() throws {
        let (recipe, images) = (smallRecipe(), someImages())
        var middle: TrainingCheckpoint?
        let whole = try train(recipe, images: images, seed: 1, threads: 2) { outcome, checkpoint in
            if outcome.step == 3 { middle = checkpoint() }
            return true
        }
        let file = try #require(middle).encoded(course: "c", losses: [1, 2, 3])
        let count = Layout(recipe.architecture).count
        let read = try TrainingCheckpoint.read(file, course: "c", count: count, at: "memory")
        let continued = try train(recipe, images: images, seed: 1, from: read.checkpoint, threads: 1) { _, _ in true }
        #expect(try #require(whole).parameters == #require(continued).parameters)
        func refusal(_ data: Data, course: String = "c", count: Int = count) -> LaurelError? {
            #expect(throws: LaurelError.self) {
                try TrainingCheckpoint.read(data, course: course, count: count, at: "memory")
            }
        }
        #expect(refusal(file, course: "another")?.kind == .refused)
        // One bit of one number would lead to another model without anybody noticing.
        var flipped = file
        flipped[file.count - 7] ^= 1
        for damaged in [flipped, file.prefix(100), file.prefix(file.count / 2), Data()] {
            #expect(refusal(damaged)?.kind == .input)
        }
        #expect(refusal(file, count: count - 1)?.kind == .input)
    }

    @Test("Removing channels whose parameters are zero changes nothing")
    func silentChannels() throws {
        let model = shakenModel()
        let layout = Layout(model.recipe.architecture)
        var parameters = model.parameters
        var kept: [String: [Int]] = [:]
        for space in layout.spaceNames {
            let width = layout.width([space])
            kept[space] = Array(width / 2..<width)
        }
        for parameter in layout.parameters {
            for (index, axis) in parameter.axes.enumerated() {
                guard case .spaces(let names) = axis else { continue }
                let inner = parameter.shape.dropFirst(index + 1).reduce(1, *)
                var silent: [Bool] = []
                for name in names {
                    let width = layout.width([name])
                    silent += (0..<width).map { $0 < width / 2 }
                }
                for i in 0..<parameter.count where silent[i / inner % parameter.shape[index]] {
                    parameters[parameter.offset + i] = 0
                }
            }
        }
        let quiet = DiffusionModel(recipe: model.recipe, parameters: parameters)
        let (small, report) = keep(kept, of: quiet)
        #expect(report.parametersAfter < report.parametersBefore / 2)
        #expect(relativeDifference(try answer(small), try answer(quiet)) < 1e-5)
        // The silent half is also the least important one, by either name.
        var pruning = Pruning()
        pruning.multiple = 8
        let (found, _) = prune(quiet, pruning)
        #expect(found.parameters == small.parameters)
    }

    @Test("Every parameter's gradient is the slope of the loss")
    func centralDifferences() throws {
        let model = shakenModel()
        let layout = Layout(model.recipe.architecture)
        let images = someImages()
        let gradient = try lossGradient(model, images: images, seed: 4, batches: 1)
        var stream = RandomStream(seed: 9, "test.direction")
        for parameter in layout.parameters {
            // A random direction within one tensor: single precision cannot resolve one element at a time.
            let range = parameter.offset..<parameter.offset + parameter.count
            let direction = range.map { _ in Float(stream.normal()) }
            let size = 2e-3 / Float(parameter.count).squareRoot()
            func loss(_ sign: Float) throws -> Double {
                var moved = model.parameters
                for (i, at) in range.enumerated() { moved[at] += sign * size * direction[i] }
                let other = DiffusionModel(recipe: model.recipe, parameters: moved)
                return try denoisingLoss(other, images: images, seed: 4, batches: 1)
            }
            let slope = (try loss(1) - loss(-1)) / Double(2 * size)
            let expected = zip(range, direction).reduce(0.0) { $0 + Double(gradient[$1.0]) * Double($1.1) }
            let scale = range.reduce(0.0) { $0 + Double(gradient[$1]) * Double(gradient[$1]) }.squareRoot()
            #expect(abs(slope - expected) < 0.02 * scale + 0.02, "\(parameter.name)")
        }
    }

    @Test("The first images of a large order are those of a small one, in any workspace")
    func commonNoise() throws {
        let (model, images) = (shakenModel(), someImages())
        let first = try Workspace(model: model, images: images, batch: 8)
        let second = try Workspace(model: model, images: images, batch: 8)
        let few = first.sample(count: 5, steps: 3, noiseSeed: 2)
        let many = second.sample(count: 70, steps: 3, noiseSeed: 2)
        #expect(few.pixels == Array(many.pixels.prefix(few.pixels.count)))
        let loss = try first.fineTune(items: [1, 4, 7], steps: 4, seed: 11)
        _ = try second.fineTune(items: [0, 2], steps: 7, seed: 12)
        #expect(try second.fineTune(items: [1, 4, 7], steps: 4, seed: 11) == loss)
        #expect(first.sample(count: 3, steps: 3, noiseSeed: 2) == second.sample(count: 3, steps: 3, noiseSeed: 2))
    }

    @Test("Two workers at once give what each gives alone")
    func workers() async throws {
        let (model, images) = (shakenModel(), someImages())
        func work(_ items: [Int]) throws -> ImageBatch {
            let workspace = try Workspace(model: model, images: images, batch: 8)
            _ = try workspace.fineTune(items: items, steps: 5, seed: 3)
            return workspace.sample(count: 3, steps: 3, noiseSeed: 2)
        }
        let subsets = [[0, 1, 2], [3, 4], [5, 6, 7, 8], [9]]
        let together = try await withThrowingTaskGroup(of: (Int, ImageBatch).self) { group in
            for (index, items) in subsets.enumerated() { group.addTask { (index, try work(items)) } }
            var found: [Int: ImageBatch] = [:]
            for try await (index, drawn) in group { found[index] = drawn }
            return found
        }
        for (index, items) in subsets.enumerated() { #expect(try work(items) == together[index]) }
    }

    @Test("Fine-tuning and sampling come to the same in every kernel variant of this processor")
    func everyKernel() throws {
        let before = NetworkContext.kernelName
        defer { _ = NetworkContext.select(kernel: before) }
        let (model, images) = (shakenModel(), someImages())
        func work() throws -> (loss: Double, model: [Float], drawn: [Float]) {
            let workspace = try Workspace(model: model, images: images, batch: 8)
            let loss = try workspace.fineTune(items: [0, 3, 5, 8], steps: 3, seed: 3)
            return (loss, workspace.current.parameters, workspace.sample(count: 2, steps: 3, noiseSeed: 2).pixels)
        }
        #expect(NetworkContext.select(kernel: "baseline") && NetworkContext.kernelName == "baseline")
        let plain = try work()
        for name in ["avx2", "avx512"] where NetworkContext.select(kernel: name) {
            #expect(NetworkContext.kernelName == name)
            let fast = try work()
            #expect(abs(fast.loss - plain.loss) < 1e-4 * plain.loss)
            #expect(relativeDifference(fast.model, plain.model) < 1e-3)
            #expect(relativeDifference(fast.drawn, plain.drawn) < 1e-2)
        }
    }

    @Test("A conditional model draws the class that is asked for")
    func classes() throws {
        var recipe = smallRecipe()
        recipe.architecture.classes = 2
        let start = DiffusionModel(recipe: recipe, seed: 5)
        var stream = RandomStream(seed: 6, "test.shake")
        let sampler = try Sampler(recipe)
        sampler.load(start.parameters.map { $0 + Float(0.1 * stream.normal()) })
        let turns = sampler.sample(count: 4, steps: 3, seed: 1)
        let (zeros, ones) = (
            sampler.sample(count: 4, steps: 3, seed: 1, label: 0), sampler.sample(count: 4, steps: 3, seed: 1, label: 1)
        )
        #expect(zeros != ones)
        for image in 0..<4 {
            #expect(turns.selecting([image]) == (image % 2 == 0 ? zeros : ones).selecting([image]))
        }
    }

    @Test("Weights survive a file; cut, damaged or foreign files are refused")
    func safeTensors() throws {
        let model = shakenModel()
        let data = try model.tensors().encoded()
        let read = try DiffusionModel(
            recipe: Recipe(parsing: model.recipe.encoded(), at: "r"), tensors: SafeTensors(parsing: data, at: "w"),
            at: "w")
        #expect(read.parameters == model.parameters)
        for length in [0, 4, 8, 100, data.count - 1] {
            #expect(throws: LaurelError.self) { try SafeTensors(parsing: data.prefix(length), at: "w") }
        }
        var damaged = data
        damaged[0] = 0xFF
        #expect(throws: LaurelError.self) { try SafeTensors(parsing: damaged, at: "w") }
        var wild = model.tensors()
        wild.tensors[3].values[0] = .nan
        let name = wild.tensors[3].name
        let refusal = #expect(throws: LaurelError.self) {
            try DiffusionModel(recipe: model.recipe, tensors: wild, at: "w")
        }
        #expect(refusal?.problem.contains(name) == true && refusal?.remedy != nil)
        var other = model.recipe
        other.architecture.attention = false
        #expect(throws: LaurelError.self) {
            try DiffusionModel(recipe: other, tensors: SafeTensors(parsing: data, at: "w"), at: "w")
        }
    }
}
