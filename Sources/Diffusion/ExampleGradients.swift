package import Errors
package import Images
internal import Numerics

/// The gradients of an output function for every image by itself, from one pass over a batch, projected while they come.
///
/// No image has a pass of its own: the network computes the inputs' gradients for the whole batch and, layer by layer, the
/// parameters' gradients of one image after another, which the projection consumes at once. So memory is that of one layer
/// and of the results. The noise of a level is the same for all images.
package final class ExampleGradients {
    /// How gradients are made short.
    package enum Projection: Hashable, Sendable {
        /// Not at all.
        case whole
        /// ``CountSketch`` into so many buckets.
        case sketch(Int)
        /// ``HadamardProjection`` to so many numbers.
        case hadamard(Int)
    }

    private let recipe: Recipe
    private let schedule: NoiseSchedule
    private let network: UNet
    private let projection: any GradientProjection

    /// Numbers in a result.
    package var dimension: Int { projection.dimension }

    /// Makes the network for batches of `batch` images. `seed` decides the projection.
    package init(
        _ model: DiffusionModel, batch: Int = 64, projection: Projection = .sketch(4096), seed: UInt64 = 0
    ) throws(LaurelError) {
        recipe = model.recipe
        schedule = NoiseSchedule(recipe.diffusion)
        let layout = Layout(recipe.architecture)
        network = try UNet(layout, images: batch, purpose: .examples)
        network.load(model.parameters)
        self.projection =
            switch projection {
            case .whole: WholeGradient(count: layout.count, images: batch)
            case .sketch(let size):
                CountSketch(count: layout.count, dimension: size, images: batch, seed: seed)
            case .hadamard(let size):
                HadamardProjection(count: layout.count, dimension: size, images: batch, seed: seed)
            }
        let receiving = self.projection
        network.receiver = { range, image, values in receiving.receive(range, of: image, values) }
    }

    /// The mean over `levels` of the gradients of `output`, one row of ``dimension`` numbers an image.
    ///
    /// - Parameters:
    ///   - images: Any number of images of the model's size.
    ///   - labels: One class an image when the model is conditional.
    ///   - levels: Noise levels, each below the process's timesteps.
    ///   - noiseSeed: Seed of the noise, which is the same for every image of a level.
    ///   - output: What is differentiated.
    package func features(
        _ images: ImageBatch, labels: [Int32] = [], levels: [Int], noiseSeed: UInt64, output: OutputFunction
    ) -> [Float] {
        precondition(!levels.isEmpty && levels.allSatisfy(schedule.signal.indices.contains), "levels of the schedule")
        NetworkContext.useOneThread()
        let batch = network.images
        var result = [Float](repeating: 0, count: images.count * dimension)
        for first in stride(from: 0, to: images.count, by: batch) {
            for level in levels {
                pass(images, labels, first: first, level: level, noiseSeed: noiseSeed, output: output)
                let wanted = min(batch, images.count - first) * dimension
                for i in 0..<wanted { result[first * dimension + i] += projection.rows[i] / Float(levels.count) }
            }
        }
        return result
    }

    /// One batch at one level: forward, the function's gradient, back into the projection.
    private func pass(
        _ images: ImageBatch, _ labels: [Int32], first: Int, level: Int, noiseSeed: UInt64, output: OutputFunction
    ) {
        let size = images.itemSize
        var stream = RandomStream(seed: noiseSeed, "attribution.noise", index: UInt64(level))
        let noise = (0..<size).map { _ in Float(stream.normal()) }
        let (a, s) = (schedule.signal[level], schedule.noise[level])
        for slot in 0..<network.images {
            // What is left of the last batch repeats its first image; those rows are not read.
            let item = first + slot < images.count ? first + slot : first
            network.times[slot] = Float(level)
            if !labels.isEmpty { network.classes[slot] = labels[item] }
            for i in 0..<size { network.input[slot * size + i] = a * images.pixels[item * size + i] + s * noise[i] }
        }
        network.forward()
        var (predicted, gradient) = ([Float](repeating: 0, count: size), [Float](repeating: 0, count: size))
        // The noise in a velocity v at x_t is a·v + s·x_t.
        let velocity = recipe.diffusion.prediction == .velocity
        for slot in 0..<network.images {
            for i in 0..<size {
                let answer = network.output[slot * size + i]
                predicted[i] = velocity ? a * answer + s * network.input[slot * size + i] : answer
            }
            output.gradient(predicted: predicted, noise: noise, weight: schedule.boundWeight(level), into: &gradient)
            for i in 0..<size { network.outputGradient[slot * size + i] = velocity ? a * gradient[i] : gradient[i] }
        }
        projection.begin()
        network.backward()
        projection.finish()
    }
}
