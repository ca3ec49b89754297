import Numerics

/// Sizes and overlaps of the coalitions of a regression: all that a symmetric kernel needs to know of them.
///
/// Overlaps take two bytes for each pair in the lower triangle, so that 5,000 coalitions cost 25 MB.
struct CoalitionGeometry: Sendable {
    let playerCount: Int
    let sizes: [Int]
    /// Members in common of coalitions i ≥ j, at i(i+1)/2 + j.
    let overlaps: [UInt16]

    init(_ coalitions: [Coalition], playerCount: Int) {
        precondition(playerCount <= Int(UInt16.max), "overlaps are kept in two bytes")
        self.playerCount = playerCount
        sizes = coalitions.map(\.count)
        let words = (playerCount + 63) / 64
        let flat = coalitions.flatMap(\.words)
        overlaps = [UInt16](unsafeUninitializedCapacity: coalitions.count * (coalitions.count + 1) / 2) {
            buffer, count in
            flat.withUnsafeBufferPointer { flat in
                for i in coalitions.indices {
                    for j in 0...i {
                        var shared = 0
                        for w in 0..<words {
                            shared &+= (flat[i &* words &+ w] & flat[j &* words &+ w]).nonzeroBitCount
                        }
                        buffer[count] = UInt16(truncatingIfNeeded: shared)
                        count &+= 1
                    }
                }
            }
        }
    }

    var count: Int { sizes.count }

    /// The kernel's matrix, lower triangle only, with `noise` on the diagonal; M²/2 table look-ups.
    func covariance(_ kernel: CoalitionKernel, diagonal noise: [Double]) -> Matrix {
        let interaction = kernel.interactionTable
        let bySize = kernel.sizeTable
        let effect = kernel.effectTable
        let scale = 4 / Double(playerCount)
        let quarter = Double(playerCount) / 4
        var matrix = Matrix(rows: count, columns: count)
        matrix.values.withUnsafeMutableBufferPointer { elements in
            overlaps.withUnsafeBufferPointer { overlaps in
                var position = 0
                for i in 0..<count {
                    let own = sizes[i]
                    let row = i * count
                    for j in 0...i {
                        let shared = Int(overlaps[position])
                        position &+= 1
                        let sum = own &+ sizes[j]
                        let apart = abs(own &- sizes[j])
                        let product = scale * (Double(shared) - 0.5 * Double(sum) + quarter)
                        elements[row &+ j] =
                            interaction[sum &- 2 &* shared] + bySize[apart] + product * effect[apart]
                    }
                    elements[row + i] += noise[i]
                }
            }
        }
        return matrix
    }

    /// Sums of a symmetric matrix's elements over the classes on which the kernel depends.
    struct Sums {
        /// By number of differing players.
        var byDistance: [Double]
        /// By difference of sizes.
        var bySize: [Double]
        /// By difference of sizes, each element times ⟨x, x'⟩·4/n.
        var effectBySize: [Double]
    }

    /// Contracts a symmetric matrix (full sum, read from its lower triangle): every derivative of the likelihood by a
    /// parameter of the kernel follows from these sums without building the derivative's matrix.
    func sums(of matrix: Matrix) -> Sums {
        var sums = Sums(
            byDistance: [Double](repeating: 0, count: playerCount + 1),
            bySize: [Double](repeating: 0, count: playerCount + 1),
            effectBySize: [Double](repeating: 0, count: playerCount + 1))
        let scale = 4 / Double(playerCount)
        let quarter = Double(playerCount) / 4
        matrix.values.withUnsafeBufferPointer { elements in
            var position = 0
            for i in 0..<count {
                for j in 0...i {
                    let weight = i == j ? elements[i &* count &+ j] : 2 * elements[i &* count &+ j]
                    let shared = Int(overlaps[position])
                    position &+= 1
                    let sum = sizes[i] &+ sizes[j]
                    let apart = abs(sizes[i] &- sizes[j])
                    sums.byDistance[sum &- 2 &* shared] += weight
                    sums.bySize[apart] += weight
                    sums.effectBySize[apart] += weight * scale * (Double(shared) - 0.5 * Double(sum) + quarter)
                }
            }
        }
        return sums
    }
}
