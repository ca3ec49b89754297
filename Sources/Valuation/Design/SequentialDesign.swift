package import Errors
import Numerics

/// Designs that look at what is known: the next pair is the one that reduces the values' total posterior variance most.
package enum SequentialDesign {
    /// How many fresh pairs compete.
    static let candidates = 96

    /// The next pairs (S, N∖S), each chosen given those before it; none was evaluated yet.
    ///
    /// Candidates are the next pairs of the paired design of this seed, so that the choice is deterministic and every size
    /// competes. The reduction does not depend on the values to come, only the kernel's parameters on those that came.
    ///
    /// - Parameters:
    ///   - rows: what was evaluated so far, ends included.
    ///   - playerCount: number of players.
    ///   - pairs: how many pairs to choose.
    ///   - seed: of the candidates and of the fit.
    /// - Returns: coalitions, each followed by its complement; fewer where everything was evaluated.
    /// - Throws: ``LaurelError`` of kind `input` where no estimate can be made either.
    package static func next(
        rows: [EvaluationRow], playerCount: Int, pairs: Int, seed: UInt64
    ) throws(LaurelError) -> [Coalition] {
        guard playerCount > 1 else { return [] }
        let data = try Evaluations(rows, playerCount: playerCount)
        let known = Set(data.interior.map(\.coalition))
        let pool = PairedDesign(playerCount: playerCount, seed: seed)
            .coalitions(known.count + 2 * max(candidates, 2 * pairs))
        var firsts: [Coalition] = []
        for index in stride(from: 0, to: pool.count - 1, by: 2)
        where !known.contains(pool[index]) && !known.contains(pool[index + 1]) {
            firsts.append(pool[index])
        }
        let offered = firsts.prefix(max(candidates, 2 * pairs)).flatMap { [$0, $0.complement] }
        guard !offered.isEmpty, let process = GaussianProcess(data, index: .shapley, seed: seed) else {
            return Array(offered.prefix(2 * pairs))
        }
        var belief = try process.belief(over: offered)
        var chosen: [Coalition] = []
        var left = Array(0..<offered.count / 2)
        while chosen.count < 2 * pairs, let best = left.max(by: { belief.gain($0) < belief.gain($1) }) {
            left.removeAll { $0 == best }
            chosen += [offered[2 * best], offered[2 * best + 1]]
            belief.condition(onPair: best)
        }
        return chosen
    }
}

/// Joint posterior of the values and of v at candidate coalitions, candidates 2p and 2p+1 being a pair.
struct CandidateBelief {
    /// Posterior covariance of v at the candidates.
    var candidates: Matrix
    /// Posterior covariance of candidates (rows) and values (columns).
    var cross: Matrix
    /// Variance of an evaluation's noise.
    let noise: Double

    private func precision(_ pair: Int) -> (a: Double, b: Double, d: Double) {
        let first = candidates[2 * pair, 2 * pair] + noise
        let second = candidates[2 * pair + 1, 2 * pair + 1] + noise
        let both = candidates[2 * pair, 2 * pair + 1]
        let determinant = first * second - both * both
        return (second / determinant, -both / determinant, first / determinant)
    }

    /// By how much evaluating the pair lowers the sum of the values' variances.
    func gain(_ pair: Int) -> Double {
        let p = precision(pair)
        let a = cross.row(2 * pair)
        let b = cross.row(2 * pair + 1)
        return zip(a, b).reduce(0) { $0 + p.a * $1.0 * $1.0 + 2 * p.b * $1.0 * $1.1 + p.d * $1.1 * $1.1 }
    }

    /// Takes the pair as evaluated.
    mutating func condition(onPair pair: Int) {
        let p = precision(pair)
        let values = (Array(cross.row(2 * pair)), Array(cross.row(2 * pair + 1)))
        let others = (Array(candidates.row(2 * pair)), Array(candidates.row(2 * pair + 1)))
        for row in 0..<candidates.rows {
            let first = p.a * others.0[row] + p.b * others.1[row]
            let second = p.b * others.0[row] + p.d * others.1[row]
            for column in 0..<cross.columns {
                cross[row, column] -= first * values.0[column] + second * values.1[column]
            }
            for column in 0..<candidates.columns {
                candidates[row, column] -= first * others.0[column] + second * others.1[column]
            }
        }
    }
}
