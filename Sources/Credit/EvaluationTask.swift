/// One evaluation to make: a coalition and everything that chance decides in it.
package struct EvaluationTask: Hashable, Sendable {
    /// Why a task is in the design.
    package enum Role: String, Hashable, Sendable, CaseIterable {
        case empty, full, interior, duplicate
    }

    /// Position in the run's fixed order, from 0.
    package let number: Int
    package let role: Role
    /// Ids of the members, ascending as bytes.
    package let coalition: [String]
    /// Counts evaluations of the same coalition, from 0.
    package let repeatIndex: Int
    /// This evaluation's own seed. All three seeds are below 2⁵³, so that JSON readers keep them exactly.
    package let seed: Int64
    /// The seed a coalition shares with its complement: of the training, so that a pair differs in its data only.
    package let pairSeed: Int64
    /// The seed of the initial noise of generation: the same for every coalition; a repeat has another one, so that
    /// what repeats measure includes the noise of generation.
    package let noiseSeed: Int64

    package init(
        number: Int, role: Role, coalition: [String], repeatIndex: Int, seed: Int64, pairSeed: Int64, noiseSeed: Int64
    ) {
        self.number = number
        self.role = role
        self.coalition = coalition
        self.repeatIndex = repeatIndex
        self.seed = seed
        self.pairSeed = pairSeed
        self.noiseSeed = noiseSeed
    }
}
