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
    private var scratchAddress: UnsafeMutablePointer<Float>?

    /// Measures what convolutions of any size take, when there is one.
    package var stopwatch: Stopwatch?

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

    /// Uses the kernels of this name from now on, in the calling thread; false when this processor lacks them. Tests
    /// only compare variants with it: a network must not change kernels while it runs.
    package static func select(kernel name: String) -> Bool {
        switch name {
        case "avx512": laurel_kernel_select(laurel_kernel_avx512) == 1
        case "avx2": laurel_kernel_select(laurel_kernel_avx2) == 1
        case "baseline": laurel_kernel_select(laurel_kernel_baseline) == 1
        default: false
        }
    }

    /// Runs a convolution, on the stopwatch if there is one.
    func convolve(_ body: () -> Void) {
        if let stopwatch { stopwatch.time(body) } else { body() }
    }

    func scratchpad(_ descriptor: OneDNN.Descriptor) throws(LaurelError) -> OneDNN.Memory {
        let memory = try OneDNN.Memory(descriptor, at: nil)
        scratchMemories.append(memory)
        scratchBytes = max(scratchBytes, descriptor.bytes)
        return memory
    }

    /// Asks for room that is free between any two operations.
    func reserve(_ floats: Int) { scratchBytes = max(scratchBytes, floats * MemoryLayout<Float>.stride) }

    /// The room that was asked for, as large as the largest wish.
    var scratch: UnsafeMutablePointer<Float> {
        guard let scratchAddress else { preconditionFailure("seal() comes before the first step") }
        return scratchAddress
    }

    /// Allocates the one scratchpad that all primitives use in turn. Call once, after the last layer is made.
    package func seal() throws(LaurelError) {
        let scratch = arena.floats(scratchBytes / MemoryLayout<Float>.stride + 16)
        scratchAddress = scratch
        for memory in scratchMemories { try memory.setAddress(scratch) }
        scratchMemories = []
    }
}
