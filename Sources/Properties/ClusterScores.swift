import Foundation
package import Numerics

/// The probability of each soft cluster for each picture: a softmax of −distance/temperature in principal components.
func softAssignments(_ features: Matrix, _ reference: Reference) -> Matrix {
    var result = squaredDistances(reference.project(features), reference.centres)
    for i in 0..<result.rows {
        let nearest = result.row(i).min() ?? 0
        var total = 0.0
        for c in 0..<result.columns {
            let weight = exp((nearest.squareRoot() - result[i, c].squareRoot()) / reference.temperature)
            result[i, c] = weight
            total += weight
        }
        for c in 0..<result.columns { result[i, c] /= total }
    }
    return result
}

/// The Inception Score `exp(mean KL(p(y|x) ‖ p(y)))` of one class distribution a picture.
package func inceptionScore(_ probabilities: Matrix) -> Measurement {
    let marginal = columnMeans(probabilities)
    let divergences = (0..<probabilities.rows).map { i in
        zip(probabilities.row(i), marginal).reduce(0) { sum, pair in
            pair.0 > 0 ? sum + pair.0 * log(pair.0 / pair.1) : sum
        }
    }
    let score = exp(divergences.reduce(0, +) / Double(divergences.count))
    return Measurement(value: score, influences: divergences.map { $0 * score })
}

/// The entropy in bits of the mean of one class distribution a picture.
package func marginalEntropy(_ probabilities: Matrix) -> Measurement {
    let marginal = columnMeans(probabilities)
    let surprises = marginal.map { $0 > 0 ? -log2($0) : 0 }
    let entropy = zip(marginal, surprises).reduce(0) { $0 + $1.0 * $1.1 }
    let influences = (0..<probabilities.rows).map { i in
        zip(probabilities.row(i), surprises).reduce(0) { $0 + $1.0 * $1.1 }
    }
    return Measurement(value: entropy, influences: influences)
}

/// For each picture a 1 at the hard cluster whose members are nearest on average, in principal components.
func hardAssignments(_ features: Matrix, _ reference: Reference) -> Matrix {
    var distances = squaredDistances(reference.project(features), reference.projected)
    for index in distances.values.indices { distances.values[index] = distances.values[index].squareRoot() }
    return nearestClusters(distances, reference.hardLabels)
}

/// The same for the published clusters, whose distance is how far an inner product stays below the largest.
///
/// The constant that turns similarity into distance is the same for all clusters, so it does not decide.
func publishedAssignments(_ features: Matrix, _ reference: Reference) -> Matrix {
    let dissimilarity = LinearAlgebra.product(features, reference.features, transposeB: true, scale: -1)
    return nearestClusters(dissimilarity, reference.publishedLabels)
}

/// A 1 a row, at the label whose columns have the smallest mean.
private func nearestClusters(_ distances: Matrix, _ labels: [Int]) -> Matrix {
    let count = (labels.max() ?? 0) + 1
    var sizes = [Double](repeating: 0, count: count)
    for label in labels { sizes[label] += 1 }
    var result = Matrix(rows: distances.rows, columns: count)
    for i in 0..<distances.rows {
        var means = [Double](repeating: 0, count: count)
        for (j, label) in labels.enumerated() { means[label] += distances[i, j] }
        let nearest = (0..<count).min { means[$0] / sizes[$0] < means[$1] / sizes[$1] } ?? 0
        result[i, nearest] = 1
    }
    return result
}
