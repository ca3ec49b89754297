import Glibc

/// The standard normal law.
enum Normal {
    /// P(Z ≤ z).
    static func cumulative(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }
}
