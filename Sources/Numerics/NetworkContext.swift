internal import CKernels
internal import COneDNN
package import Errors

/// What the layers of one network share: memory, a oneDNN stream and one scratchpad.
///
/// A network belongs to one thread at a time; several networks run beside each other without sharing anything that
/// changes. Layers are made first, then ``seal()`` gives the primitives their scratchpad, then steps run.
package final class NetworkContext {
    /// The memory of values, gradients and packed weights.
    package let arena = Arena()
    let stream: OneDNN.Stream
    private var scratchMemories: [OneDNN.Memory] = []
    private var scratchBytes = 0

    /// An empty network on this machine's processor.
    package init() throws(LaurelError) {
        NetworkContext.useOneThread()
        stream = try OneDNN.Stream()
    }

    /// Every burst of work starts with this: OpenMP's thread count belongs to the calling thread.
    package static func useOneThread() {
        laurel_one_thread()
        LinearAlgebra.prepare()
    }

    /// The kernels in use: our own, and what the processor's vector width means for oneDNN's.
    package static var kernelName: String {
        switch laurel_kernel_in_use() {
        case laurel_kernel_avx512: "avx512"
        case laurel_kernel_avx2: "avx2"
        default: "baseline"
        }
    }

    func scratchpad(_ descriptor: OneDNN.Descriptor) throws(LaurelError) -> OneDNN.Memory {
        let memory = try OneDNN.Memory(descriptor, at: nil)
        scratchMemories.append(memory)
        scratchBytes = max(scratchBytes, descriptor.bytes)
        return memory
    }

    /// Allocates the one scratchpad that all primitives use in turn. Call once, after the last layer is made.
    package func seal() throws(LaurelError) {
        let scratch = arena.floats(scratchBytes / MemoryLayout<Float>.stride + 16)
        for memory in scratchMemories { try memory.setAddress(scratch) }
        scratchMemories = []
    }
}
