import Errors
import Testing
import Valuation

@Suite("Designs")
struct DesignTests {
    static let designs: [Design] = [.pairedStratified, .kernel, .permutations, .everything]

    @Test("A longer design starts with the shorter one", arguments: designs, [2, 3, 9, 20])
    func extendable(design: Design, n: Int) throws {
        let long = try design.coalitions(playerCount: n, count: 90, seed: 5)
        for count in [0, 1, 7, 40] {
            let short = try design.coalitions(playerCount: n, count: count, seed: 5)
            #expect(short == Array(long.prefix(count)))
        }
        #expect(long.allSatisfy { !$0.isEmpty && !$0.isEveryone })
    }

    @Test("The paired design repeats nothing and comes in complements", arguments: [2, 3, 4, 5, 8, 9, 70, 1000])
    func paired(n: Int) throws {
        let coalitions = try Design.pairedStratified.coalitions(playerCount: n, count: 600, seed: 1)
        #expect(Set(coalitions).count == coalitions.count)
        #expect(coalitions.count == (n < 10 ? min(600, (1 << n) - 2) : 600))
        for index in stride(from: 0, to: coalitions.count - 1, by: 2) {
            #expect(coalitions[index].complement == coalitions[index + 1])
        }
    }

    @Test("Sizes are met equally often")
    func stratified() throws {
        var counts = [Int](repeating: 0, count: 21)
        for coalition in try Design.pairedStratified.coalitions(playerCount: 20, count: 19 * 12, seed: 2) {
            counts[coalition.count] += 1
        }
        #expect(counts[2...18].allSatisfy { $0 == 12 || $0 == 13 || $0 == 11 })
    }

    @Test("Sizes of the kernel design follow P(k) ∝ 1/(k(n−k))")
    func kernelLaw() throws {
        let n = 6
        let count = 20_000
        var counts = [Int](repeating: 0, count: n)
        for coalition in try Design.kernel.coalitions(playerCount: n, count: count, seed: 3) {
            counts[coalition.count] += 1
        }
        let total = (1..<n).reduce(0.0) { $0 + 1 / Double($1 * (n - $1)) }
        for k in 1..<n {
            let expected = Double(count) / Double(k * (n - k)) / total
            #expect(abs(Double(counts[k]) - expected) < 4 * expected.squareRoot())
        }
    }

    @Test("All coalitions of too many players are refused, not attempted")
    func tooMany() {
        #expect(throws: LaurelError.self) {
            try Design.everything.coalitions(playerCount: 21, count: 1, seed: 0)
        }
    }

    @Test("The sequential design offers fresh pairs, deterministically, until nothing is left")
    func sequential() throws {
        let game = GenerativeGame(.entropy, playerCount: 6, seed: 4)
        var known = try Design.pairedStratified.coalitions(playerCount: 6, count: 10, seed: 4)
        while true {
            let rows = Oracle.rows(game, known)
            let next = try SequentialDesign.next(rows: rows, playerCount: 6, pairs: 4, seed: 4)
            #expect(next == (try SequentialDesign.next(rows: rows, playerCount: 6, pairs: 4, seed: 4)))
            if next.isEmpty { break }
            #expect(Set(next).isDisjoint(with: known))
            #expect(Set(next).count == next.count)
            known += next
        }
        #expect(known.count == 62)
    }

    @Test("A longer sequential choice starts with the shorter one")
    func sequentialExtends() throws {
        let game = GenerativeGame(.quality, playerCount: 9, seed: 6)
        let known = try Design.pairedStratified.coalitions(playerCount: 9, count: 20, seed: 6)
        let rows = Oracle.rows(game, known)
        let long = try SequentialDesign.next(rows: rows, playerCount: 9, pairs: 8, seed: 6)
        for pairs in [1, 3] {
            let short = try SequentialDesign.next(rows: rows, playerCount: 9, pairs: pairs, seed: 6)
            #expect(short == Array(long.prefix(2 * pairs)))
        }
    }
}
