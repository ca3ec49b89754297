internal import COpenBLAS

extension LinearAlgebra {
    /// Eigenvalues in ascending order, and the eigenvectors as the columns of `vectors`.
    package struct SymmetricEigen: Sendable {
        /// Ascending.
        package let values: [Double]
        /// Orthonormal; column `j` belongs to `values[j]`.
        package let vectors: Matrix
    }

    /// The spectral decomposition of a symmetric matrix (its lower triangle is read); LAPACK's divide and conquer.
    package static func symmetricEigen(_ matrix: Matrix) throws(LinearAlgebraError) -> SymmetricEigen {
        prepare()
        precondition(matrix.rows == matrix.columns, "only a square matrix has eigenvalues")
        guard matrix.rows > 0 else { return SymmetricEigen(values: [], vectors: matrix) }
        var a = matrix.values
        var order = Int32(matrix.rows)
        var values = [Double](repeating: 0, count: matrix.rows)
        var work = [0.0]
        var integerWork: [Int32] = [0]
        var info: Int32 = 0
        var query: Int32 = -1
        dsyevd_("V", "U", &order, &a, &order, &values, &work, &query, &integerWork, &query, &info)
        var workSize = Int32(work[0])
        var integerWorkSize = integerWork[0]
        work = [Double](repeating: 0, count: Int(workSize))
        integerWork = [Int32](repeating: 0, count: Int(integerWorkSize))
        dsyevd_("V", "U", &order, &a, &order, &values, &work, &workSize, &integerWork, &integerWorkSize, &info)
        guard info == 0 else { throw .noConvergence }
        // LAPACK's columns are our rows.
        return SymmetricEigen(
            values: values, vectors: Matrix(rows: matrix.rows, columns: matrix.rows, values: a).transposed)
    }

    /// The thin singular value decomposition `A = U·diag(s)·Vᵀ`.
    package struct SingularValues: Sendable {
        /// rows × min(rows, columns), orthonormal columns.
        package let u: Matrix
        /// Descending, non-negative.
        package let values: [Double]
        /// min(rows, columns) × columns, orthonormal rows.
        package let vTransposed: Matrix
    }

    /// The thin singular value decomposition; LAPACK's divide and conquer.
    package static func singularValues(_ matrix: Matrix) throws(LinearAlgebraError) -> SingularValues {
        prepare()
        let rank = min(matrix.rows, matrix.columns)
        var u = Matrix(rows: matrix.rows, columns: rank)
        var vTransposed = Matrix(rows: rank, columns: matrix.columns)
        var values = [Double](repeating: 0, count: rank)
        guard rank > 0 else { return SingularValues(u: u, values: values, vTransposed: vTransposed) }
        // LAPACK sees Aᵀ = V·diag(s)·Uᵀ: its left factor, column by column, is our Vᵀ row by row.
        var a = matrix.values
        var m = Int32(matrix.columns)
        var n = Int32(matrix.rows)
        var inner = Int32(rank)
        var work = [0.0]
        var integerWork = [Int32](repeating: 0, count: 8 * rank)
        var info: Int32 = 0
        var query: Int32 = -1
        dgesdd_(
            "S", &m, &n, &a, &m, &values, &vTransposed.values, &m, &u.values, &inner, &work, &query, &integerWork,
            &info)
        var workSize = Int32(work[0])
        work = [Double](repeating: 0, count: Int(workSize))
        dgesdd_(
            "S", &m, &n, &a, &m, &values, &vTransposed.values, &m, &u.values, &inner, &work, &workSize, &integerWork,
            &info)
        guard info == 0 else { throw .noConvergence }
        return SingularValues(u: u, values: values, vTransposed: vTransposed)
    }

    /// The Moore–Penrose inverse; singular values up to `tolerance` times the largest count as zero.
    package static func pseudoInverse(
        _ matrix: Matrix, tolerance: Double = 1e-15
    ) throws(LinearAlgebraError) -> Matrix {
        let decomposition = try singularValues(matrix)
        let cutoff = tolerance * (decomposition.values.first ?? 0)
        var scaled = decomposition.vTransposed
        for (i, value) in decomposition.values.enumerated() {
            let factor = value > cutoff ? 1 / value : 0
            for j in 0..<scaled.columns { scaled[i, j] *= factor }
        }
        return product(scaled, decomposition.u, transposeA: true, transposeB: true)
    }

    /// `A⁻¹·B` of a general square matrix by LU decomposition with partial pivoting.
    package static func solve(_ matrix: Matrix, _ b: Matrix) throws(LinearAlgebraError) -> Matrix {
        prepare()
        precondition(matrix.rows == matrix.columns && b.rows == matrix.rows, "matrix and right side must fit")
        guard b.rows > 0, b.columns > 0 else { return b }
        var a = matrix.transposed.values
        var x = b.transposed.values
        var order = Int32(matrix.rows)
        var sides = Int32(b.columns)
        var pivots = [Int32](repeating: 0, count: matrix.rows)
        var info: Int32 = 0
        dgesv_(&order, &sides, &a, &order, &pivots, &x, &order, &info)
        guard info == 0 else { throw .singular }
        return Matrix(rows: b.columns, columns: b.rows, values: x).transposed
    }
}
