/// What the numbers of a matrix can make impossible.
package enum LinearAlgebraError: Error, Hashable, Sendable {
    /// The leading minor of this order is not positive.
    case notPositiveDefinite(order: Int)
    /// The matrix has no inverse.
    case singular
    /// An iteration of LAPACK did not converge.
    case noConvergence
}
