import Numerics

/// Squared distance of each point to its `neighbours`-th nearest other point, from all squared distances.
func neighbourRadii(_ squaredDistances: Matrix, neighbours: Int) -> [Double] {
    (0..<squaredDistances.rows).map { i in
        var others = Array(squaredDistances.row(i))
        // Its own distance is 0 up to rounding; it is taken out by position, not by value, since duplicates exist.
        others.swapAt(i, others.count - 1)
        others.removeLast()
        others.sort()
        return others[min(neighbours, others.count) - 1]
    }
}

/// How generated pictures and the reference's lie among each other: balls around a point reach its k-th neighbour.
///
/// Precision and recall after Kynkäänniemi et al. (2019), density and coverage after Naeem et al. (2020).
struct Neighbourhoods {
    private let neighbours: Int
    private let referenceRadii: [Double]
    private let features: Matrix
    /// Squared distances, generated pictures by reference pictures.
    private let distances: Matrix

    init(_ features: Matrix, _ reference: Reference) {
        neighbours = reference.settings.neighbours
        referenceRadii = reference.squaredRadii
        self.features = features
        distances = squaredDistances(features, reference.features)
    }

    /// The share of generated pictures inside any reference ball.
    var precision: Measurement {
        Measurement(meanOf: (0..<distances.rows).map { ballsAround($0) > 0 ? 1 : 0 })
    }

    /// Reference balls that hold a generated picture, over k: 1 on average for a perfect generator.
    var densities: [Double] {
        (0..<distances.rows).map { Double(ballsAround($0)) / Double(neighbours) }
    }

    /// How close each picture is to the reference in units of the nearest balls' radii: the realism score, at most 10,
    /// since a copy of a reference picture would be infinitely real and outweigh all others.
    var realism: [Double] {
        let median = referenceRadii.sorted()[referenceRadii.count / 2]
        return (0..<distances.rows).map { i in
            var best = 0.0
            // Very wide balls are outliers, and everything would look real beside them.
            for j in 0..<referenceRadii.count where referenceRadii[j] <= median {
                best = max(best, referenceRadii[j] / max(distances[i, j], .leastNormalMagnitude))
            }
            return min(10, best.squareRoot())
        }
    }

    /// The share of reference balls that hold a generated picture.
    func coverage(seed: UInt64) -> Measurement {
        halfSampled(seed: seed, "coverage") { chosen in
            var covered = 0
            for j in 0..<referenceRadii.count where chosen.contains(where: { distances[$0, j] <= referenceRadii[j] }) {
                covered += 1
            }
            return Double(covered) / Double(referenceRadii.count)
        }
    }

    /// The share of reference pictures inside any ball around a generated one.
    func recall(seed: UInt64) -> Measurement {
        let among = squaredDistances(features, features)
        let order = (0..<features.rows).map { i in
            (0..<features.rows).filter { $0 != i }.sorted { (among[i, $0], $0) < (among[i, $1], $1) }
        }
        return halfSampled(seed: seed, "recall") { chosen in
            var isChosen = [Bool](repeating: false, count: features.rows)
            for i in chosen { isChosen[i] = true }
            var radii = [Double](repeating: 0, count: features.rows)
            for i in chosen {
                var left = min(neighbours, chosen.count - 1)
                for other in order[i] where isChosen[other] {
                    left -= 1
                    if left == 0 {
                        radii[i] = among[i, other]
                        break
                    }
                }
            }
            var reached = 0
            for j in 0..<referenceRadii.count where chosen.contains(where: { distances[$0, j] <= radii[$0] }) {
                reached += 1
            }
            return Double(reached) / Double(referenceRadii.count)
        }
    }

    private func ballsAround(_ item: Int) -> Int {
        var count = 0
        for j in 0..<referenceRadii.count where distances[item, j] <= referenceRadii[j] { count += 1 }
        return count
    }

    /// The statistic on all pictures; its variance from its spread over random halves.
    ///
    /// A bootstrap would hold copies of pictures, which are each other's nearest neighbours at distance 0. A random
    /// half, drawn without replacement, varies around the whole just as the whole varies around the truth.
    private func halfSampled(seed: UInt64, _ name: String, _ statistic: ([Int]) -> Double) -> Measurement {
        let count = features.rows
        var random = RandomStream(seed: seed, "half samples of \(name)")
        let halves = (0..<64).map { _ in statistic(random.subset(of: count, count: max(1, count / 2))) }
        let mean = halves.reduce(0, +) / Double(halves.count)
        let squares = halves.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return Measurement(value: statistic(Array(0..<count)), variance: squares / Double(halves.count - 1))
    }
}
