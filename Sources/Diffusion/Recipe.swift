package import Errors
package import Foundation

/// Everything that decides a model besides its pictures and its seed: shape, noise, training, pruning, recovery.
///
/// Written as one JSON or YAML object with the members `architecture`, `diffusion`, `training`, `pruning` and `recovery`;
/// what a file leaves out has the demo's value, and a key that is not known is refused.
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

        /// The course of a short training: a brief rise of the learning rate, then a half cosine to 0, and no average.
        package static func fineTuning(steps: Int, batch: Int, learningRate: Double) -> Training {
            var training = Training()
            training.steps = steps
            training.batch = batch
            training.learningRate = learningRate
            training.warmup = min(5, steps / 4)
            training.ema = 0
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

    /// Throws what is impossible, as a person should read it; `places` says where each number was written.
    package func validate(_ places: RecipePlaces) throws(LaurelError) {
        func require(_ holds: Bool, _ path: String, _ value: some Any, _ remedy: String) throws(LaurelError) {
            guard holds else { throw .input("\(path) \(value) is not possible", at: places.of(path), next: remedy) }
        }
        try architecture.validate(places)
        // Sampling takes up to fifty different levels unless it is told otherwise.
        try require(
            (50...10_000).contains(diffusion.timesteps), "diffusion.timesteps", diffusion.timesteps, "use 50 to 10000")
        for (name, part) in [("training", training), ("recovery", recovery)] {
            try require((0...10_000_000).contains(part.steps), "\(name).steps", part.steps, "use 0 to 10000000")
            try require(
                (2...4096).contains(part.batch) && part.batch % 2 == 0, "\(name).batch", part.batch,
                "use an even number from 2 to 4096")
            try require(
                part.learningRate > 0 && part.learningRate <= 1, "\(name).learningRate", part.learningRate,
                "use a number above 0, at most 1")
            try require((0...10_000_000).contains(part.warmup), "\(name).warmup", part.warmup, "use 0 to 10000000")
            try require(
                part.ema >= 0 && part.ema < 1, "\(name).ema", part.ema, "use a number from 0, below 1, such as 0.99")
            try require(
                part.clip > 0 && part.clip.isFinite, "\(name).clip", part.clip, "use a number above 0, such as 1")
            // A step multiplies the weights by 1 − rate · decay.
            try require(
                part.weightDecay >= 0 && part.weightDecay * part.learningRate < 1, "\(name).weightDecay",
                part.weightDecay, "use a number from 0, below 1 / learningRate")
        }
        try require(
            (0..<1).contains(pruning.sparsity), "pruning.sparsity", pruning.sparsity,
            "use a number from 0, below 1, such as 0.5")
        try require(
            pruning.multiple % 8 == 0 && (8...4096).contains(pruning.multiple), "pruning.multiple", pruning.multiple,
            "use a multiple of 8 from 8 to 4096")
    }

    /// Reads a recipe in JSON, or in YAML when the file's name ends in `.yaml` or `.yml`; the same content is the same
    /// recipe.
    ///
    /// - Throws: ``LaurelError`` of kind `input` at `place:line:column` for what is unknown, mistyped or impossible.
    package init(parsing data: Data, at place: String) throws(LaurelError) {
        let (recipe, places) = try RecipeReader.read(data, at: place)
        try recipe.validate(places)
        self = recipe
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
    package enum Schedule: String, Codable, Sendable, CaseIterable {
        /// β from 1e-4 to 0.02 in equal steps (Ho et al. 2020), scaled to the number of levels.
        case linear
        /// ᾱ as a squared cosine (Nichol and Dhariwal 2021).
        case cosine
    }

    /// What the network answers.
    package enum Prediction: String, Codable, Sendable, CaseIterable {
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
    package enum Importance: String, Codable, Sendable, CaseIterable {
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
