/// A dense matrix of doubles in row-major order.
package struct Matrix: Hashable, Sendable {
    /// Number of rows.
    package let rows: Int
    /// Number of columns.
    package let columns: Int
    /// The elements, row after row; always `rows × columns` of them.
    package var values: [Double]

    /// A matrix with every element equal to `value`.
    package init(rows: Int, columns: Int, repeating value: Double = 0) {
        precondition(rows >= 0 && columns >= 0, "a matrix has no negative side")
        self.rows = rows
        self.columns = columns
        values = [Double](repeating: value, count: rows * columns)
    }

    /// A matrix around elements that are already in row-major order.
    package init(rows: Int, columns: Int, values: [Double]) {
        precondition(values.count == rows * columns, "a matrix needs rows × columns elements")
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    /// The unit matrix of the given order.
    package static func identity(_ order: Int) -> Matrix {
        var unit = Matrix(rows: order, columns: order)
        for i in 0..<order { unit[i, i] = 1 }
        return unit
    }

    /// The element in row `i` and column `j`, both counted from zero.
    package subscript(_ i: Int, _ j: Int) -> Double {
        get { values[i * columns + j] }
        set { values[i * columns + j] = newValue }
    }

    /// Row `i` without copying its elements.
    package func row(_ i: Int) -> ArraySlice<Double> {
        values[i * columns..<(i + 1) * columns]
    }

    /// The elements on the main diagonal.
    package var diagonal: [Double] {
        (0..<min(rows, columns)).map { self[$0, $0] }
    }

    /// The matrix with rows and columns exchanged.
    package var transposed: Matrix {
        var result = Matrix(rows: columns, columns: rows)
        for i in 0..<rows {
            for j in 0..<columns { result[j, i] = self[i, j] }
        }
        return result
    }
}
