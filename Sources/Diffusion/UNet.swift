package import Errors
package import Numerics

/// A U-Net made for one batch size: all memory and all primitives exist before the first step.
///
/// Set ``input`` and ``times`` (and ``classes``), call ``forward()``, read ``output``; while training fill
/// ``outputGradient``, call ``backward()``, read ``gradients``. After every change of ``parameters`` call ``pack()``.
package final class UNet {
    /// What is computed.
    package let layout: Layout
    /// Images in a batch.
    package let images: Int
    /// Images × side² × channels.
    package let input: Network.Floats
    private let context: NetworkContext
    private let builder: UNetBuilder
    private let embedding: EmbeddingStep
    private let head: HeadStep
    private let steps: [any UNetStep]

    /// What a network is made for, which decides how much memory it takes.
    package enum Purpose: Sendable {
        /// Runs forward only.
        case sampling
        /// Runs back too; gradients are sums over the batch.
        case training
        /// Runs back too; the gradients of one image after another go to the ``receiver``, layer by layer.
        case examples
    }

    /// Receives a layer's gradients of an image: which part of the flat vector of parameters it is, which image, and the
    /// numbers. The memory is used again after the call.
    package typealias Receiver = (Range<Int>, Int, UnsafePointer<Float>) -> Void

    /// Makes a network for batches of `images` that runs forward only, or back too.
    package convenience init(_ layout: Layout, images: Int, training: Bool) throws(LaurelError) {
        try self.init(layout, images: images, purpose: training ? .training : .sampling)
    }

    /// Makes a network for batches of `images`.
    package init(_ layout: Layout, images: Int, purpose: Purpose) throws(LaurelError) {
        context = try NetworkContext()
        (self.layout, self.images) = (layout, images)
        let architecture = layout.architecture
        let builder = UNetBuilder(layout, images: images, purpose: purpose, context: context)
        self.builder = builder
        input = context.arena.floats(images * architecture.side * architecture.side * architecture.channels)
        embedding = EmbeddingStep(builder)
        let stem = try ConvolutionStep("stem", from: input, side: architecture.side, builder)
        var steps: [any UNetStep] = [embedding, stem]
        var path = stem.output
        var skips = [path]
        for (level, blocks) in layout.down.enumerated() {
            for block in blocks {
                let step = try ResidualBlock(block, [path], builder)
                steps.append(step)
                path = step.output
                skips.append(path)
            }
            if level + 1 < layout.down.count {
                let step = try ConvolutionStep("downsample.\(level)", halving: path, builder)
                steps.append(step)
                path = step.output
                skips.append(path)
            }
        }
        for (index, block) in layout.middle.enumerated() {
            let step = try ResidualBlock(block, [path], builder)
            steps.append(step)
            path = step.output
            if index == 0, architecture.attention {
                let step = AttentionStep("middle.attention", path, builder)
                steps.append(step)
                path = step.output
            }
        }
        for (index, blocks) in layout.up.enumerated() {
            for block in blocks {
                let step = try ResidualBlock(block, [path, skips.removeLast()], builder)
                steps.append(step)
                path = step.output
            }
            if index + 1 < layout.up.count {
                let step = try UpsampleStep("upsample.\(layout.up.count - 1 - index)", path, builder)
                steps.append(step)
                path = step.output
            }
        }
        head = try HeadStep(path, builder)
        self.steps = steps + [head]
        try context.seal()
    }

    /// Time step of each image.
    package var times: UnsafeMutableBufferPointer<Float> { embedding.times }
    /// Class of each image, below the architecture's `classes`.
    package var classes: UnsafeMutableBufferPointer<Int32> { embedding.classes }
    /// The network's answer, as large as ``input``.
    package var output: Network.Floats { head.result }
    /// The gradient of the loss with respect to ``output``.
    package var outputGradient: Network.Floats { head.resultGradient }
    /// All parameters, in the layout's order.
    package var parameters: Network.Floats { builder.parameters }
    /// The gradients of all parameters; only while training.
    package var gradients: Network.Floats {
        guard builder.purpose == .training, let gradients = builder.gradients else {
            preconditionFailure("this network was made without gradients")
        }
        return gradients
    }
    /// Who receives each image's gradients on the way back; for networks made for ``Purpose/examples``.
    package var receiver: Receiver? {
        get { builder.receiver }
        set { builder.receiver = newValue }
    }
    /// Measures the convolutions, when there is one.
    package var stopwatch: Stopwatch? {
        get { context.stopwatch }
        set { context.stopwatch = newValue }
    }
    /// Bytes that this network holds.
    package var bytes: Int { context.arena.bytes }

    /// Copies parameters in and packs them.
    package func load(_ values: [Float]) {
        precondition(values.count == layout.count, "one value for each parameter")
        values.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            parameters.update(from: start, count: layout.count)
        }
        pack()
    }

    /// Brings changed parameters into the order that the convolutions read.
    package func pack() { for step in steps { step.pack() } }

    /// Computes ``output``.
    package func forward() { for step in steps { step.forward() } }

    /// Computes ``gradients`` from ``outputGradient``, overwriting them, or each image's for the ``receiver``.
    package func backward() {
        builder.embeddingGradient.update(repeating: 0, count: images * builder.embeddingWidth)
        for step in steps.reversed() { step.backward() }
    }
}
