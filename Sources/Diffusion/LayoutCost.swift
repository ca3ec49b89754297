extension Layout {
    /// Multiplications and additions of one image's forward pass: convolutions, projections and attention.
    package var operations: Double {
        var total = 0.0
        func convolution(_ name: String, _ side: Int) {
            total += 2 * Double(parameter("\(name).weight").count * side * side)
        }
        let side = architecture.side
        convolution("stem", side)
        convolution("head", side)
        func add(_ block: Block, _ side: Int) {
            convolution("\(block.name).conv1", side)
            convolution("\(block.name).conv2", side)
            if block.projects { convolution("\(block.name).shortcut", side) }
        }
        let lowest = side >> (down.count - 1)
        for level in down.indices {
            for block in down[level] { add(block, side >> level) }
            if level + 1 < down.count {
                convolution("downsample.\(level)", side >> (level + 1))
                convolution("upsample.\(level + 1)", side >> level)
            }
        }
        for block in middle { add(block, lowest) }
        for (index, blocks) in up.enumerated() {
            for block in blocks { add(block, side >> (down.count - 1 - index)) }
        }
        if architecture.attention {
            convolution("middle.attention.qkv", lowest)
            convolution("middle.attention.output", lowest)
            let pixels = Double(lowest * lowest)
            total += 2 * pixels * pixels * Double(width(["middle.attention.key", "middle.attention.value"]))
        }
        return total
    }
}

extension Layout {
    /// Bytes that training with this batch takes, roughly: a dozen values with gradients for every channel and pixel
    /// of every block, and five vectors as long as the parameters for each half of a batch.
    package func estimatedBytes(batch: Int) -> Double {
        var values = 0.0
        for (level, blocks) in down.enumerated() {
            let pixels = Double((architecture.side >> level) * (architecture.side >> level))
            let all = blocks + up[up.count - 1 - level]
            for block in all { values += pixels * Double(width(block.parts) + 4 * width([block.inner])) }
        }
        return 4 * (Double(batch) * values + 10 * Double(count))
    }
}
