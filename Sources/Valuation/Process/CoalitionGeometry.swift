import Numerics

/// Sizes and overlaps of the coalitions of a regression: all that a symmetric kernel needs to know of them.
///
/// Coalitions come in ascending order of size, so that whatever depends on two sizes is constant along a run of columns.
/// Overlaps take two bytes for each pair, so that 5,000 coalitions cost 50 MB.
struct CoalitionGeometry: Sendable {
    /// Neighbouring coalitions of one size.
    struct Run: Sendable {
        let size: Int
        let rows: Range<Int>
    }

    let playerCount: Int
    /// Ascending.
    let sizes: [Int]
    let runs: [Run]
    /// Members in common of coalitions i and j, at i·count + j.
    let overlaps: [UInt16]

    /// Counts members in common; M²·n/64 steps.
    init(_ coalitions: [Coalition], playerCount: Int) {
        precondition(playerCount <= Int(UInt16.max), "overlaps are kept in two bytes")
        let sizes = coalitions.map(\.count)
        precondition(zip(sizes, sizes.dropFirst()).allSatisfy { $0 <= $1 }, "coalitions are sorted by size")
        self.playerCount = playerCount
        self.sizes = sizes
        var runs: [Run] = []
        for (row, size) in sizes.enumerated() {
            let start = runs.last?.size == size ? runs.removeLast().rows.lowerBound : row
            runs.append(Run(size: size, rows: start..<row + 1))
        }
        self.runs = runs
        let words = (playerCount + 63) / 64
        let flat = coalitions.flatMap(\.words)
        let count = coalitions.count
        overlaps = [UInt16](unsafeUninitializedCapacity: count * count) { buffer, initialised in
            flat.withUnsafeBufferPointer { flat in
                for i in 0..<count {
                    for j in 0...i {
                        var shared = 0
                        for w in 0..<words {
                            shared &+= (flat[i &* words &+ w] & flat[j &* words &+ w]).nonzeroBitCount
                        }
                        buffer[i &* count &+ j] = UInt16(truncatingIfNeeded: shared)
                        buffer[j &* count &+ i] = UInt16(truncatingIfNeeded: shared)
                    }
                }
            }
            initialised = count * count
        }
    }

    var count: Int { sizes.count }

    /// The kernel's matrix, lower triangle only, with `noise` on the diagonal; M²/2 table look-ups.
    func covariance(_ kernel: CoalitionKernel, diagonal noise: [Double]) -> Matrix {
        let interaction = kernel.interactionTable
        let tables = kernel.sizeTables
        let side = playerCount + 1
        let count = count
        let values = [Double](unsafeUninitializedCapacity: count * count) { elements, initialised in
            overlaps.withUnsafeBufferPointer { overlaps in
                interaction.withUnsafeBufferPointer { interaction in
                    for i in 0..<count {
                        let row = i &* count
                        for run in runs where run.rows.lowerBound <= i {
                            let cell = sizes[i] &* side &+ run.size
                            let (common, slope, bend) = (tables.common[cell], tables.slope[cell], tables.bend[cell])
                            let both = sizes[i] &+ run.size
                            for j in run.rows.lowerBound..<min(run.rows.upperBound, i + 1) {
                                let shared = Int(overlaps[row &+ j])
                                let overlap = Double(shared)
                                elements[row &+ j] =
                                    interaction[both &- 2 &* shared] + common + overlap * (slope + overlap * bend)
                            }
                        }
                        for j in i + 1..<max(count, i + 1) { elements[row &+ j] = 0 }
                        elements[row + i] += noise[i]
                    }
                }
            }
            initialised = count * count
        }
        return Matrix(rows: count, columns: count, values: values)
    }
}
