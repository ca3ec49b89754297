import Diffusion
import Errors
import Images
import Numerics
import Testing

@Suite("Gradients of each image")
struct ExampleGradientTests {
    private static let functions: [OutputFunction] = [
        .simple, .bound, .square, .average, .norm1, .norm2, .normInfinity, .between(0.3),
    ]

    /// A small model with attention, or with classes; every parameter is away from its start.
    private static func model(classes: Int) -> DiffusionModel {
        var recipe = Recipe()
        recipe.architecture.side = 8
        recipe.architecture.base = 8
        recipe.architecture.multipliers = [1, 2]
        recipe.architecture.blocks = 1
        recipe.architecture.classes = classes
        recipe.architecture.attention = classes == 0
        recipe.diffusion.prediction = classes == 0 ? .velocity : .noise
        let start = DiffusionModel(recipe: recipe, seed: 5)
        var stream = RandomStream(seed: 6, "test.shake")
        return DiffusionModel(recipe: recipe, parameters: start.parameters.map { $0 + Float(0.1 * stream.normal()) })
    }

    private static func images(_ count: Int) -> ImageBatch {
        var stream = RandomStream(seed: 3, "test.images")
        let pixels = (0..<count * 8 * 8 * 3).map { _ in Float(stream.uniform() * 2 - 1) }
        return ImageBatch(count: count, side: 8, channels: 3, pixels: pixels)
    }

    @Test("They are what a loop over single images gives, for every output function", arguments: [0, 3])
    func loop(classes: Int) throws {
        let (model, images) = (ExampleGradientTests.model(classes: classes), ExampleGradientTests.images(5))
        let labels = classes == 0 ? [] : (0..<5).map { Int32($0 % classes) }
        let together = try ExampleGradients(model, batch: 4, projection: .whole)
        let alone = try ExampleGradients(model, batch: 1, projection: .whole)
        for function in ExampleGradientTests.functions {
            let found = together.features(
                images, labels: labels, levels: [30, 700], noiseSeed: 2, output: function)
            let looped = (0..<5).flatMap { item in
                alone.features(
                    images.selecting([item]), labels: labels.isEmpty ? [] : [labels[item]], levels: [30, 700],
                    noiseSeed: 2, output: function)
            }
            #expect(found.contains { $0 != 0 })
            #expect(relativeDifference(found, looped) < 1e-5, "\(function)")
        }
    }

    @Test("They are the slopes of the output function", arguments: functions.dropLast())
    func slopes(function: OutputFunction) throws {
        let (model, images) = (ExampleGradientTests.model(classes: 0), ExampleGradientTests.images(2))
        let level = 400
        let gradients = try ExampleGradients(model, batch: 2, projection: .whole)
        let found = gradients.features(images, levels: [level], noiseSeed: 2, output: function)
        let layout = Layout(model.recipe.architecture)
        let schedule = NoiseSchedule(model.recipe.diffusion)
        var noiseStream = RandomStream(seed: 2, "attribution.noise", index: UInt64(level))
        let noise = (0..<images.itemSize).map { _ in Float(noiseStream.normal()) }
        let network = try UNet(layout, images: 2, training: false)
        func value(_ parameters: [Float], image: Int) -> Double {
            network.load(parameters)
            let (a, s) = (schedule.signal[level], schedule.noise[level])
            for i in 0..<2 * images.itemSize {
                network.input[i] = a * images.pixels[i] + s * noise[i % images.itemSize]
            }
            network.times.update(repeating: Float(level))
            network.forward()
            let predicted = (0..<images.itemSize).map { i in
                let at = image * images.itemSize + i
                return a * network.output[at] + s * network.input[at]
            }
            return function.value(predicted: predicted, noise: noise, weight: schedule.boundWeight(level))
        }
        var stream = RandomStream(seed: 9, "test.direction")
        for name in [
            "stem.weight", "down.0.0.conv1.weight", "middle.attention.qkv.weight", "up.0.1.norm1.weight", "head.bias",
        ] {
            let parameter = layout.parameter(name)
            let range = parameter.offset..<parameter.offset + parameter.count
            let direction = range.map { _ in Float(stream.normal()) }
            // Single precision cannot resolve small steps; a function with corners needs small ones.
            let size = 2e-3 / Float(parameter.count).squareRoot()
            for image in 0..<2 {
                func moved(_ sign: Float) -> Double {
                    var parameters = model.parameters
                    for (i, at) in range.enumerated() { parameters[at] += sign * size * direction[i] }
                    return value(parameters, image: image)
                }
                let slope = (moved(1) - moved(-1)) / Double(2 * size)
                let row = found[image * layout.count..<(image + 1) * layout.count]
                let expected = zip(range, direction).reduce(0.0) {
                    $0 + Double(row[row.startIndex + $1.0]) * Double($1.1)
                }
                let scale = range.reduce(0.0) {
                    $0 + Double(row[row.startIndex + $1]) * Double(row[row.startIndex + $1])
                }
                .squareRoot()
                #expect(abs(slope - expected) < 0.03 * scale + 0.005 * abs(slope), "\(name) of image \(image)")
            }
        }
    }

    @Test("Projected rows are the projections of the whole rows", arguments: [true, false])
    func projected(sketch: Bool) throws {
        let (model, images) = (ExampleGradientTests.model(classes: 0), ExampleGradientTests.images(3))
        let whole = try ExampleGradients(model, batch: 3, projection: .whole)
            .features(images, levels: [200], noiseSeed: 1, output: .square)
        let short = try ExampleGradients(model, batch: 3, projection: sketch ? .sketch(1024) : .hadamard(1024), seed: 7)
            .features(images, levels: [200], noiseSeed: 1, output: .square)
        let count = whole.count / 3
        func product(_ rows: [Float], _ size: Int, _ a: Int, _ b: Int) -> Double {
            (0..<size).reduce(0) { $0 + Double(rows[a * size + $1]) * Double(rows[b * size + $1]) }
        }
        for (a, b) in [(0, 0), (0, 1), (1, 2), (2, 2)] {
            let scale = (product(whole, count, a, a) * product(whole, count, b, b)).squareRoot()
            let error = (product(short, 1024, a, b) - product(whole, count, a, b)) / scale
            // Four deviations of 1/√1024.
            #expect(abs(error) < 4.0 / 32)
        }
    }
}
