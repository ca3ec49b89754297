import Numerics
import Testing

@Suite("Random streams")
struct RandomStreamTests {
    /// The `philox4x32 10` lines of Random123's `kat_vectors`.
    static let knownAnswers: [(counter: SIMD4<UInt32>, key: SIMD2<UInt32>, block: SIMD4<UInt32>)] = [
        (SIMD4(repeating: 0), SIMD2(repeating: 0), SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8)),
        (
            SIMD4(repeating: .max), SIMD2(repeating: .max),
            SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD)
        ),
        (
            SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344), SIMD2(0xA409_3822, 0x299F_31D0),
            SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1)
        ),
    ]

    @Test("Philox gives the known answers of its authors", arguments: 0..<3)
    func knownAnswer(_ index: Int) {
        let vector = Self.knownAnswers[index]
        #expect(Philox.block(counter: vector.counter, key: vector.key) == vector.block)
    }

    @Test("Equal names give equal numbers; seed, name and index each open another stream")
    func named() {
        func head(_ seed: UInt64, _ name: String, _ index: UInt64 = 0) -> [UInt64] {
            var stream = RandomStream(seed: seed, name, index: index)
            return (0..<5).map { _ in stream.next() }
        }
        #expect(head(7, "noise") == head(7, "noise"))
        let heads = [head(7, "noise"), head(8, "noise"), head(7, "order"), head(7, "noise", 1), head(7, "")]
        #expect(Set(heads).count == heads.count)
    }

    @Test("Small integers are equally likely")
    func integers() {
        var stream = RandomStream(seed: 1, "integers")
        var counts = [Int](repeating: 0, count: 7)
        for _ in 0..<70_000 { counts[stream.int(below: 7)] += 1 }
        let chiSquare = counts.reduce(0.0) { $0 + (Double($1) - 10_000) * (Double($1) - 10_000) / 10_000 }
        #expect(chiSquare < 22.5)  // the 0.1 % point of six degrees of freedom
    }

    @Test("Uniform and normal numbers have the moments of their laws")
    func moments() {
        var stream = RandomStream(seed: 3, "moments")
        let count = 100_000
        let uniforms = (0..<count).map { _ in stream.uniform() }
        #expect(uniforms.allSatisfy { (0..<1).contains($0) })
        #expect(abs(uniforms.reduce(0, +) / Double(count) - 0.5) < 4 * 0.2887 / Double(count).squareRoot())
        let normals = (0..<count).map { _ in stream.normal() }
        let mean = normals.reduce(0, +) / Double(count)
        let square = normals.reduce(0) { $0 + $1 * $1 } / Double(count)
        let fourth = normals.reduce(0) { $0 + $1 * $1 * $1 * $1 } / Double(count)
        #expect(abs(mean) < 4 / Double(count).squareRoot())
        #expect(abs(square - 1) < 4 * (2 / Double(count)).squareRoot())
        #expect(abs(fourth - 3) < 4 * (96 / Double(count)).squareRoot())
    }

    @Test("Filled buffers are normal, finite and depend on the stream only", arguments: [0, 1, 2, 9999])
    func filled(count: Int) {
        func fill() -> [Float] {
            var stream = RandomStream(seed: 5, "image")
            var values = [Float](repeating: .nan, count: count)
            values.withUnsafeMutableBufferPointer { stream.fillNormal($0) }
            return values
        }
        let values = fill()
        #expect(values == fill())
        #expect(values.allSatisfy { $0.isFinite })
        guard count > 100 else { return }
        let mean = values.reduce(0, +) / Float(count)
        let square = values.reduce(0) { $0 + $1 * $1 } / Float(count)
        #expect(abs(mean) < 0.04 && abs(square - 1) < 0.06)
    }

    @Test("A shuffle keeps the elements and reaches every order")
    func shuffles() {
        var stream = RandomStream(seed: 11, "orders")
        var seen = Set<[Int]>()
        for _ in 0..<500 {
            var order = [0, 1, 2, 3]
            stream.shuffle(&order)
            #expect(order.sorted() == [0, 1, 2, 3])
            seen.insert(order)
        }
        #expect(seen.count == 24)
    }

    @Test("Subsets have the asked size and contain every element equally often")
    func subsets() {
        var stream = RandomStream(seed: 12, "subsets")
        var counts = [Int](repeating: 0, count: 10)
        for _ in 0..<10_000 {
            let subset = stream.subset(of: 10, count: 3)
            #expect(Set(subset).count == 3)
            for element in subset { counts[element] += 1 }
        }
        #expect(counts.allSatisfy { abs($0 - 3000) < 200 })
    }
}
