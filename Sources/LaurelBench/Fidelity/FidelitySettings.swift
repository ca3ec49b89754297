import Credit
import Diffusion
import Errors
import Foundation

/// Everything that a study of fidelity chooses: read from a JSON file. What the retrained side and the coalitions depend on
/// is fixed before the first evaluation; approximations may join later, and are evaluated on the same coalitions.
struct FidelitySettings: Codable, Hashable {
    /// One way to approximate retraining: a row of the study's tables.
    struct Approximation: Codable, Hashable {
        /// What the results call it; those called `long-` and their steps appear in the plot.
        let name: String
        /// What fine-tuning starts from: the base model (`unpruned`), `pruned`, or `recovered`.
        let start: PrunedModelGame.Stage
        /// How long a recovered model was trained again on everything; the settings' own when left out.
        let recoverySteps: Int?
        /// Share of the channels that pruning removes; the demo's when left out.
        let sparsity: Double?
        /// Optimiser steps on the coalition's items.
        let steps: Int
        /// Highest learning rate, in millionths.
        let learningRateMillionths: Int
        /// Images in a step.
        let batch: Int
        /// Decay of the moving average that images are sampled from; a credit run's last parameters when left out.
        let ema: Double?
        /// Images sampled, and steps of sampling; the settings' own when left out.
        let images: Int?
        let samplingSteps: Int?
    }

    /// Why it is as it is, for people.
    let why: [String]
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
    static func read(_ path: String) throws -> FidelitySettings {
        do {
            return try JSONDecoder().decode(
                FidelitySettings.self, from: try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw LaurelError.input("these are no settings of a study: \(error)", at: path)
        }
    }

    /// Whether results of `old` may stand beside those of these settings: approximations may have joined or gone, but a
    /// name means what it meant, and all else is the same.
    func continues(_ old: FidelitySettings) -> Bool {
        let named = Dictionary(old.approximations.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        return approximations.allSatisfy { (named[$0.name] ?? $0) == $0 }
            && [base, trainingSteps, recoverySteps, pruningMultiple, pairs, duplicates, samplingSteps]
                == [
                    old.base, old.trainingSteps, old.recoverySteps, old.pruningMultiple, old.pairs, old.duplicates,
                    old.samplingSteps,
                ]
            && (images, seed) == (old.images, old.seed)
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

extension PrunedModelGame.Stage: Codable {}
