import Credit
import Testing

@Suite("Task lists")
struct TaskListTests {
    @Test("A coalition and its complement share the training seed, all share the noise, each has its own seed")
    func seeds() throws {
        let tasks = try Sample.tasks().1.tasks
        let interior = tasks.filter { $0.role == .interior }
        for pair in stride(from: 0, to: interior.count, by: 2) {
            let (one, other) = (interior[pair], interior[pair + 1])
            #expect(Set(one.coalition).isDisjoint(with: other.coalition))
            #expect(one.coalition.count + other.coalition.count == Sample.players.count)
            #expect(one.pairSeed == other.pairSeed)
        }
        #expect(Set(interior.map(\.noiseSeed)).count == 1)
        #expect(Set(tasks.map(\.seed)).count == tasks.count)
        #expect(Set(interior.map(\.pairSeed)).count == interior.count / 2)
    }

    @Test("Repeats of a coalition differ in every seed")
    func repeats() throws {
        let tasks = try Sample.tasks().1.tasks
        let empty = tasks.filter { $0.role == .empty }
        #expect(empty.map(\.repeatIndex) == [0, 1])
        #expect(Set(empty.map(\.noiseSeed)).count == 2)
        #expect(Set(empty.map(\.pairSeed)).count == 2)
        let duplicates = tasks.filter { $0.role == .duplicate }
        #expect(duplicates.count == 2)
        for duplicate in duplicates {
            let original = try #require(tasks.first { $0.coalition == duplicate.coalition && $0.repeatIndex == 0 })
            #expect(original.role == .interior)
            #expect(original.pairSeed != duplicate.pairSeed && original.noiseSeed != duplicate.noiseSeed)
        }
    }

    @Test("Seeds fit into what JSON readers keep exactly")
    func seedRange() throws {
        for task in try Sample.tasks().1.tasks {
            for seed in [task.seed, task.pairSeed, task.noiseSeed] { #expect((0..<1 << 53).contains(seed)) }
        }
    }
}
