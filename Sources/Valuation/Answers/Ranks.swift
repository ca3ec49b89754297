/// Ranks and their correlation.
package enum Ranks {
    /// Ranks from 1; equal values share the mean of their ranks.
    package static func of(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start
            while end + 1 < order.count, values[order[end + 1]] == values[order[start]] { end += 1 }
            for position in start...end { ranks[order[position]] = Double(start + end) / 2 + 1 }
            start = end + 1
        }
        return ranks
    }

    /// Spearman's rank correlation; nil when either list has no order at all.
    package static func correlation(_ a: [Double], _ b: [Double]) -> Double? {
        precondition(a.count == b.count, "a correlation needs equal lengths")
        let first = of(a)
        let second = of(b)
        let mean = Double(a.count + 1) / 2
        var products = (both: 0.0, first: 0.0, second: 0.0)
        for index in a.indices {
            products.both += (first[index] - mean) * (second[index] - mean)
            products.first += (first[index] - mean) * (first[index] - mean)
            products.second += (second[index] - mean) * (second[index] - mean)
        }
        guard products.first > 0, products.second > 0 else { return nil }
        return products.both / (products.first * products.second).squareRoot()
    }
}
