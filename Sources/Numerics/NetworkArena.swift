import Glibc

/// Memory of a network: aligned blocks that live as long as the arena, so that a step allocates nothing.
package final class Arena {
    private var blocks: [UnsafeMutableRawPointer] = []
    /// Bytes handed out so far.
    package private(set) var bytes = 0

    /// An arena without blocks.
    package init() {}

    /// `count` floats set to zero, aligned to a cache line; never returned before the arena goes.
    package func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
        let size = (max(count, 1) * MemoryLayout<Float>.stride + 63) / 64 * 64
        let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
        block.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        blocks.append(block)
        bytes += size
        return block.bindMemory(to: Float.self, capacity: size / MemoryLayout<Float>.stride)
    }

    deinit {
        for block in blocks { block.deallocate() }
    }
}
