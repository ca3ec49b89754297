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
        let tables = kernel.sizeTables
        let side = playerCount + 1
        var matrix = Matrix(rows: count, columns: count)
        matrix.values.withUnsafeMutableBufferPointer { elements in
            overlaps.withUnsafeBufferPointer { overlaps in
                var position = 0
                for i in 0..<count {
                    let own = sizes[i]
                    let row = i &* count
                    for j in 0...i {
                        let shared = Int(overlaps[position])
                        position &+= 1
                        let cell = own &* side &+ sizes[j]
                        elements[row &+ j] =
                            interaction[own &+ sizes[j] &- 2 &* shared] + tables.common[cell]
                            + Double(shared) * (tables.slope[cell] + Double(shared) * tables.bend[cell])
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
        /// By both sizes, at k·(n+1) + k'.
        var bySizes: [Double]
        /// By both sizes, each element times the overlap.
        var overlapBySizes: [Double]
        /// By both sizes, each element times the overlap's square.
        var squareBySizes: [Double]
    }

    /// Contracts a symmetric matrix (full sum, read from its lower triangle): every derivative of the likelihood by a
    /// parameter of the kernel follows from these sums without building the derivative's matrix.
    func sums(of matrix: Matrix) -> Sums {
        let side = playerCount + 1
        var sums = Sums(
            byDistance: [Double](repeating: 0, count: side), bySizes: [Double](repeating: 0, count: side * side),
            overlapBySizes: [Double](repeating: 0, count: side * side),
            squareBySizes: [Double](repeating: 0, count: side * side))
        matrix.values.withUnsafeBufferPointer { elements in
            var position = 0
            for i in 0..<count {
                for j in 0...i {
                    let weight = i == j ? elements[i &* count &+ j] : 2 * elements[i &* count &+ j]
                    let shared = Int(overlaps[position])
                    position &+= 1
                    let cell = sizes[i] &* side &+ sizes[j]
                    sums.byDistance[sizes[i] &+ sizes[j] &- 2 &* shared] += weight
                    sums.bySizes[cell] += weight
                    sums.overlapBySizes[cell] += weight * Double(shared)
                    sums.squareBySizes[cell] += weight * Double(shared &* shared)
                }
            }
        }
        return sums
    }
}
