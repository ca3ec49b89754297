extension Layout {
    /// A 3×3 convolution as the network runs it.
    package struct ConvolutionPlace: Hashable, Sendable {
        /// Prefix of its parameters' names.
        package let name: String
        /// Rows and columns of its input.
        package let side: Int
        /// Input channels.
        package let input: Int
        /// Output channels.
        package let output: Int
        /// 1, or 2 where the side is halved.
        package let stride: Int

        /// Multiplications and additions of one image's forward pass.
        package var operations: Double {
            let outSide = side / stride
            return 2 * 9 * Double(outSide * outSide * input * output)
        }
    }

    /// Every residual block with the side that it runs at.
    private var placedBlocks: [(block: Block, side: Int)] {
        let (side, lowest) = (architecture.side, side(of: down.count - 1))
        return down.enumerated().flatMap { level, blocks in blocks.map { ($0, side >> level) } }
            + middle.map { ($0, lowest) }
            + up.enumerated().flatMap { index, blocks in blocks.map { ($0, lowest << index) } }
    }

    /// Every 3×3 convolution.
    package var convolutions: [ConvolutionPlace] {
        func place(_ name: String, _ side: Int, stride: Int = 1) -> ConvolutionPlace {
            let shape = parameter("\(name).weight").shape
            return ConvolutionPlace(name: name, side: side, input: shape[1], output: shape[0], stride: stride)
        }
        let side = architecture.side
        var result = [place("stem", side), place("head", side)]
        for (block, side) in placedBlocks {
            result += [place("\(block.name).conv1", side), place("\(block.name).conv2", side)]
        }
        for level in 0..<down.count - 1 {
            result.append(place("downsample.\(level)", side >> level, stride: 2))
            result.append(place("upsample.\(level + 1)", side >> level))
        }
        return result
    }

    /// Multiplications and additions of one image's forward pass: convolutions, projections and attention.
    package var operations: Double {
        var total = convolutions.reduce(0) { $0 + $1.operations }
        func linear(_ name: String, _ side: Int) {
            total += 2 * Double(parameter("\(name).weight").count * side * side)
        }
        for (block, side) in placedBlocks where block.projects { linear("\(block.name).shortcut", side) }
        if architecture.attention {
            let lowest = side(of: down.count - 1)
            linear("middle.attention.qkv", lowest)
            linear("middle.attention.output", lowest)
            let pixels = Double(lowest * lowest)
            total += 2 * pixels * pixels * Double(width(["middle.attention.key", "middle.attention.value"]))
        }
        return total
    }

    private func side(of level: Int) -> Int { architecture.side >> level }
}

extension Layout {
    /// Bytes that training with this batch takes in two halves, rounded up: the values that the way back needs and their
    /// gradients, three buffers as large as the largest block, and for each half the parameters, their gradients and the
    /// convolutions' weights packed for both directions (four times their size each).
    package func estimatedBytes(batch: Int) -> Double {
        let (values, largest) = sizes
        return 1.25 * 4 * (Double(batch) * (values + attention + 3 * largest) + 2 * 10 * Double(count))
    }

    /// Bytes that a ``Workspace`` takes, rounded up: training in one part, and the network that samples, which keeps no
    /// values for a way back.
    package func estimatedWorkspaceBytes(batch: Int) -> Double {
        let (values, largest) = sizes
        let sampling = Double(Sampler.batch) * (values / 2 + attention + 3 * largest) + 5 * Double(count)
        return 1.25 * 4 * (Double(batch) * (values + attention + 3 * largest) + 10 * Double(count) + sampling)
    }

    /// Numbers that one image's attention holds, with their gradients; with few resolutions most of all are the shares of
    /// every pixel in every other.
    private var attention: Double {
        guard architecture.attention else { return 0 }
        let lowest = side(of: down.count - 1)
        let (pixels, channels) = (lowest * lowest, parameter("middle.attention.norm.weight").count)
        let (projected, value) = (parameter("middle.attention.qkv.bias").count, width(["middle.attention.value"]))
        return Double(pixels * (pixels + 3 * channels + 2 * projected + value))
    }

    /// Bytes of a course of training and of the ``denoisingLoss(_:images:labels:seed:batches:)`` that is measured at its end.
    package func estimatedCourseBytes(batch: Int) -> Double { estimatedBytes(batch: max(batch, denoisingLossBatch)) }

    /// Numbers that one image's values and their gradients are, and the largest block's.
    private var sizes: (values: Double, largest: Double) {
        var (values, largest) = (0.0, 0.0)
        for (block, side) in placedBlocks {
            let (input, inner, output) = (width(block.parts), width([block.inner]), width([block.output]))
            values += Double(side * side * (input + 2 * inner + 2 * output))
            largest = max(largest, Double(side * side * max(input, inner, 4 * output)))
        }
        return (values, largest)
    }
}
