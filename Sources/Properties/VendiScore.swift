import Foundation
import Numerics

/// The Vendi score: the exponential of the von Neumann entropy of the pictures' similarity matrix over their count.
///
/// Similarity is the cosine of features centred on the reference's mean; without centring, features that are all
/// positive make every pair of pictures look alike. The eigenvalues come from whichever of the two Gram matrices is
/// smaller.
func vendiScore(_ features: Matrix, _ reference: Reference) throws -> Measurement {
    var unit = subtracting(reference.mean, from: features)
    let scale = 1 / Double(features.rows).squareRoot()
    for i in 0..<unit.rows {
        let length = unit.row(i).reduce(0) { $0 + $1 * $1 }.squareRoot()
        // A picture exactly at the mean has no direction; any fixed one keeps its similarity to itself at 1.
        guard length > 0 else {
            unit[i, 0] = scale
            continue
        }
        for j in 0..<unit.columns { unit[i, j] *= scale / length }
    }
    let isWide = unit.rows <= unit.columns
    let eigen = try LinearAlgebra.symmetricEigen(LinearAlgebra.symmetricProduct(unit, transposed: !isWide))
    let rows = isWide ? eigen.vectors : LinearAlgebra.product(unit, eigen.vectors)
    var entropy = 0.0
    var influences = [Double](repeating: 0, count: unit.rows)
    for (j, value) in eigen.values.enumerated() where value > 1e-15 {
        entropy -= value * log(value)
        // `rows` holds U of `unit = U S Vᵀ` in the first case and U S in the second.
        let factor = -log(value) * (isWide ? value : 1) * Double(unit.rows)
        for i in 0..<unit.rows { influences[i] += factor * rows[i, j] * rows[i, j] }
    }
    let score = exp(entropy)
    return Measurement(value: score, influences: influences.map { $0 * score })
}
