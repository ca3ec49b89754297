internal import Numerics

/// An image-like value inside a network, images × side² × channels, with its gradient while training.
final class Tensor {
    let value: Network.Floats
    /// Nil in a network that only runs forward.
    let gradient: Network.Floats?
    let side: Int
    let channels: Int
    /// Layers that read this tensor, counted while the network is made.
    private var readers = 0

    init(_ value: Network.Floats, gradient: Network.Floats?, side: Int, channels: Int) {
        (self.value, self.gradient, self.side, self.channels) = (value, gradient, side, channels)
    }

    /// Announces a reader; the result tells it, once the network is complete, whether to add to the gradient.
    func read() -> Reading {
        readers += 1
        return Reading(tensor: self, position: readers)
    }

    /// One layer's claim on a tensor.
    struct Reading {
        let tensor: Tensor
        fileprivate let position: Int

        /// Whether a later reader, which runs earlier on the way back, has already written the gradient.
        var addsGradient: Bool { position < tensor.readers }
        var value: Network.Floats { tensor.value }

        /// The gradient, which every training network has.
        var gradient: Network.Floats {
            guard let gradient = tensor.gradient else { preconditionFailure("this network was made without gradients") }
            return gradient
        }
    }
}

/// A part of a network that runs forward and back.
protocol UNetStep: AnyObject {
    func pack()
    func forward()
    func backward()
}
