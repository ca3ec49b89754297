import Credit
import Diffusion
import Documents
import Errors
import Foundation

/// Everything that a study of fidelity chooses: read from a JSON file, fixed before its first evaluation.
struct FidelitySettings: Decodable {
    /// One way to approximate retraining.
    struct Approximation: Decodable {
        /// What the results call it; one that ends in its steps appears in the plot.
        let name: String
        /// What fine-tuning starts from: the base model (`unpruned`), `pruned`, or `recovered`.
        let baseline: String
        /// How long a recovered model was trained again on everything; the settings' own when left out.
        let recoverySteps: Int?
        /// Optimiser steps on the coalition's items.
        let steps: Int
        /// Highest learning rate, in millionths.
        let learningRateMillionths: Int
        /// Images in a step.
        let batch: Int
    }

    /// The full recipe's shape and steps; the rest is the demo's.
    let base: Int
    let trainingSteps: Int
    let recoverySteps: Int
    /// Channels a pruned network's widths are a multiple of.
    let pruningMultiple: Int
    /// Complementary pairs of coalitions.
    let pairs: Int
    /// How many coalitions are evaluated a second time, from other seeds.
    let duplicates: Int
    let approximations: [Approximation]
    /// Images sampled for one value; values of the first of them are recorded too.
    let images: [Int]
    let samplingSteps: Int
    let seed: Int64

    /// Reads a settings file.
    static func read(_ path: String) throws -> (settings: FidelitySettings, digest: Digest) {
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            return (try JSONDecoder().decode(FidelitySettings.self, from: data), Digest.sha256([UInt8](data)))
        } catch {
            throw LaurelError.input("these are no settings of a study: \(error)", at: path)
        }
    }

    /// The recipe of base model and retrained models.
    var recipe: Recipe {
        var recipe = Recipe()
        recipe.architecture.base = base
        recipe.training.steps = trainingSteps
        recipe.recovery.steps = recoverySteps
        recipe.pruning.multiple = pruningMultiple
        return recipe
    }
}
