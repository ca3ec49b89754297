internal import COpenBLAS
import Glibc

/// The factor `L` of a symmetric positive definite matrix `A = L·Lᵀ`, and what follows from it.
package struct Cholesky: Sendable {
    /// `L` in the lower triangle, row-major; what stands above the diagonal is of no meaning.
    package let factor: Matrix

    /// Factors `matrix`, reading its lower triangle only; n³/3 operations, in place.
    package init(_ matrix: consuming Matrix) throws(LinearAlgebraError) {
        LinearAlgebra.prepare()
        precondition(matrix.rows == matrix.columns, "only a square matrix has a Cholesky factor")
        var order = Int32(matrix.rows)
        var info: Int32 = 0
        // LAPACK sees the transpose, so our lower triangle is its upper one.
        if order > 0 { dpotrf_("U", &order, &matrix.values, &order, &info) }
        guard info == 0 else { throw .notPositiveDefinite(order: Int(info)) }
        factor = matrix
    }

    /// Number of rows of the factored matrix.
    package var order: Int { factor.rows }

    /// The natural logarithm of the determinant of `A`.
    package var logDeterminant: Double {
        (0..<order).reduce(0) { $0 + 2 * log(factor[$1, $1]) }
    }

    /// `A⁻¹·b`.
    package func solve(_ b: [Double]) -> [Double] {
        LinearAlgebra.prepare()
        precondition(b.count == order, "the right side needs one element a row")
        var x = b
        guard order > 0 else { return x }
        for transposed in [CblasNoTrans, CblasTrans] {
            cblas_dtrsv(
                CblasRowMajor, CblasLower, transposed, CblasNonUnit, blasint(order), factor.values, blasint(order), &x,
                1)
        }
        return x
    }

    /// `A⁻¹·B`.
    package func solve(_ b: Matrix) -> Matrix {
        solveUpper(solveLower(b))
    }

    /// `L⁻¹·b`: its squared length is `bᵀA⁻¹b`.
    package func solveLower(_ b: [Double]) -> [Double] {
        LinearAlgebra.prepare()
        precondition(b.count == order, "the right side needs one element a row")
        var x = b
        guard order > 0 else { return x }
        cblas_dtrsv(
            CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, blasint(order), factor.values, blasint(order), &x, 1)
        return x
    }

    /// `L⁻¹·B`: the product of its transpose with itself is `BᵀA⁻¹B`.
    package func solveLower(_ b: consuming Matrix) -> Matrix {
        triangularSolve(b, transposed: false)
    }

    /// `L⁻ᵀ·B`.
    package func solveUpper(_ b: consuming Matrix) -> Matrix {
        triangularSolve(b, transposed: true)
    }

    private func triangularSolve(_ b: consuming Matrix, transposed: Bool) -> Matrix {
        LinearAlgebra.prepare()
        precondition(b.rows == order, "the right side needs one row a row")
        guard b.rows > 0, b.columns > 0 else { return b }
        cblas_dtrsm(
            CblasRowMajor, CblasLeft, CblasLower, transposed ? CblasTrans : CblasNoTrans, CblasNonUnit,
            blasint(order), blasint(b.columns), 1, factor.values, blasint(order), &b.values, blasint(b.columns))
        return b
    }

    /// `A⁻¹`, both triangles; 2n³/3 operations.
    package func inverse() -> Matrix {
        LinearAlgebra.prepare()
        var result = factor
        var order = Int32(order)
        var info: Int32 = 0
        if order > 0 {
            result.values.withUnsafeMutableBufferPointer { elements in
                if let start = elements.baseAddress { Cholesky.invertTriangle(start, order: order, stride: order) }
            }
            dlauum_("U", &order, &result.values, &order, &info)
        }
        precondition(info == 0, "arguments in range")
        result.mirrorLowerTriangle()
        return result
    }

    /// `L⁻¹` in place. Halves meet in products of matrices, which the library does several times faster than its own
    /// inversion of a triangle of a few hundred rows.
    private static func invertTriangle(_ start: UnsafeMutablePointer<Double>, order: Int32, stride: Int32) {
        var (order, stride) = (order, stride)
        guard order > 32 else {
            var info: Int32 = 0
            dtrtri_("U", "N", &order, start, &stride, &info)
            precondition(info == 0, "a Cholesky factor has a positive diagonal")
            return
        }
        let top = order / 2
        let bottom = order - top
        let corner = start + Int(top) * Int(stride)
        let last = corner + Int(top)
        invertTriangle(start, order: top, stride: stride)
        invertTriangle(last, order: bottom, stride: stride)
        cblas_dtrmm(
            CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, bottom, top, -1, last, stride, corner,
            stride)
        cblas_dtrmm(
            CblasRowMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, bottom, top, 1, start, stride, corner,
            stride)
    }
}
