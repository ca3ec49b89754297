import Diffusion
import Errors
import Foundation
import Numerics

/// Measures steps of the engine in processor time of this thread, which a busy machine disturbs least.
enum EngineBench {
    /// Prints one line a measurement: its name and the best of several in seconds.
    static func run() throws {
        try peak(repeats: 20)
        for base in [16, 32] { try run(base: base, repeats: 8) }
    }

    private static func run(base: Int, repeats: Int) throws {
        var recipe = Recipe()
        recipe.architecture.base = base
        let layout = Layout(recipe.architecture)
        let network = try UNet(layout, images: 64, training: true)
        network.load(DiffusionModel(recipe: recipe, seed: 1).parameters)
        var stream = RandomStream(seed: 1, "bench")
        let count = 64 * 16 * 16 * 3
        stream.fillNormal(UnsafeMutableBufferPointer(start: network.input, count: count))
        stream.fillNormal(UnsafeMutableBufferPointer(start: network.outputGradient, count: count))
        network.times.update(repeating: 500)
        let arena = Arena()
        let state = AdamW.State(
            first: arena.floats(layout.count), second: arena.floats(layout.count),
            average: arena.floats(layout.count))
        var step = 0
        try report("training.\(base)", repeats) {
            network.forward()
            network.backward()
            step += 1
            AdamW().step(
                step, rate: 1e-4, scale: 1, ema: 0.99, count: layout.count, parameters: network.parameters,
                gradient: network.gradients, state)
            network.pack()
        }
        let sampler = try UNet(layout, images: 64, training: false)
        sampler.load(DiffusionModel(recipe: recipe, seed: 1).parameters)
        try report("sampling.\(base)", repeats) { sampler.forward() }
        try line("gflop.\(base)", 64 * layout.operations / 1e9)
    }

    /// Prints the rate of `sgemm` on a square that fits the cache.
    private static func peak(repeats: Int) throws {
        let (arena, size) = (Arena(), 384)
        let (a, b, c) = (arena.floats(size * size), arena.floats(size * size), arena.floats(size * size))
        let seconds = best(repeats) {
            Network.multiply(
                rows: size, columns: size, inner: size, a, stride: size, b, stride: size, into: c, stride: size)
        }
        try line("sgemm", 2 * pow(Double(size), 3) / seconds / 1e9)
    }

    private static func best(_ repeats: Int, _ body: () -> Void) -> Double {
        body()
        return (0..<repeats).map { _ in
            let start = processorSeconds()
            body()
            return processorSeconds() - start
        }.min() ?? .infinity
    }

    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    private static func report(_ name: String, _ repeats: Int, _ body: () -> Void) throws {
        try line(name, best(repeats, body))
    }

    private static func line(_ name: String, _ value: Double) throws {
        FileHandle.standardOutput.write(Data("\(name) \(value)\n".utf8))
    }
}
