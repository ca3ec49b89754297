import Numerics
import Testing

@Suite("Linear algebra")
struct LinearAlgebraTests {
    static func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
        var stream = RandomStream(seed: seed, "matrix")
        return Matrix(rows: rows, columns: columns, values: (0..<rows * columns).map { _ in stream.normal() })
    }

    static func largestDifference(_ a: Matrix, _ b: Matrix) -> Double {
        precondition(a.rows == b.rows && a.columns == b.columns)
        return zip(a.values, b.values).map { abs($0 - $1) }.max() ?? 0
    }

    @Test("A product is the sum of products, transposed or not")
    func product() {
        let a = Self.random(5, 7, seed: 1)
        let b = Self.random(7, 3, seed: 2)
        var expected = Matrix(rows: 5, columns: 3)
        for i in 0..<5 {
            for j in 0..<3 {
                for k in 0..<7 { expected[i, j] += a[i, k] * b[k, j] }
            }
        }
        #expect(Self.largestDifference(LinearAlgebra.product(a, b), expected) < 1e-13)
        let viaTransposes = LinearAlgebra.product(a.transposed, b.transposed, transposeA: true, transposeB: true)
        #expect(Self.largestDifference(viaTransposes, expected) < 1e-13)
        let column = LinearAlgebra.product(a, Array(b.transposed.row(1)))
        #expect(zip(column, (0..<5).map { expected[$0, 1] }).allSatisfy { abs($0 - $1) < 1e-13 })
    }

    @Test("Symmetric products equal products with the transpose", arguments: [1, 5, 130])
    func symmetricProduct(order: Int) {
        let a = Self.random(order, 9, seed: 3)
        let outer = LinearAlgebra.product(a, a, transposeB: true)
        #expect(Self.largestDifference(LinearAlgebra.symmetricProduct(a), outer) < 1e-12)
        let inner = LinearAlgebra.product(a, a, transposeA: true)
        #expect(Self.largestDifference(LinearAlgebra.symmetricProduct(a, transposed: true), inner) < 1e-11)
    }

    @Test("A Cholesky factor solves, inverts and knows the determinant", arguments: [1, 2, 6, 150])
    func cholesky(order: Int) throws {
        let root = Self.random(order, order + 3, seed: 4)
        let a = LinearAlgebra.symmetricProduct(root)
        let cholesky = try Cholesky(a)
        let unit = Matrix.identity(order)
        #expect(Self.largestDifference(LinearAlgebra.product(a, cholesky.inverse()), unit) < 1e-8)
        #expect(Self.largestDifference(cholesky.solve(a), unit) < 1e-8)
        let b = (0..<order).map(Double.init)
        let x = cholesky.solve(b)
        #expect(zip(LinearAlgebra.product(a, x), b).allSatisfy { abs($0 - $1) < 1e-8 * Double(order) })
        let half = cholesky.solveLower(b)
        #expect(abs(LinearAlgebra.dot(half, half) - LinearAlgebra.dot(b, x)) < 1e-8 * (1 + LinearAlgebra.dot(b, x)))
        let eigenvalues = try LinearAlgebra.symmetricEigen(a).values
        #expect(eigenvalues.allSatisfy { $0 > 0 })
    }

    @Test("The determinant of a triangular product is known")
    func determinant() throws {
        let a = Matrix(rows: 2, columns: 2, values: [4, 2, 2, 3])
        #expect(abs(try Cholesky(a).logDeterminant - 2.0794415416798357) < 1e-14)  // log 8
    }

    @Test("An indefinite matrix is refused with the order of the failing minor")
    func indefinite() {
        let a = Matrix(rows: 2, columns: 2, values: [1, 2, 2, 1])
        #expect(throws: LinearAlgebraError.notPositiveDefinite(order: 2)) { try Cholesky(a) }
    }

    @Test("Eigenvectors diagonalise", arguments: [1, 4, 40])
    func eigen(order: Int) throws {
        let root = Self.random(order, order, seed: 5)
        let a = LinearAlgebra.symmetricProduct(root)
        let eigen = try LinearAlgebra.symmetricEigen(a)
        var scaled = eigen.vectors
        for i in 0..<order { for j in 0..<order { scaled[i, j] *= eigen.values[j] } }
        let back = LinearAlgebra.product(scaled, eigen.vectors, transposeB: true)
        #expect(Self.largestDifference(back, a) < 1e-10 * Double(order))
        #expect(eigen.values == eigen.values.sorted())
    }

    @Test("Singular values rebuild tall and wide matrices", arguments: [(7, 3), (3, 7), (1, 1)])
    func singularValues(shape: (Int, Int)) throws {
        let a = Self.random(shape.0, shape.1, seed: 6)
        let parts = try LinearAlgebra.singularValues(a)
        var scaled = parts.u
        for i in 0..<scaled.rows { for j in 0..<scaled.columns { scaled[i, j] *= parts.values[j] } }
        #expect(Self.largestDifference(LinearAlgebra.product(scaled, parts.vTransposed), a) < 1e-13)
    }

    @Test("The pseudo-inverse of a matrix without full rank meets Penrose's conditions")
    func pseudoInverse() throws {
        let a = LinearAlgebra.product(Self.random(6, 2, seed: 7), Self.random(2, 5, seed: 8))
        let inverse = try LinearAlgebra.pseudoInverse(a)
        let again = LinearAlgebra.product(LinearAlgebra.product(a, inverse), a)
        #expect(Self.largestDifference(again, a) < 1e-12)
        let back = LinearAlgebra.product(LinearAlgebra.product(inverse, a), inverse)
        #expect(Self.largestDifference(back, inverse) < 1e-12)
    }

    @Test("A general system is solved, a singular one refused")
    func general() throws {
        let a = Self.random(6, 6, seed: 9)
        let b = Self.random(6, 2, seed: 10)
        #expect(Self.largestDifference(LinearAlgebra.product(a, try LinearAlgebra.solve(a, b)), b) < 1e-12)
        #expect(throws: LinearAlgebraError.singular) {
            try LinearAlgebra.solve(Matrix(rows: 2, columns: 2, values: [1, 1, 1, 1]), .identity(2))
        }
    }
}
