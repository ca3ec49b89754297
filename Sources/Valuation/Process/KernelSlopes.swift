import Glibc

/// Derivatives of the kernel by the logarithms of its parameters, for sums over coalitions of two given sizes.
///
/// Whatever is summed over pairs of coalitions (a trace, one row of a product with a vector) enters by four numbers: the sum
/// of weights, the same times the overlap and times its square for each pair of sizes, and the sum by distance.
struct KernelSlopes: Sendable {
    /// What one pair of sizes adds to the derivatives by each parameter but `interaction`, `reach` and `noise`.
    struct BySizes {
        var linear = 0.0
        var mixture = 0.0
        var early = 0.0
        var curvature = 0.0
        var size = 0.0
        var base = 0.0
    }

    let kernel: CoalitionKernel
    /// The interaction term by distance.
    let interaction: [Double]
    /// Its derivative by the logarithm of `reach`, by distance.
    let reach: [Double]
    private let side: Int
    private let felt: [Double]
    private let fading: [Double]
    /// Derivatives by the logarithm of the base's weight: of log `fading`, and of the felt sizes.
    private let fadingBend: [Double]
    private let feltBend: [Double]
    /// The size term at k·(n+1) + k'.
    private let similarity: [Double]

    init(_ kernel: CoalitionKernel) {
        self.kernel = kernel
        let n = Double(kernel.playerCount)
        side = kernel.playerCount + 1
        let table = kernel.interactionTable
        interaction = table
        reach = table.indices.map { table[$0] * Double($0) / (n * kernel.reach) }
        let felt = kernel.feltSizes
        self.felt = felt
        fading = kernel.fading
        let b = kernel.base
        let whole = log1p(n / b)
        fadingBend = (0...kernel.playerCount).map { b / (n / 2 + b) - b / (Double($0) + b) }
        feltBend = (0...kernel.playerCount).map { k in
            (-Double(k) / (Double(k) + b) + felt[k] * n / (n + b)) / whole
        }
        var similarity = [Double](repeating: 0, count: side * side)
        for k in 0..<side {
            for l in 0...k {
                let apart = (felt[k] - felt[l]) / CoalitionKernel.smoothness
                similarity[k * side + l] = kernel.size * exp(-apart * apart / 2)
                similarity[l * side + k] = similarity[k * side + l]
            }
        }
        self.similarity = similarity
    }

    /// What weights of coalitions with k and l members add: their sum, and those times overlap and its square.
    @inline(__always)
    func bySizes(_ k: Int, _ l: Int, plain: Double, overlap: Double, square: Double) -> BySizes {
        let n = Double(side - 1)
        let both = fading[k] * fading[l]
        let unit = 4 / n * both
        let expected = Double(k * l) / n
        let shared = unit * (overlap - plain * expected)
        var sums = BySizes()
        sums.linear = kernel.linear * (4 / n * overlap + plain * (1 - 2 * Double(k + l) / n))
        sums.mixture = kernel.mixture * shared
        sums.early = kernel.early * shared * both * both
        sums.curvature =
            kernel.curvature * unit * unit * (square - 2 * overlap * expected + plain * expected * expected)
        sums.size = plain * similarity[k * side + l]
        let apart = (felt[k] - felt[l]) / CoalitionKernel.smoothness
        sums.base =
            (sums.mixture + 3 * sums.early + 2 * sums.curvature) * (fadingBend[k] + fadingBend[l])
            - sums.size * apart * (feltBend[k] - feltBend[l]) / CoalitionKernel.smoothness
        return sums
    }
}

extension KernelSlopes.BySizes {
    static func += (sum: inout Self, other: Self) {
        sum.linear += other.linear
        sum.mixture += other.mixture
        sum.early += other.early
        sum.curvature += other.curvature
        sum.size += other.size
        sum.base += other.base
    }

    /// Puts the sums at their parameters' places.
    func add(to result: inout [Double], at start: Int = 0) {
        result[start + CoalitionKernel.Parameter.linear.rawValue] += linear
        result[start + CoalitionKernel.Parameter.mixture.rawValue] += mixture
        result[start + CoalitionKernel.Parameter.early.rawValue] += early
        result[start + CoalitionKernel.Parameter.curvature.rawValue] += curvature
        result[start + CoalitionKernel.Parameter.size.rawValue] += size
        result[start + CoalitionKernel.Parameter.base.rawValue] += base
    }
}
