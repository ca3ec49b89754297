package import Errors

/// The estimators by the names of the command line.
package enum EstimatorName: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// Gaussian process on coalitions; the default.
    case gp
    /// The published constrained regression on coalitions drawn from the Shapley kernel.
    case kernel
    /// The same on pairs (S, N∖S).
    case kernelPaired = "kernel-paired"
    /// With the exact second moment in place of the sampled one (Covert and Lee 2021).
    case kernelUnbiased = "kernel-unbiased"
    /// Leverage-score regression (Musco and Witter 2025).
    case leverage
    /// Leverage regression on pairs with an empirical-Bayes ridge.
    case leverageRidge = "leverage-ridge"
    /// Means over strata of size with and without the player.
    case svarm
    /// Means of marginal contributions.
    case permutation
    /// A fitted regression corrected by the reweighted residuals of every coalition.
    case msr
    /// The definition, from all 2ⁿ coalitions.
    case exact

    /// Finds an estimator by name.
    ///
    /// - Throws: ``LaurelError`` of kind `input` that lists the names.
    package init(name: String) throws(LaurelError) {
        guard let found = EstimatorName(rawValue: name) else {
            throw LaurelError.input(
                "estimator \(name) is unknown",
                next: "use one of " + EstimatorName.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self = found
    }

    /// The name on the command line.
    package var description: String { rawValue }

    /// Whether it answers only for Shapley values, being a regression whose weights are the Shapley kernel.
    package var isShapleyOnly: Bool {
        switch self {
        case .kernel, .kernelPaired, .kernelUnbiased, .leverage, .leverageRidge: true
        case .gp, .svarm, .permutation, .msr, .exact: false
        }
    }
}
