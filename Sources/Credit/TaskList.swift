package import Documents
import Numerics

/// All tasks of a run in their fixed order: both ends with their repeats, the duplicates' originals and copies among
/// the interior, complementary pairs side by side.
///
/// The order never changes with the number of workers: a stopping rule looks at prefixes of it, so what it decides does
/// not depend on who finished first.
package struct TaskList: Hashable, Sendable {
    package let tasks: [EvaluationTask]

    /// Builds the list.
    ///
    /// - Parameters:
    ///   - players: ids, ascending as bytes.
    ///   - interior: coalitions other than ∅ and everyone as indices into `players`, complements side by side.
    ///   - design: how often ends are repeated and how many coalitions duplicated (the first ones of `interior`).
    ///   - seed: of the run.
    package init(players: [String], interior: [[Int]], design: CreditPlan.Design, seed: Int64) {
        var builder = Builder(players: players, seed: UInt64(bitPattern: seed))
        for repeatIndex in 0..<design.endRepeats {
            builder.append(.empty, [], repeatIndex: repeatIndex)
            builder.append(.full, Array(players.indices), repeatIndex: repeatIndex)
        }
        for (index, members) in interior.enumerated() {
            builder.append(.interior, members, repeatIndex: 0)
            if index < design.duplicates { builder.append(.duplicate, members, repeatIndex: 1) }
        }
        tasks = builder.tasks
    }

    /// The SHA-256 of one line a task: `role coalition repeat seed pair_seed noise_seed`, members joined by `|`.
    package var digest: Digest {
        var hasher = SHA256Hasher()
        for task in tasks {
            let members = task.coalition.joined(separator: "|")
            let line = "\(task.role.rawValue) \(members) \(task.repeatIndex) \(task.seed) \(task.pairSeed) "
            hasher.update((line + "\(task.noiseSeed)\n").utf8)
        }
        return hasher.finish()
    }
}

/// Numbers tasks and opens their seeds from named streams.
private struct Builder {
    let players: [String]
    let seed: UInt64
    var tasks: [EvaluationTask] = []

    mutating func append(_ role: EvaluationTask.Role, _ members: [Int], repeatIndex: Int) {
        let mask = Set(members)
        // A pair is named by the member of it that does not contain player 0.
        let pairName = players.indices
            .filter { mask.contains($0) != mask.contains(0) }
            .map { players[$0] }
            .joined(separator: "|")
        tasks.append(
            EvaluationTask(
                number: tasks.count, role: role, coalition: members.sorted().map { players[$0] },
                repeatIndex: repeatIndex, seed: drawn("credit task", tasks.count),
                pairSeed: drawn("credit pair \(pairName)", repeatIndex),
                noiseSeed: drawn("credit noise", repeatIndex)))
    }

    private func drawn(_ name: String, _ index: Int) -> Int64 {
        var stream = RandomStream(seed: seed, name, index: UInt64(index))
        return Int64(stream.next() >> 11)
    }
}
