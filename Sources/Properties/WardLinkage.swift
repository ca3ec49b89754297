package import Numerics

/// Agglomerative clustering by Ward's criterion, cut into a given number of clusters.
///
/// The nearest-neighbour chain of Murtagh with the update of Lance and Williams; gives the merges that SciPy's
/// `linkage(..., "ward")` gives.
package enum WardLinkage {
    /// The cluster of each row, numbered by first appearance.
    ///
    /// - Complexity: O(rows²) time and memory.
    package static func labels(of points: Matrix, count: Int) -> [Int] {
        labels(squaredDistances: squaredDistances(points, points), count: count)
    }

    /// The cluster of each item of a symmetric matrix of squared distances, numbered by first appearance.
    ///
    /// The distances need not be Euclidean: the published entropy clusters by similarity.
    package static func labels(squaredDistances: Matrix, count: Int) -> [Int] {
        let items = squaredDistances.rows
        let merges = merges(of: squaredDistances).sorted {
            ($0.height, $0.low, $0.high) < ($1.height, $1.low, $1.high)
        }
        var parents = Array(0..<items)
        func root(_ item: Int) -> Int {
            var item = item
            while parents[item] != item {
                parents[item] = parents[parents[item]]
                item = parents[item]
            }
            return item
        }
        for merge in merges.prefix(max(0, items - count)) {
            parents[root(merge.high)] = root(merge.low)
        }
        var numbers: [Int: Int] = [:]
        return (0..<items).map { item in
            let cluster = root(item)
            if let number = numbers[cluster] { return number }
            let number = numbers.count
            numbers[cluster] = number
            return number
        }
    }

    /// The distances at which clusters merge, ascending: the third column of SciPy's linkage matrix.
    package static func heights(of points: Matrix) -> [Double] {
        merges(of: squaredDistances(points, points)).map { $0.height.squareRoot() }.sorted()
    }

    private struct Merge {
        let low: Int
        let high: Int
        let height: Double
    }

    /// All merges, in the order in which the chain finds them; a cluster goes by one of its members.
    private static func merges(of squaredDistances: Matrix) -> [Merge] {
        let count = squaredDistances.rows
        var distances = squaredDistances.values
        var sizes = [Double](repeating: 1, count: count)
        var isActive = [Bool](repeating: true, count: count)
        var merges: [Merge] = []
        var chain: [Int] = []
        distances.withUnsafeMutableBufferPointer { distance in
            while merges.count < count - 1 {
                if chain.isEmpty { chain.append(isActive.firstIndex(of: true) ?? 0) }
                let tip = chain[chain.count - 1]
                // On a tie the chain turns back, or it could run in a circle.
                var nearest = chain.count > 1 ? chain[chain.count - 2] : -1
                var least = nearest >= 0 ? distance[tip * count + nearest] : Double.infinity
                for other in 0..<count where isActive[other] && other != tip {
                    if distance[tip * count + other] < least {
                        least = distance[tip * count + other]
                        nearest = other
                    }
                }
                guard chain.count > 1, nearest == chain[chain.count - 2] else {
                    chain.append(nearest)
                    continue
                }
                chain.removeLast(2)
                let low = min(tip, nearest)
                let high = max(tip, nearest)
                merges.append(Merge(low: low, high: high, height: least))
                isActive[high] = false
                for other in 0..<count where isActive[other] && other != low {
                    let updated =
                        ((sizes[low] + sizes[other]) * distance[low * count + other]
                            + (sizes[high] + sizes[other]) * distance[high * count + other]
                            - sizes[other] * least) / (sizes[low] + sizes[high] + sizes[other])
                    distance[low * count + other] = updated
                    distance[other * count + low] = updated
                }
                sizes[low] += sizes[high]
            }
        }
        return merges
    }
}
