internal import COpenBLAS

/// Dense linear algebra over OpenBLAS and LAPACK, always on one thread.
///
/// One thread makes results bit-stable from run to run, and independent problems run beside each other anyway.
/// Shapes are preconditions; what data can cause (a matrix that is not positive definite, an iteration that does not
/// converge) is a ``LinearAlgebraError``.
package enum LinearAlgebra {
    /// Runs once, before the first call into the library.
    private static let singleThreaded: Void = openblas_set_num_threads(1)

    /// Every entry point calls this first.
    @inline(__always)
    static func prepare() { _ = singleThreaded }

    /// `scale · op(a) · op(b)`, where `op` transposes when asked to.
    package static func product(
        _ a: Matrix, _ b: Matrix, transposeA: Bool = false, transposeB: Bool = false, scale: Double = 1
    ) -> Matrix {
        prepare()
        let rows = transposeA ? a.columns : a.rows
        let inner = transposeA ? a.rows : a.columns
        let columns = transposeB ? b.rows : b.columns
        precondition(inner == (transposeB ? b.columns : b.rows), "the inner sides of a product must agree")
        var result = Matrix(rows: rows, columns: columns)
        guard rows > 0, columns > 0, inner > 0 else { return result }
        cblas_dgemm(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
            blasint(rows), blasint(columns), blasint(inner), scale, a.values, blasint(a.columns), b.values,
            blasint(b.columns), 0, &result.values, blasint(columns))
        return result
    }

    /// `op(a) · x` for a vector `x`.
    package static func product(_ a: Matrix, _ x: [Double], transposeA: Bool = false) -> [Double] {
        prepare()
        precondition(x.count == (transposeA ? a.rows : a.columns), "matrix and vector must fit")
        var result = [Double](repeating: 0, count: transposeA ? a.columns : a.rows)
        guard !result.isEmpty, !x.isEmpty else { return result }
        cblas_dgemv(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, blasint(a.rows), blasint(a.columns), 1, a.values,
            blasint(a.columns), x, 1, 0, &result, 1)
        return result
    }

    /// `a · aᵀ`, or `aᵀ · a` when `transposed`; both triangles are filled. Half the work of a product.
    package static func symmetricProduct(_ a: Matrix, transposed: Bool = false) -> Matrix {
        prepare()
        let order = transposed ? a.columns : a.rows
        let inner = transposed ? a.rows : a.columns
        var result = Matrix(rows: order, columns: order)
        guard order > 0, inner > 0 else { return result }
        cblas_dsyrk(
            CblasRowMajor, CblasLower, transposed ? CblasTrans : CblasNoTrans, blasint(order), blasint(inner), 1,
            a.values, blasint(a.columns), 0, &result.values, blasint(order))
        result.mirrorLowerTriangle()
        return result
    }

    /// The inner product of two vectors of equal length.
    package static func dot(_ a: [Double], _ b: [Double]) -> Double {
        prepare()
        precondition(a.count == b.count, "an inner product needs equal lengths")
        return cblas_ddot(blasint(a.count), a, 1, b, 1)
    }
}

extension Matrix {
    /// Copies the lower triangle over the upper one, in blocks that stay in the cache.
    mutating func mirrorLowerTriangle() {
        precondition(rows == columns, "only a square matrix has triangles")
        let order = rows
        let side = 64
        values.withUnsafeMutableBufferPointer { elements in
            for top in stride(from: 0, to: order, by: side) {
                for left in stride(from: 0, through: top, by: side) {
                    for i in top..<min(top + side, order) {
                        for j in left..<min(left + side, i) { elements[j * order + i] = elements[i * order + j] }
                    }
                }
            }
        }
    }
}
