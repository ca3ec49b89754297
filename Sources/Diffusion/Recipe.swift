package import Errors
package import Foundation

/// Everything that decides a model besides its pictures and its seed: shape, noise, training, pruning, recovery.
///
/// Written as one JSON object with the members `architecture`, `diffusion`, `training`, `pruning` and `recovery`; what a
/// file leaves out has the demo's value, and a key that is not known is refused.
package struct Recipe: Codable, Hashable, Sendable {
    /// The network's shape.
    package var architecture = Architecture()
    /// The noise that is learned to be removed.
    package var diffusion = DiffusionProcess()
    /// How the base model is trained.
    package var training = Training()
    /// How the base model is made smaller.
    package var pruning = Pruning()
    /// How the pruned model is trained again on everything.
    package var recovery = Training.recovery

    /// One course of training.
    package struct Training: Codable, Hashable, Sendable {
        /// Optimiser steps.
        package var steps = 1200
        /// Images in a step; even.
        package var batch = 32
        /// Highest learning rate; it rises over ``warmup`` steps and falls to 0 by a half cosine.
        package var learningRate = 2e-3
        /// Steps in which the learning rate rises from 0.
        package var warmup = 50
        /// Decay of the moving average of the parameters, which is what is kept; 0 keeps the last parameters.
        package var ema = 0.99
        /// Longest allowed gradient; longer ones are shortened to it.
        package var clip = 1.0
        /// AdamW's decoupled weight decay.
        package var weightDecay = 0.0

        /// The demo's base training.
        package init() {}

        /// The demo's recovery after pruning: long, since it is paid once and every coalition starts from it.
        package static var recovery: Training {
            var training = Training()
            training.steps = 1600
            training.warmup = 20
            return training
        }

        /// The learning rate of `step`, counted from 1.
        package func rate(at step: Int) -> Double {
            let rise = warmup > 0 ? min(1, Double(step) / Double(warmup)) : 1
            let progress = Double(max(0, step - warmup)) / Double(max(1, steps + 1 - warmup))
            return learningRate * rise * 0.5 * (1 + cos(Double.pi * min(1, progress)))
        }
    }

    /// The demo's recipe.
    package init() {}

    /// Throws what is impossible, as a person should read it; `place` is the recipe's file or name.
    package func validate(at place: String) throws(LaurelError) {
        try architecture.validate(at: place)
        guard (10...10_000).contains(diffusion.timesteps) else {
            throw .input(
                "\(diffusion.timesteps) noise levels are not possible", at: place, next: "use 10 to 10000 timesteps")
        }
        for (name, part) in [("training", training), ("recovery", recovery)] {
            let possible =
                part.steps >= 0 && part.steps <= 10_000_000 && part.batch >= 2 && part.batch <= 4096
                && part.batch % 2 == 0 && part.learningRate > 0 && part.learningRate <= 1 && part.warmup >= 0
                && part.ema >= 0 && part.ema < 1 && part.clip > 0 && part.weightDecay >= 0
            guard possible else {
                throw .input(
                    "the numbers of \(name) are not possible", at: place,
                    next: "use an even batch of 2 to 4096, a learning rate in (0, 1], ema in [0, 1), clip above 0")
            }
        }
        guard (0..<1).contains(pruning.sparsity), pruning.multiple > 0, pruning.multiple % 8 == 0 else {
            throw .input(
                "the numbers of pruning are not possible", at: place,
                next: "use a sparsity in [0, 1) and a multiple of eight channels")
        }
    }

    /// Reads a recipe; `place` is the file's name for messages.
    package init(parsing data: Data, at place: String) throws(LaurelError) {
        self = try RecipeReader.read(data, at: place)
        try validate(at: place)
    }

    /// The recipe as JSON with sorted keys, every key present: the bytes that digests are taken of.
    package func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        return try encoder.encode(self) + Data("\n".utf8)
    }
}

/// The forward process: noise levels, their schedule, and what the network predicts.
package struct DiffusionProcess: Codable, Hashable, Sendable {
    /// How the noise grows.
    package enum Schedule: String, Codable, Sendable {
        /// β from 1e-4 to 0.02 in equal steps (Ho et al. 2020), scaled to the number of levels.
        case linear
        /// ᾱ as a squared cosine (Nichol and Dhariwal 2021).
        case cosine
    }

    /// What the network answers.
    package enum Prediction: String, Codable, Sendable {
        /// The noise ε.
        case noise
        /// The velocity √ᾱ·ε − √(1−ᾱ)·x₀ (Salimans and Ho 2022).
        case velocity
    }

    /// Number of noise levels.
    package var timesteps = 1000
    /// How the noise grows.
    package var schedule = Schedule.cosine
    /// What the network answers.
    package var prediction = Prediction.velocity

    /// The demo's process.
    package init() {}
}

/// How a model is made smaller; see ``prune(_:_:taylor:)``.
package struct Pruning: Codable, Hashable, Sendable {
    /// What makes a channel worth keeping.
    package enum Importance: String, Codable, Sendable {
        /// Large weights.
        case magnitude
        /// A large first-order effect on the loss, |weight · gradient|.
        case taylor
    }

    /// Share of each space's channels to remove.
    package var sparsity = 0.5
    /// What makes a channel worth keeping.
    package var importance = Importance.magnitude
    /// Widths stay multiples of this, so that the kernels' vectors stay full.
    package var multiple = 16

    /// The demo's pruning.
    package init() {}
}
