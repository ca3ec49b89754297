import Numerics

/// Derivatives of the kernel's matrix by each parameter, contracted without ever being built.
extension CoalitionGeometry {
    /// A sum over pairs of coalitions, by what the kernel's derivatives need of it.
    private struct Moments {
        var plain = 0.0
        var overlap = 0.0
        var square = 0.0
        var interaction = 0.0
        var reach = 0.0
    }

    /// The weighted pairs of row `i` with the columns of a run, up to `end`; weights start at `offset`.
    @inline(__always)
    private func moments(
        row i: Int, _ run: Run, end: Int, _ weights: UnsafeBufferPointer<Double>, offset: Int,
        _ overlaps: UnsafeBufferPointer<UInt16>,
        _ slopes: (near: UnsafeBufferPointer<Double>, far: UnsafeBufferPointer<Double>)
    ) -> Moments {
        let both = sizes[i] &+ run.size
        let row = i &* count
        // Two sums side by side: neither waits for the other's addition.
        var even = Moments()
        var odd = Moments()
        @inline(__always) func add(_ j: Int, to sums: inout Moments) {
            let shared = Int(overlaps[row &+ j])
            let overlap = Double(shared)
            let weight = weights[offset &+ j]
            let weighted = weight * overlap
            let apart = both &- 2 &* shared
            sums.plain += weight
            sums.overlap += weighted
            sums.square += weighted * overlap
            sums.interaction += weight * slopes.near[apart]
            sums.reach += weight * slopes.far[apart]
        }
        var j = run.rows.lowerBound
        while j &+ 1 < end {
            add(j, to: &even)
            add(j &+ 1, to: &odd)
            j &+= 2
        }
        if j < end { add(j, to: &even) }
        even.plain += odd.plain
        even.overlap += odd.overlap
        even.square += odd.square
        even.interaction += odd.interaction
        even.reach += odd.reach
        return even
    }

    /// Half the trace of a symmetric matrix (its lower triangle is read) times each derivative of the kernel's matrix.
    func halfTraces(of matrix: Matrix, _ slopes: KernelSlopes) -> [Double] {
        let side = playerCount + 1
        var result = [Double](repeating: 0, count: CoalitionKernel.Parameter.allCases.count)
        var totals = [Moments](repeating: Moments(), count: side * side)
        read(matrix.values, slopes) { elements, overlaps, tables in
            for i in 0..<count {
                for run in runs where run.rows.lowerBound <= i {
                    let sums = moments(
                        row: i, run, end: min(run.rows.upperBound, i + 1), elements, offset: i &* count, overlaps,
                        tables)
                    let cell = sizes[i] &* side &+ run.size
                    totals[cell].plain += sums.plain
                    totals[cell].overlap += sums.overlap
                    totals[cell].square += sums.square
                    result[CoalitionKernel.Parameter.interaction.rawValue] += sums.interaction
                    result[CoalitionKernel.Parameter.reach.rawValue] += sums.reach
                }
                // The diagonal stands once in a trace, everything else twice: half of either is meant.
                let own = elements[i &* count &+ i] / 2
                let overlap = Double(sizes[i])
                let cell = sizes[i] &* side &+ sizes[i]
                totals[cell].plain -= own
                totals[cell].overlap -= own * overlap
                totals[cell].square -= own * overlap * overlap
                result[CoalitionKernel.Parameter.interaction.rawValue] -= own * tables.near[0]
                result[CoalitionKernel.Parameter.reach.rawValue] -= own * tables.far[0]
            }
        }
        var sums = KernelSlopes.BySizes()
        for first in runs {
            for second in runs {
                let total = totals[first.size * side + second.size]
                sums += slopes.bySizes(
                    first.size, second.size, plain: total.plain, overlap: total.overlap, square: total.square)
            }
        }
        sums.add(to: &result)
        return result
    }

    /// The derivative of the kernel's matrix by each parameter, times a vector: rows × parameters, zero for the noise.
    func responses(to vector: [Double], _ slopes: KernelSlopes) -> Matrix {
        let parameters = CoalitionKernel.Parameter.allCases.count
        var result = Matrix(rows: count, columns: parameters)
        read(vector, slopes) { vector, overlaps, tables in
            for i in 0..<count {
                var bySizes = KernelSlopes.BySizes()
                var distances = (near: 0.0, far: 0.0)
                for run in runs {
                    let sums = moments(
                        row: i, run, end: run.rows.upperBound, vector, offset: 0, overlaps, tables)
                    bySizes += slopes.bySizes(
                        sizes[i], run.size, plain: sums.plain, overlap: sums.overlap, square: sums.square)
                    distances.near += sums.interaction
                    distances.far += sums.reach
                }
                bySizes.add(to: &result.values, at: i * parameters)
                result[i, CoalitionKernel.Parameter.interaction.rawValue] = distances.near
                result[i, CoalitionKernel.Parameter.reach.rawValue] = distances.far
            }
        }
        return result
    }

    /// Opens the arrays that the inner loops read.
    private func read(
        _ values: [Double], _ slopes: KernelSlopes,
        _ body: (
            UnsafeBufferPointer<Double>, UnsafeBufferPointer<UInt16>,
            (near: UnsafeBufferPointer<Double>, far: UnsafeBufferPointer<Double>)
        ) -> Void
    ) {
        values.withUnsafeBufferPointer { values in
            overlaps.withUnsafeBufferPointer { overlaps in
                slopes.interaction.withUnsafeBufferPointer { near in
                    slopes.reach.withUnsafeBufferPointer { far in body(values, overlaps, (near, far)) }
                }
            }
        }
    }
}
