import Numerics

/// Squared Euclidean distances between the rows of two matrices.
///
/// One matrix product does the work, so a distance near 0 carries a rounding error of about 1e-15 of the rows' squared
/// lengths; negative results are raised to 0.
/// - Complexity: `a.rows * b.rows * a.columns` multiplications.
func squaredDistances(_ a: Matrix, _ b: Matrix) -> Matrix {
    var result = LinearAlgebra.product(a, b, transposeB: true, scale: -2)
    let squaresOfA = (0..<a.rows).map { a.row($0).reduce(0) { $0 + $1 * $1 } }
    let squaresOfB = (0..<b.rows).map { b.row($0).reduce(0) { $0 + $1 * $1 } }
    result.values.withUnsafeMutableBufferPointer { values in
        for i in 0..<squaresOfA.count {
            for j in 0..<squaresOfB.count {
                let at = i * squaresOfB.count + j
                values[at] = max(0, values[at] + squaresOfA[i] + squaresOfB[j])
            }
        }
    }
    return result
}

/// The mean of the rows.
func columnMeans(_ matrix: Matrix) -> [Double] {
    var sums = [Double](repeating: 0, count: matrix.columns)
    for i in 0..<matrix.rows {
        for j in 0..<matrix.columns { sums[j] += matrix[i, j] }
    }
    return sums.map { $0 / Double(max(1, matrix.rows)) }
}

/// The rows with a vector taken off each.
func subtracting(_ mean: [Double], from matrix: Matrix) -> Matrix {
    var result = matrix
    for i in 0..<matrix.rows {
        for j in 0..<matrix.columns { result[i, j] -= mean[j] }
    }
    return result
}
