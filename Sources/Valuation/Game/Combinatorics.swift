import Glibc

/// Binomials in log space, so that a thousand players overflow nothing.
enum Combinatorics {
    /// ln Γ(x) for x > 0.
    static func logGamma(_ x: Double) -> Double {
        var sign: Int32 = 0
        return lgamma_r(x, &sign)
    }

    /// ln C(n, k).
    static func logBinomial(_ n: Int, _ k: Int) -> Double {
        precondition(k >= 0 && k <= n, "a binomial needs 0 ≤ k ≤ n")
        return logGamma(Double(n + 1)) - logGamma(Double(k + 1)) - logGamma(Double(n - k + 1))
    }

    /// The law of the size of a coalition under the Shapley kernel: P(k) ∝ 1/(k(n−k)) for 1 ≤ k ≤ n−1, zero at the ends.
    static func kernelSizeLaw(_ n: Int) -> [Double] {
        var law = [Double](repeating: 0, count: n + 1)
        guard n > 1 else { return law }
        for k in 1..<n { law[k] = 1 / (Double(k) * Double(n - k)) }
        let total = law.reduce(0, +)
        return law.map { $0 / total }
    }
}
