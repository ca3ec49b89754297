package import Errors
package import Images
internal import Numerics

/// Draws images from a model by DDIM (Song et al. 2021).
///
/// Image `i` of a seed is made from its own noise stream, in a batch whose size and grouping never change. So the first
/// images of a large order are those of a small one, whoever asks, on the same kind of processor.
package final class Sampler {
    /// Images computed together.
    package static let batch = 64

    private let network: UNet
    private let recipe: Recipe
    private let schedule: NoiseSchedule

    /// Makes the network for `recipe`; ``load(_:)`` comes before the first sample.
    package init(_ recipe: Recipe) throws(LaurelError) {
        self.recipe = recipe
        schedule = NoiseSchedule(recipe.diffusion)
        network = try UNet(Layout(recipe.architecture), images: Sampler.batch, training: false)
    }

    /// Bytes held.
    package var bytes: Int { network.bytes }

    /// Takes a model's parameters.
    package func load(_ parameters: [Float]) {
        NetworkContext.useOneThread()
        network.load(parameters)
    }

    /// Takes the present parameters of a course of training.
    func load(_ run: TrainingRun) { run.export(to: network) }

    /// `count` images in `steps` steps. `eta` 0 is deterministic given the first noise; 1 adds noise at every step, as
    /// ancestral sampling does. A conditional model draws the class `label`, or takes the classes in turns.
    package func sample(count: Int, steps: Int, seed: UInt64, eta: Float = 0, label: Int? = nil) -> ImageBatch {
        NetworkContext.useOneThread()
        let shape = recipe.architecture
        let size = shape.side * shape.side * shape.channels
        var pixels = [Float]()
        pixels.reserveCapacity(count * size)
        for first in stride(from: 0, to: count, by: Sampler.batch) {
            start(first: first, size: size, seed: seed, label: label)
            denoise(first: first, size: size, steps: steps, seed: seed, eta: eta)
            let wanted = min(Sampler.batch, count - first) * size
            pixels.append(contentsOf: UnsafeBufferPointer(start: network.input, count: wanted))
        }
        return ImageBatch(count: count, side: shape.side, channels: shape.channels, pixels: pixels)
    }

    /// Images from given noise, at most ``batch`` of them, by DDIM without fresh noise.
    package func denoise(_ noise: ImageBatch, steps: Int) -> ImageBatch {
        precondition(noise.count <= Sampler.batch, "one batch at a time")
        NetworkContext.useOneThread()
        start(first: 0, size: noise.itemSize, seed: 0, label: nil)
        noise.pixels.withUnsafeBufferPointer { pixels in
            for i in pixels.indices { network.input[i] = pixels[i] }
        }
        denoise(first: 0, size: noise.itemSize, steps: steps, seed: 0, eta: 0)
        return ImageBatch(
            count: noise.count, side: noise.side, channels: noise.channels,
            pixels: Array(UnsafeBufferPointer(start: network.input, count: noise.pixels.count)))
    }

    private func start(first: Int, size: Int, seed: UInt64, label: Int?) {
        for image in 0..<Sampler.batch {
            var stream = RandomStream(seed: seed, "diffusion.sample", index: UInt64(first + image))
            stream.fillNormal(UnsafeMutableBufferPointer(start: network.input + image * size, count: size))
            if recipe.architecture.classes > 0 {
                network.classes[image] = Int32(label ?? (first + image) % recipe.architecture.classes)
            }
        }
    }

    /// Takes ``UNet/input`` from noise to images, in place.
    private func denoise(first: Int, size: Int, steps: Int, seed: UInt64, eta: Float) {
        let levels = schedule.levels(steps: steps)
        var fresh = [Float](repeating: 0, count: eta > 0 ? size : 0)
        for (index, level) in levels.enumerated() {
            network.times.update(repeating: Float(level))
            network.forward()
            let (a, s) = (schedule.signal[level], schedule.noise[level])
            let last = index + 1 == levels.count
            let (nextA, nextS) = last ? (1, 0) : (schedule.signal[levels[index + 1]], schedule.noise[levels[index + 1]])
            // Song et al. (2021), equation 16.
            let spread = last ? 0 : eta * nextS / s * max(0, 1 - a * a / (nextA * nextA)).squareRoot()
            let kept = max(0, nextS * nextS - spread * spread).squareRoot()
            for image in 0..<Sampler.batch {
                if spread > 0 {
                    var stream = RandomStream(
                        seed: seed, "diffusion.sample.\(index)", index: UInt64(first + image))
                    fresh.withUnsafeMutableBufferPointer { stream.fillNormal($0) }
                }
                for i in image * size..<(image + 1) * size {
                    let (x, answer) = (network.input[i], network.output[i])
                    let guess = recipe.diffusion.prediction == .noise ? (x - s * answer) / a : a * x - s * answer
                    let clean = min(1, max(-1, guess))
                    let noise = (x - a * clean) / s
                    network.input[i] =
                        nextA * clean + kept * noise + (spread > 0 ? spread * fresh[i - image * size] : 0)
                }
            }
        }
    }
}
