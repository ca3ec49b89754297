/// A way to guess the model that training on a subset of the images alone would have given.
///
/// All of them go through ``Workspace/approximate(_:items:seed:)``; formulas and published settings are those of the study
/// that the credit game follows. Of no images at all, fine-tuning and adapters leave the model as it is, retraining gives
/// an untrained network, and ascent and influence take every image out of the model.
package enum Approximation: Hashable, Sendable {
    /// The workspace's model, trained further on the subset: the default, and cheap when the model was pruned.
    case fineTuning(steps: Int, learningRate: Double)
    /// A fresh network of the same shape trained on the subset: what the others approximate.
    case retraining(steps: Int, learningRate: Double)
    /// Low-rank adapters W + (α/r)·B·A trained on the subset, all else frozen (LoRA); B learns `ratio` times as fast as A
    /// (LoRA+).
    case adapters(AdapterPlace, rank: Int, alpha: Float, ratio: Double, steps: Int, learningRate: Double)
    /// Steps up the loss of the images that are not in the subset, for so many passes over them.
    case ascent(passes: Int, learningRate: Double)
    /// One Newton step away from the images that are not in the subset, its inverse Hessian by the WoodFisher recursion
    /// over so many sample gradients.
    case influence(samples: Int, scale: Double)
}

/// Which weights receive adapters.
package enum AdapterPlace: Hashable, Sendable {
    /// Queries, keys and values, as published.
    case attention
    /// Every convolution and every linear layer.
    case everything
}
