import Dispatch
package import Errors
package import Images
internal import Numerics

/// A course of training under way: networks, optimiser and position, advanced a step at a time.
///
/// A batch is always cut into the same number of parts, each computed by its own network, and the gradients are added
/// in the parts' order. So the bits depend on the number of parts and never on how many threads compute them.
/// Every step draws items, noise levels and noise from its own random stream, so a run continued from a checkpoint
/// does exactly what it would have done.
package final class TrainingRun {
    /// What a step learned.
    package struct Outcome: Sendable {
        /// The step just done, from 1.
        package let step: Int
        /// Mean squared error of the prediction, before the step.
        package let loss: Double
    }

    /// Steps done so far.
    package private(set) var step = 0
    private let schedule: NoiseSchedule
    private let process: DiffusionProcess
    private let images: ImageBatch
    private let labels: [Int32]
    private let parts: [UNet]
    private let memory = Arena()
    private let state: AdamW.State
    private let batch: Int
    private let noise: Network.Floats
    private let target: Network.Floats
    /// The sum of squared errors of each part, kept so that a step allocates nothing.
    private var losses: [Double]
    /// Number of parameters.
    let count: Int

    /// Makes networks for `parts` equal parts of a batch. `labels` has one class an image for conditional networks.
    package init(
        _ recipe: Recipe, images: ImageBatch, labels: [Int32] = [], batch: Int, parts: Int, keepsAverage: Bool
    ) throws(LaurelError) {
        let layout = Layout(recipe.architecture)
        precondition(batch % parts == 0, "a batch divides into its parts")
        precondition(
            images.side == recipe.architecture.side && images.channels == recipe.architecture.channels,
            "images have the network's size")
        process = recipe.diffusion
        schedule = NoiseSchedule(recipe.diffusion)
        (self.images, self.labels, self.batch) = (images, labels, batch)
        count = layout.count
        var networks: [UNet] = []
        for _ in 0..<parts { networks.append(try UNet(layout, images: batch / parts, training: true)) }
        self.parts = networks
        losses = [Double](repeating: 0, count: parts)
        state = AdamW.State(
            first: memory.floats(count), second: memory.floats(count),
            average: keepsAverage ? memory.floats(count) : nil)
        noise = memory.floats(batch * images.itemSize)
        target = memory.floats(batch * images.itemSize)
    }

    /// Bytes held by the networks and the optimiser.
    package var bytes: Int { parts.reduce(memory.bytes) { $0 + $1.bytes } }

    /// Starts over from `parameters`.
    package func reset(to parameters: [Float]) {
        for part in parts { part.load(parameters) }
        state.first.update(repeating: 0, count: count)
        state.second.update(repeating: 0, count: count)
        state.average?.update(from: parts[0].parameters, count: count)
        step = 0
    }

    /// The parameters as they are, without averaging.
    package var parameters: [Float] { copy(parts[0].parameters) }

    /// The moving average of the parameters, or the parameters themselves when none is kept.
    package var averagedParameters: [Float] { copy(state.average ?? parts[0].parameters) }

    /// Copies the current parameters into another network of the same layout.
    func export(to network: UNet) {
        network.parameters.update(from: parts[0].parameters, count: count)
        network.pack()
    }

    private func copy(_ values: Network.Floats) -> [Float] { Array(UnsafeBufferPointer(start: values, count: count)) }

    /// The optimiser's vectors and the position, for a checkpoint.
    package var snapshot: TrainingCheckpoint {
        TrainingCheckpoint(
            step: step, parameters: parameters, first: copy(state.first), second: copy(state.second),
            average: averagedParameters)
    }

    /// Continues from a checkpoint of the same layout, to the bit.
    package func restore(_ checkpoint: TrainingCheckpoint) {
        reset(to: checkpoint.parameters)
        step = checkpoint.step
        for (values, vector) in [(checkpoint.first, state.first), (checkpoint.second, state.second)] {
            precondition(values.count == count, "a checkpoint of the same architecture")
            for (index, value) in values.enumerated() { vector[index] = value }
        }
        if let average = state.average {
            for (index, value) in checkpoint.average.enumerated() { average[index] = value }
        }
    }

    /// One step on images drawn from `items`. Throws when the loss is not a number; nothing is changed then.
    package func advance(
        _ training: Recipe.Training, items: [Int], seed: UInt64, threads: Int = 1
    ) throws(LaurelError) -> Outcome {
        let (loss, norm) = try slope(items: items, seed: seed, step: step + 1, threads: threads)
        step += 1
        var optimiser = AdamW()
        optimiser.decay = Float(training.weightDecay)
        // A young average forgets faster, or it would remember the untrained network for too long.
        let ema = min(training.ema, Double(1 + step) / Double(10 + step))
        optimiser.step(
            step, rate: Float(training.rate(at: step)), scale: Float(min(1, training.clip / max(norm, 1e-12))),
            ema: Float(ema), count: count, parameters: parts[0].parameters, gradient: gradients, state)
        parametersChanged()
        return Outcome(step: step, loss: loss)
    }

    /// The parameters in place; after a change of them ``parametersChanged()`` is called.
    var vector: Network.Floats { parts[0].parameters }

    /// The gradient that ``slope(items:seed:step:threads:)`` left.
    var gradients: Network.Floats { parts[0].gradients }

    /// The loss on the batch of a step and the length of its gradient, which is left in ``gradients``. Throws when either
    /// is not a number.
    func slope(
        items: [Int], seed: UInt64, step: Int, threads: Int = 1
    ) throws(LaurelError) -> (loss: Double, norm: Double) {
        let loss = gradient(items: items, seed: seed, step: step, threads: threads)
        let norm = Network.sumOfSquares(count, gradients).squareRoot()
        guard loss.isFinite, norm.isFinite else {
            throw .refused(
                "the loss is not a number", at: "training step \(step)",
                next: "use a lower learning rate")
        }
        return (loss, norm)
    }

    /// Packs changed parameters and hands them to the other parts.
    func parametersChanged() {
        parts[0].pack()
        for part in parts.dropFirst() {
            part.parameters.update(from: parts[0].parameters, count: count)
            part.pack()
        }
    }

    /// The loss on the batch of a step, its gradient in the first part's ``UNet/gradients``.
    func gradient(items: [Int], seed: UInt64, step: Int, threads: Int) -> Double {
        draw(items: items, seed: seed, step: step)
        if threads > 1, parts.count > 1 {
            losses.withUnsafeMutableBufferPointer { buffer in
                // Each iteration touches its own network and its own element only.
                nonisolated(unsafe) let slots = buffer
                nonisolated(unsafe) let run = self
                DispatchQueue.concurrentPerform(iterations: parts.count) { part in
                    slots[part] = run.pass(part)
                }
            }
        } else {
            for part in parts.indices { losses[part] = pass(part) }
        }
        for part in parts.dropFirst() { Network.add(count, part.gradients, to: parts[0].gradients) }
        return losses.reduce(0, +) / Double(batch * images.itemSize)
    }

    /// The loss on the batch of a step, without its gradient.
    func loss(items: [Int], seed: UInt64, step: Int) -> Double {
        draw(items: items, seed: seed, step: step)
        return parts.indices.reduce(0) { $0 + pass($1, back: false) } / Double(batch * images.itemSize)
    }

    /// The gradient of the loss on the batch of a step.
    package func lossGradient(items: [Int], seed: UInt64, step: Int) -> [Float] {
        _ = gradient(items: items, seed: seed, step: step, threads: 1)
        return copy(parts[0].gradients)
    }

    /// Fills the networks' inputs: items with replacement, noise levels stratified over the batch, Gaussian noise.
    private func draw(items: [Int], seed: UInt64, step: Int) {
        var stream = RandomStream(seed: seed, "diffusion.batch", index: UInt64(step))
        let size = images.itemSize
        let perPart = batch / parts.count
        let levels = schedule.signal.count
        var drawn: (item: Int, level: Int)
        // The stream's order is part of the contract: item and level of each image, then all noise.
        for index in 0..<batch {
            drawn.item = items[stream.int(below: items.count)]
            drawn.level = min(levels - 1, Int(Double(levels) * (Double(index) + stream.uniform()) / Double(batch)))
            // Neighbouring images have neighbouring levels, so parts take them in turns.
            let (part, slot) = (parts[index % parts.count], index / parts.count)
            part.times[slot] = Float(drawn.level)
            if !labels.isEmpty { part.classes[slot] = labels[drawn.item] }
            let row = ((index % parts.count) * perPart + slot) * size
            images.pixels.withUnsafeBufferPointer { pixels in
                for i in 0..<size { target[row + i] = pixels[drawn.item * size + i] }
            }
        }
        stream.fillNormal(UnsafeMutableBufferPointer(start: noise, count: batch * size))
    }

    /// Forward, and `back` if asked, for one part; returns its sum of squared errors.
    private func pass(_ index: Int, back: Bool = true) -> Double {
        NetworkContext.useOneThread()
        let (network, size) = (parts[index], images.itemSize)
        let first = index * network.images * size
        for image in 0..<network.images {
            let level = Int(network.times[image])
            let (a, s) = (schedule.signal[level], schedule.noise[level])
            for i in image * size..<(image + 1) * size {
                let (x, e) = (target[first + i], noise[first + i])
                network.input[i] = a * x + s * e
                target[first + i] = process.prediction == .noise ? e : a * e - s * x
            }
        }
        network.forward()
        let scale = 2 / Float(batch * size)
        var total = 0.0
        for image in 0..<network.images {
            var sum: Float = 0
            for i in image * size..<(image + 1) * size {
                let difference = network.output[i] - target[first + i]
                sum += difference * difference
                network.outputGradient[i] = scale * difference
            }
            total += Double(sum)
        }
        if back { network.backward() }
        return total
    }
}
