import Diffusion
import Errors
import Foundation
import Images
import Numerics

/// Measures the engine. Each line that it prints is a name and a number; `ops/benches/engine` makes tables of them.
///
/// Times are of this thread's processor, which a busy machine disturbs least, and the best of several.
enum EngineBench {
    /// Runs the part of the benchmark that `part` names.
    static func run(_ part: String) throws {
        NetworkContext.useOneThread()
        switch part {
        case "steps":
            try peaks()
            for base in [16, 32] { try steps(base: base) }
        case "convolutions":
            try peaks()
            for base in [16, 32] { try convolutions(base: base) }
        case "examples": try examples()
        case "worker": try worker()
        default:
            throw LaurelError.input("no such part of the benchmark", next: "steps, convolutions, examples or worker")
        }
    }

    /// The machine's own limits, in GFLOP/s of one thread: multiply-add bursts in registers, and `sgemm` in the cache.
    private static func peaks() throws {
        let rounds = 2_000_000
        try line("peak", Network.burst(rounds: rounds) / best(10) { _ = Network.burst(rounds: rounds) } / 1e9)
        let square = Square()
        try line("sgemm", Square.operations / best(20) { square.multiply() } / 1e9)
    }

    /// A matrix product that fits the second-level cache.
    private final class Square {
        private static let size = 384
        static var operations: Double { 2 * pow(Double(size), 3) }
        private let arena = Arena()
        private let matrices: [Network.Floats]

        init() {
            let arena = arena
            matrices = (0..<3).map { _ in arena.floats(Square.size * Square.size) }
        }

        func multiply() {
            let size = Square.size
            Network.multiply(
                rows: size, columns: size, inner: size, matrices[0], stride: size, matrices[1], stride: size,
                into: matrices[2], stride: size)
        }
    }

    private static func recipe(base: Int) -> Recipe {
        var recipe = Recipe()
        recipe.architecture.base = base
        return recipe
    }

    private static func fill(_ address: Network.Floats, _ count: Int) {
        var stream = RandomStream(seed: 1, "bench")
        stream.fillNormal(UnsafeMutableBufferPointer(start: address, count: count))
    }

    /// One training step and one sampling step of the network that `ops/benches/engine.py` has in PyTorch.
    private static func steps(base: Int) throws {
        let recipe = recipe(base: base)
        let layout = Layout(recipe.architecture)
        let network = try UNet(layout, images: 64, training: true)
        network.load(DiffusionModel(recipe: recipe, seed: 1).parameters)
        let count = 64 * 16 * 16 * 3
        let arena = Arena()
        let target = arena.floats(count)
        fill(network.input, count)
        fill(target, count)
        network.times.update(repeating: 500)
        let state = AdamW.State(
            first: arena.floats(layout.count), second: arena.floats(layout.count), average: nil)
        var step = 0
        func train() {
            network.forward()
            for i in 0..<count { network.outputGradient[i] = 2 / Float(count) * (network.output[i] - target[i]) }
            network.backward()
            step += 1
            AdamW().step(
                step, rate: 1e-4, scale: 1, ema: 0, count: layout.count, parameters: network.parameters,
                gradient: network.gradients, state)
            network.pack()
        }
        try report("training.\(base)", train)
        // The share of convolutions of any size, timed inside the best of some further steps.
        var (shortest, share) = (Double.infinity, 0.0)
        for _ in 0..<8 {
            let stopwatch = Stopwatch()
            network.stopwatch = stopwatch
            let start = processorSeconds()
            train()
            let seconds = processorSeconds() - start
            if seconds < shortest { (shortest, share) = (seconds, stopwatch.seconds / seconds) }
        }
        try line("step.\(base)", shortest)
        try line("share.\(base)", share)
        let sampler = try UNet(layout, images: 64, training: false)
        sampler.load(DiffusionModel(recipe: recipe, seed: 1).parameters)
        fill(sampler.input, count)
        sampler.times.update(repeating: 500)
        try report("sampling.\(base)") { sampler.forward() }
        try line("gflop.\(base)", 64 * layout.operations / 1e9)
    }

    /// Every convolution of the network by itself: seconds of its three passes, ours and, where ours is our own kernel,
    /// oneDNN's.
    private static func convolutions(base: Int) throws {
        let layout = Layout(recipe(base: base).architecture)
        var seconds: [Convolution.Shape: [String: Double]] = [:]
        for found in layout.convolutions {
            let shape = Convolution.Shape(
                images: 64, side: found.side, input: found.input, output: found.output, stride: found.stride)
            if seconds[shape] == nil { seconds[shape] = try passes(shape) }
            let name = "\(base).\(shape.side).\(shape.input).\(shape.output).\(shape.stride)"
            for (pass, time) in (seconds[shape] ?? [:]).sorted(by: { $0.key < $1.key }) {
                try line("convolution.\(name).\(pass)", time)
            }
        }
    }

    private static func passes(_ shape: Convolution.Shape) throws -> [String: Double] {
        var result: [String: Double] = [:]
        for (name, method) in [("own", nil), ("onednn", Convolution.Method.library)] {
            let context = try NetworkContext()
            let inputs = shape.images * shape.side * shape.side * shape.input
            let outputs = shape.images * shape.outSide * shape.outSide * shape.output
            let (x, dx) = (context.arena.floats(inputs), context.arena.floats(inputs))
            let (y, dy) = (context.arena.floats(outputs), context.arena.floats(outputs))
            let (weights, gradient) = (context.arena.floats(shape.weights), context.arena.floats(shape.weights))
            let (bias, biasGradient) = (context.arena.floats(shape.output), context.arena.floats(shape.output))
            fill(x, inputs)
            fill(dy, outputs)
            fill(weights, shape.weights)
            let convolution = try Convolution(
                context, shape,
                Convolution.Buffers(
                    x: x, y: y, weights: weights, bias: bias,
                    gradients: Convolution.Gradients(dy: dy, dx: dx, weights: gradient, bias: biasGradient)),
                method: method)
            try context.seal()
            result["\(name).pack"] = best(8) { convolution.pack() }
            result["\(name).forward"] = best(8) { convolution.forward() }
            result["\(name).data"] = best(8) { convolution.backwardData() }
            result["\(name).weights"] = best(8) { convolution.backwardWeights() }
        }
        return result
    }

    /// Gradients of each image, left where they are computed, and projected to 4,096 numbers in two ways: seconds an image.
    private static func examples() throws {
        for base in [16, 32] {
            let recipe = recipe(base: base)
            let model = DiffusionModel(recipe: recipe, seed: 1)
            var stream = RandomStream(seed: 2, "bench.images")
            let pixels = (0..<64 * 16 * 16 * 3).map { _ in Float(stream.uniform() * 2 - 1) }
            let images = ImageBatch(count: 64, side: 16, channels: 3, pixels: pixels)
            let network = try UNet(Layout(recipe.architecture), images: 64, purpose: .examples)
            network.load(model.parameters)
            for (i, pixel) in pixels.enumerated() { (network.input[i], network.outputGradient[i]) = (pixel, pixel) }
            try line(
                "examples.\(base).alone",
                best(4) {
                    network.forward()
                    network.backward()
                } / 64)
            let kinds: [(String, ExampleGradients.Projection)] = [
                ("sketch", .sketch(4096)), ("hadamard", .hadamard(4096)),
            ]
            for (name, kind) in kinds {
                let gradients = try ExampleGradients(model, batch: 64, projection: kind)
                let seconds = best(4) {
                    _ = gradients.features(images, levels: [500], noiseSeed: 1, output: .simple)
                }
                try line("examples.\(base).\(name)", seconds / 64)
            }
        }
    }

    /// One worker of a credit run on the demo's pruned model: seconds of the clock for a fine-tuning step and for a sampling
    /// step of 64 images, the best of several rounds, with those of `sgemm` between them, so that two of these programs at
    /// once meet the same machine; and the peak of the process's memory in megabytes.
    private static func worker() throws {
        let recipe = Recipe()
        let (model, _) = prune(DiffusionModel(recipe: recipe, seed: 1), recipe.pruning)
        var stream = RandomStream(seed: 2, "bench.images")
        let pixels = (0..<1000 * 16 * 16 * 3).map { _ in Float(stream.uniform() * 2 - 1) }
        let images = ImageBatch(count: 1000, side: 16, channels: 3, pixels: pixels)
        let workspace = try Workspace(model: model, images: images, batch: 64)
        let square = Square()
        let clock = ContinuousClock()
        var found = [Double](repeating: .infinity, count: 3)
        func time(_ kind: Int, _ repeats: Int, _ body: () throws -> Void) rethrows {
            let start = clock.now
            try body()
            found[kind] = min(found[kind], (clock.now - start) / .seconds(1) / Double(repeats))
        }
        for _ in 0..<6 {
            time(0, 200) { for _ in 0..<200 { square.multiply() } }
            try time(1, 8) { _ = try workspace.fineTune(items: Array(0..<1000), steps: 8, seed: 1) }
            time(2, 16) { _ = workspace.sample(count: 64, steps: 16, noiseSeed: 1) }
        }
        for (kind, name) in ["sgemm", "training", "sampling"].enumerated() { try line("worker.\(name)", found[kind]) }
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        try line("worker.megabytes", Double(usage.ru_maxrss) / 1024)
    }

    private static func best(_ repeats: Int, _ body: () -> Void) -> Double {
        body()
        return (0..<repeats).map { _ in
            let start = processorSeconds()
            body()
            return processorSeconds() - start
        }.min() ?? .infinity
    }

    private static func report(_ name: String, _ body: () -> Void) throws { try line(name, best(8, body)) }

    private static func line(_ name: String, _ value: Double) throws {
        FileHandle.standardOutput.write(Data("\(name) \(value)\n".utf8))
    }
}
