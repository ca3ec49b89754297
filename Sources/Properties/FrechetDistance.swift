import Numerics

/// The squared Fréchet (2-Wasserstein) distance between Gaussians fitted to generated and reference features.
///
/// `|μ−μᵣ|² + tr Σ + tr Σᵣ − 2 tr (Σᵣ^½ Σ Σᵣ^½)^½`. The last trace is the sum of the singular values of the centred
/// generated features times a root of Σᵣ, which needs no matrix root, works with fewer pictures than features, and
/// gives each picture's influence for free. Biased upward by the number of pictures: compare equal counts only.
func frechetDistance(_ features: Matrix, _ reference: Reference) throws -> Measurement {
    let count = features.rows
    let degrees = Double(count - 1)
    let mean = columnMeans(features)
    let shift = zip(mean, reference.mean).map { $0 - $1 }
    let centred = subtracting(mean, from: features)
    let squares = (0..<count).map { centred.row($0).reduce(0) { $0 + $1 * $1 } }
    let mixed = LinearAlgebra.product(centred, reference.covarianceRoot)
    let overlap = try singularShares(of: mixed)
    let root = degrees.squareRoot()
    let value =
        shift.reduce(0) { $0 + $1 * $1 } + reference.covarianceTrace + squares.reduce(0, +) / degrees
        - 2 * overlap.reduce(0, +) / root
    let alongShift = LinearAlgebra.product(centred, shift)
    let influences = (0..<count).map { 2 * alongShift[$0] + squares[$0] - root * overlap[$0] }
    return Measurement(value: max(0, value), influences: influences)
}

/// For `A = U S Vᵀ`, the share of each row in the sum of the singular values: `Σⱼ Uᵢⱼ² sⱼ`.
private func singularShares(of matrix: Matrix) throws -> [Double] {
    let isWide = matrix.rows <= matrix.columns
    let eigen = try LinearAlgebra.symmetricEigen(LinearAlgebra.symmetricProduct(matrix, transposed: !isWide))
    let largest = max(0, eigen.values.last ?? 0)
    // Below it an eigenvalue of the product is rounding.
    let floor = largest * Double(max(matrix.rows, matrix.columns)) * 1e-16
    let rows = isWide ? eigen.vectors : LinearAlgebra.product(matrix, eigen.vectors)
    return (0..<matrix.rows).map { i in
        var share = 0.0
        for (j, value) in eigen.values.enumerated() where value > floor {
            let singular = value.squareRoot()
            share += rows[i, j] * rows[i, j] * (isWide ? singular : 1 / singular)
        }
        return share
    }
}
