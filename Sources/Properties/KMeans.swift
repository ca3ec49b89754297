package import Numerics

/// k-means by Lloyd's iteration from k-means++ starts; the best of several starts.
package enum KMeans {
    private static let starts: UInt64 = 4
    private static let iterationLimit = 200

    /// Cluster centres of the rows, `min(count, distinct rows)` of them.
    ///
    /// - Complexity: `rows * count * columns` an iteration.
    package static func centres(of points: Matrix, count: Int, seed: UInt64) -> Matrix {
        var best: (centres: Matrix, inertia: Double)?
        for start in 0..<starts {
            var random = RandomStream(seed: seed, "k-means", index: start)
            let found = lloyd(points, from: plusPlus(points, count: count, random: &random))
            if best.map({ found.inertia < $0.inertia }) ?? true { best = found }
        }
        return best?.centres ?? points
    }

    /// Starting centres: each next one drawn with probability proportional to its squared distance from those before.
    private static func plusPlus(_ points: Matrix, count: Int, random: inout RandomStream) -> Matrix {
        var chosen = [random.int(below: points.rows)]
        var nearest = [Double](repeating: .infinity, count: points.rows)
        while chosen.count < count {
            let last = chosen[chosen.count - 1]
            for i in 0..<points.rows {
                let distance = zip(points.row(i), points.row(last)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                nearest[i] = min(nearest[i], distance)
            }
            let total = nearest.reduce(0, +)
            if total <= 0 { break }
            var left = random.uniform() * total
            var pick = points.rows - 1
            for i in 0..<points.rows where nearest[i] > 0 {
                left -= nearest[i]
                if left < 0 {
                    pick = i
                    break
                }
            }
            chosen.append(pick)
        }
        return Matrix(
            rows: chosen.count, columns: points.columns, values: chosen.flatMap { Array(points.row($0)) })
    }

    private static func lloyd(_ points: Matrix, from start: Matrix) -> (centres: Matrix, inertia: Double) {
        var centres = start
        var labels = [Int](repeating: -1, count: points.rows)
        var inertia = 0.0
        for _ in 0..<iterationLimit {
            let distances = squaredDistances(points, centres)
            var changed = false
            inertia = 0
            for i in 0..<points.rows {
                let row = distances.row(i)
                let label = row.indices.min { row[$0] < row[$1] }.map { $0 - row.startIndex } ?? 0
                inertia += distances[i, label]
                changed = changed || label != labels[i]
                labels[i] = label
            }
            if !changed { break }
            var sums = Matrix(rows: centres.rows, columns: centres.columns)
            var sizes = [Double](repeating: 0, count: centres.rows)
            for i in 0..<points.rows {
                sizes[labels[i]] += 1
                for j in 0..<points.columns { sums[labels[i], j] += points[i, j] }
            }
            // A centre that lost its points stays where it was.
            for cluster in 0..<centres.rows where sizes[cluster] > 0 {
                for j in 0..<centres.columns { centres[cluster, j] = sums[cluster, j] / sizes[cluster] }
            }
        }
        return (centres, inertia)
    }
}
