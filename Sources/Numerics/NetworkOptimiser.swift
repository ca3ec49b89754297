internal import CKernels
import Glibc

/// AdamW with decoupled weight decay (Loshchilov and Hutter 2019) and an exponential moving average of the parameters.
package struct AdamW: Sendable {
    /// Decay of the first moment.
    package var beta1: Float = 0.9
    /// Decay of the second moment.
    package var beta2: Float = 0.99
    /// Added to the root of the second moment.
    package var epsilon: Float = 1e-8
    /// Decoupled weight decay; a share of the parameter per unit of learning rate.
    package var decay: Float = 0

    /// The usual constants.
    package init() {}

    /// What the optimiser remembers, beside the parameters: flat vectors as long as they are.
    package struct State {
        /// First moments.
        package var first: Network.Floats
        /// Second moments.
        package var second: Network.Floats
        /// The moving average of the parameters; nil when none is kept.
        package var average: Network.Floats?

        package init(first: Network.Floats, second: Network.Floats, average: Network.Floats?) {
            (self.first, self.second, self.average) = (first, second, average)
        }
    }

    /// Step number `step` (from 1) on `count` parameters; the gradient is multiplied by `scale` first.
    package func step(
        _ step: Int, rate: Float, scale: Float, ema: Float, count: Int, parameters: Network.Floats,
        gradient: Network.Floats, _ state: State
    ) {
        let correction1 = Float(1 / (1 - pow(Double(beta1), Double(step))))
        let correction2 = Float(1 / (1 - pow(Double(beta2), Double(step))))
        laurel_adamw(
            count, parameters, gradient, state.first, state.second, state.average, scale, rate, beta1, beta2,
            correction1, correction2, epsilon, decay, ema)
    }
}
