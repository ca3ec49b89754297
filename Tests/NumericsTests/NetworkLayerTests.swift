import Glibc
import Numerics
import Testing

/// Layers against plain loops in double precision, and their gradients against central differences of those loops.
///
/// Every kernel variant that this processor has is tried; the choice is the thread's, so other tests do not notice.
@Suite("Layers, in every kernel variant")
struct NetworkLayerTests {
    /// Values in −1…1 at an address that the arena owns.
    private static func random(_ arena: Arena, _ count: Int, _ name: String) -> Network.Floats {
        let address = arena.floats(count)
        var stream = RandomStream(seed: 17, name)
        for i in 0..<count { address[i] = Float(2 * stream.uniform() - 1) }
        return address
    }

    private static func doubles(_ address: Network.Floats, _ count: Int) -> [Double] {
        (0..<count).map { Double(address[$0]) }
    }

    /// The largest difference in units of the largest expected value.
    private static func error(_ found: Network.Floats, _ expected: [Double]) -> Double {
        let largest = expected.map(abs).max() ?? 0
        return expected.indices.map { abs(Double(found[$0]) - expected[$0]) }.max().map { $0 / max(largest, 1e-30) }
            ?? 0
    }

    private static func inEveryVariant(_ body: () throws -> Void) throws {
        let before = NetworkContext.kernelName
        defer { _ = NetworkContext.select(kernel: before) }
        var tried = 0
        for name in ["baseline", "avx2", "avx512"] where NetworkContext.select(kernel: name) {
            try body()
            tried += 1
        }
        #expect(tried > 0)
    }

    /// A 3×3 convolution in double precision, plain loops.
    private static func convolve(_ s: Convolution.Shape, _ x: [Double], _ w: [Double], _ b: [Double]) -> [Double] {
        var y = [Double](repeating: 0, count: s.images * s.outSide * s.outSide * s.output)
        for n in 0..<s.images {
            for i in 0..<s.outSide {
                for j in 0..<s.outSide {
                    for o in 0..<s.output {
                        var sum = b[o]
                        for tap in 0..<9 {
                            let (r, c) = (i * s.stride + tap / 3 - 1, j * s.stride + tap % 3 - 1)
                            guard (0..<s.side).contains(r), (0..<s.side).contains(c) else { continue }
                            for k in 0..<s.input {
                                sum += x[((n * s.side + r) * s.side + c) * s.input + k] * w[(o * s.input + k) * 9 + tap]
                            }
                        }
                        y[((n * s.outSide + i) * s.outSide + j) * s.output + o] = sum
                    }
                }
            }
        }
        return y
    }

    /// Σ upstream·convolve(…), whose slopes the backward pass must give; linear in each argument, so a central
    /// difference is exact up to rounding.
    private static func slope(
        _ s: Convolution.Shape, _ x: [Double], _ w: [Double], _ b: [Double], _ upstream: [Double],
        _ move: (inout [Double], inout [Double], inout [Double], Double) -> Void
    ) -> Double {
        func value(_ step: Double) -> Double {
            var (x, w, b) = (x, w, b)
            move(&x, &w, &b, step)
            return zip(convolve(s, x, w, b), upstream).reduce(0) { $0 + $1.0 * $1.1 }
        }
        return (value(0.5) - value(-0.5)) / 1
    }

    static let shapes = [
        Convolution.Shape(images: 3, side: 4, input: 16, output: 24),
        Convolution.Shape(images: 2, side: 8, input: 8, output: 8),
        Convolution.Shape(images: 2, side: 8, input: 24, output: 40),
        Convolution.Shape(images: 2, side: 16, input: 24, output: 16),
        Convolution.Shape(images: 1, side: 32, input: 8, output: 16),
        Convolution.Shape(images: 1, side: 64, input: 8, output: 8),
        Convolution.Shape(images: 2, side: 8, input: 3, output: 16),
        Convolution.Shape(images: 3, side: 16, input: 3, output: 24),
        Convolution.Shape(images: 2, side: 8, input: 16, output: 1),
        Convolution.Shape(images: 3, side: 16, input: 16, output: 3),
        Convolution.Shape(images: 1, side: 24, input: 8, output: 3),
        Convolution.Shape(images: 2, side: 8, input: 16, output: 16, stride: 2),
        Convolution.Shape(images: 5, side: 16, input: 24, output: 16, stride: 2),
        Convolution.Shape(images: 1, side: 12, input: 8, output: 24, stride: 2),
        Convolution.Shape(images: 2, side: 6, input: 3, output: 8),
    ]

    @Test("A convolution is the sum over taps, and its gradients are the slopes", arguments: shapes)
    func convolution(shape: Convolution.Shape) throws {
        try NetworkLayerTests.inEveryVariant {
            let context = try NetworkContext()
            let arena = context.arena
            let (inputs, outputs) = (
                shape.images * shape.side * shape.side * shape.input,
                shape.images * shape.outSide * shape.outSide * shape.output
            )
            let x = NetworkLayerTests.random(arena, inputs, "x")
            let w = NetworkLayerTests.random(arena, shape.weights, "w")
            let b = NetworkLayerTests.random(arena, shape.output, "b")
            let dy = NetworkLayerTests.random(arena, outputs, "dy")
            let (y, dx) = (arena.floats(outputs), arena.floats(inputs))
            let (dw, db) = (arena.floats(shape.weights), arena.floats(shape.output))
            let rowSize = shape.weights + shape.output
            let rows = arena.floats(shape.images * rowSize)
            let convolution = try Convolution(
                context, shape,
                Convolution.Buffers(
                    x: x, y: y, weights: w, bias: b,
                    gradients: Convolution.Gradients(dy: dy, dx: dx, weights: dw, bias: db)))
            try context.seal()
            convolution.pack()
            convolution.forward()
            convolution.backwardData()
            convolution.backwardWeights()
            for image in 0..<shape.images { convolution.backwardWeights(image: image, into: rows + image * rowSize) }
            let (xd, wd) = (NetworkLayerTests.doubles(x, inputs), NetworkLayerTests.doubles(w, shape.weights))
            let (bd, up) = (NetworkLayerTests.doubles(b, shape.output), NetworkLayerTests.doubles(dy, outputs))
            #expect(NetworkLayerTests.error(y, NetworkLayerTests.convolve(shape, xd, wd, bd)) < 3e-6)

            // A few positions of each gradient, spread over the tensor; and each image's share of the weights'.
            func compare(_ found: Network.Floats, _ count: Int, _ move: (Int) -> Double) {
                let largest = (0..<count).map { abs(Double(found[$0])) }.max() ?? 0
                for at in stride(from: 0, to: count, by: max(1, count / 4)) {
                    #expect(abs(Double(found[at]) - move(at)) < 1e-5 * largest, "position \(at)")
                }
            }
            compare(dx, inputs) { at in
                NetworkLayerTests.slope(shape, xd, wd, bd, up) { x, _, _, step in x[at] += step }
            }
            if shape.stride == 2 || (shape.input % 8 == 0 && shape.output % 8 == 0) {
                let once = NetworkLayerTests.doubles(dx, inputs)
                convolution.backwardData(adding: true)
                #expect(NetworkLayerTests.error(dx, once.map { 2 * $0 }) < 1e-6)
            }
            compare(dw, shape.weights) { at in
                NetworkLayerTests.slope(shape, xd, wd, bd, up) { _, w, _, step in w[at] += step }
            }
            compare(db, shape.output) { at in
                NetworkLayerTests.slope(shape, xd, wd, bd, up) { _, _, b, step in b[at] += step }
            }
            var sums = [Double](repeating: 0, count: rowSize)
            for image in 0..<shape.images {
                for i in 0..<rowSize { sums[i] += Double(rows[image * rowSize + i]) }
            }
            #expect(NetworkLayerTests.error(dw, Array(sums.prefix(shape.weights))) < 3e-6)
            #expect(NetworkLayerTests.error(db, Array(sums.suffix(shape.output))) < 3e-6)
            let last = shape.images - 1
            let imageOutputs = outputs / shape.images
            let only = up.indices.map { $0 >= last * imageOutputs ? up[$0] : 0 }
            compare(rows + last * rowSize, shape.weights) { at in
                NetworkLayerTests.slope(shape, xd, wd, bd, only) { _, w, _, step in w[at] += step }
            }
        }
    }

    @Test("A linear layer is a matrix product, and its gradients are the slopes")
    func linear() throws {
        try NetworkLayerTests.inEveryVariant {
            let context = try NetworkContext()
            let arena = context.arena
            let (rows, input, output, weightStride) = (38, 16, 24, 40)
            let x = NetworkLayerTests.random(arena, rows * input, "x")
            let w = NetworkLayerTests.random(arena, output * weightStride, "w")
            let b = NetworkLayerTests.random(arena, output, "b")
            let dy = NetworkLayerTests.random(arena, rows * output, "dy")
            let (y, dx) = (arena.floats(rows * output), arena.floats(rows * input))
            let layer = Linear(context, rows: rows, input: input, output: output, weightStride: weightStride)
            try context.seal()
            func expected(_ parts: Range<Int>) -> (y: [Double], dx: [Double], dw: [Double], db: [Double]) {
                var (ys, dxs) = ([Double](), [Double](repeating: 0, count: rows * input))
                var (dws, dbs) = (
                    [Double](repeating: 0, count: output * weightStride), [Double](repeating: 0, count: output)
                )
                for r in 0..<rows {
                    for o in 0..<output {
                        let up = Double(dy[r * output + o])
                        var sum = Double(b[o])
                        for i in 0..<input {
                            sum += Double(x[r * input + i]) * Double(w[o * weightStride + i])
                            dxs[r * input + i] += up * Double(w[o * weightStride + i])
                            if parts.contains(r) { dws[o * weightStride + i] += up * Double(x[r * input + i]) }
                        }
                        if parts.contains(r) { dbs[o] += up }
                        ys.append(sum)
                    }
                }
                return (ys, dxs, dws, dbs)
            }
            let all = expected(0..<rows)
            layer.forward(x, weights: w, bias: b, into: y)
            #expect(NetworkLayerTests.error(y, all.y) < 1e-6)
            layer.forward(x, weights: w, bias: nil, adding: true, into: y)
            let twice = all.y.indices.map { 2 * all.y[$0] - Double(b[$0 % output]) }
            #expect(NetworkLayerTests.error(y, twice) < 1e-6)
            layer.backward(dy, weights: w, into: dx)
            #expect(NetworkLayerTests.error(dx, all.dx) < 1e-6)
            layer.backward(dy, weights: w, adding: true, into: dx)
            #expect(NetworkLayerTests.error(dx, all.dx.map { 2 * $0 }) < 1e-6)
            let (dw, db) = (arena.floats(output * weightStride), arena.floats(output))
            layer.gradient(0..<2, of: 2, x: x, dy: dy, weights: dw, bias: db)
            #expect(NetworkLayerTests.error(dw, all.dw) < 1e-6)
            #expect(NetworkLayerTests.error(db, all.db) < 1e-6)
            // Two images of nineteen rows each.
            for image in 0..<2 {
                layer.gradient(image..<image + 1, of: 2, x: x, dy: dy, weights: dw, bias: db)
                let only = expected(19 * image..<19 * image + 19)
                #expect(NetworkLayerTests.error(dw, only.dw) < 1e-6)
                #expect(NetworkLayerTests.error(db, only.db) < 1e-6)
            }
        }
    }

    /// Group normalisation and SiLU in double precision.
    private static func normalise(
        _ x: [Double], _ shift: [Double], _ gamma: [Double], _ beta: [Double], images: Int, pixels: Int, silu: Bool
    ) -> [Double] {
        let channels = gamma.count
        var y = [Double](repeating: 0, count: x.count)
        for n in 0..<images {
            for g in 0..<channels / 8 {
                let places = (0..<pixels).flatMap { p in (0..<8).map { (p, g * 8 + $0) } }
                let values = places.map { x[(n * pixels + $0.0) * channels + $0.1] + shift[n * channels + $0.1] }
                let mean = values.reduce(0, +) / Double(values.count)
                let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
                for (place, value) in zip(places, values) {
                    let z = (value - mean) / (variance + 1e-5).squareRoot() * gamma[place.1] + beta[place.1]
                    y[(n * pixels + place.0) * channels + place.1] = silu ? z / (1 + exp(-z)) : z
                }
            }
        }
        return y
    }

    @Test("Normalisation with its activation has the slopes of its formula", arguments: [true, false])
    func norm(silu: Bool) throws {
        try NetworkLayerTests.inEveryVariant {
            let context = try NetworkContext()
            let arena = context.arena
            // Three groups: two neighbours are normalised together, and one is left.
            let (images, pixels, channels, stride) = (2, 12, 24, 32)
            let x = NetworkLayerTests.random(arena, images * pixels * channels, "x")
            let shift = NetworkLayerTests.random(arena, images * channels, "shift")
            let gamma = NetworkLayerTests.random(arena, channels, "gamma")
            let beta = NetworkLayerTests.random(arena, channels, "beta")
            // Nothing is left of this channel: its activation is that of zero.
            (gamma[3], beta[3]) = (0, 0)
            let wide = NetworkLayerTests.random(arena, images * pixels * stride, "dy")
            let (y, dx) = (arena.floats(images * pixels * stride), arena.floats(images * pixels * channels))
            let (sums, dshift) = (arena.floats(images * 2 * channels), arena.floats(images * channels))
            let norm = GroupNorm(
                context, images: images, pixels: pixels, channels: channels, gamma: gamma, beta: beta, silu: silu)
            try context.seal()
            let start = NetworkLayerTests.doubles(x, images * pixels * channels)
            norm.forward(x, shift: shift, into: y, stride: stride)
            for image in 0..<images {
                let row = sums + image * 2 * channels
                norm.backward(
                    image..<image + 1, wide, y: y, stride: stride, x: x, target: (gamma: row, beta: row + channels),
                    into: dx, shift: dshift)
            }
            // All images at once: the same gradients, and for the parameters their sum.
            let (again, whole) = (arena.floats(images * pixels * channels), arena.floats(2 * channels))
            norm.backward(
                0..<images, wide, y: y, stride: stride, x: x, target: (gamma: whole, beta: whole + channels),
                into: again)
            #expect((0..<images * pixels * channels).allSatisfy { again[$0] == dx[$0] })
            #expect((0..<2 * channels).allSatisfy { whole[$0] == sums[$0] + sums[2 * channels + $0] })
            var point = [
                start, NetworkLayerTests.doubles(shift, images * channels), NetworkLayerTests.doubles(gamma, channels),
                NetworkLayerTests.doubles(beta, channels),
            ]
            func value() -> [Double] {
                NetworkLayerTests.normalise(
                    point[0], point[1], point[2], point[3], images: images, pixels: pixels, silu: silu)
            }
            let expected = value()
            for p in 0..<images * pixels {
                for c in 0..<channels {
                    #expect(abs(Double(y[p * stride + c]) - expected[p * channels + c]) < 2e-6)
                }
            }
            func slope(_ argument: Int, _ at: Int, image: Int? = nil) -> Double {
                let before = point[argument][at]
                func loss(_ step: Double) -> Double {
                    point[argument][at] = before + step
                    let values = value()
                    point[argument][at] = before
                    return values.indices.reduce(0) { sum, i in
                        let (pixel, channel) = (i / channels, i % channels)
                        if let image, pixel / pixels != image { return sum }
                        return sum + values[i] * Double(wide[pixel * stride + channel])
                    }
                }
                return (loss(1e-5) - loss(-1e-5)) / 2e-5
            }
            for at in [0, 7, 20, 143, 200, 287, 431, 574] { #expect(abs(Double(dx[at]) - slope(0, at)) < 2e-5) }
            for at in [0, 3, 9, 31, 47] { #expect(abs(Double(dshift[at]) - slope(1, at)) < 2e-5) }
            for image in 0..<images {
                for channel in [0, 3, 11, 20] {
                    let row = sums + image * 2 * channels
                    #expect(abs(Double(row[channel]) - slope(2, channel, image: image)) < 2e-5)
                    #expect(abs(Double(row[channels + channel]) - slope(3, channel, image: image)) < 2e-5)
                }
            }
        }
    }

    @Test("The exponential of the activations is exact to a few units in the last place, and never overflows")
    func exponential() throws {
        try NetworkLayerTests.inEveryVariant {
            let arena = Arena()
            let count = 8 * 1001
            let (z, y) = (arena.floats(count), arena.floats(count))
            for i in 0..<count { z[i] = 0.02 * Float(i - count / 2) }
            Network.silu(count, z, into: y)
            // The exponent is rounded with z: an error that grows with it, and the more where no fused multiply-add exists.
            for i in 0..<count where abs(z[i]) < 86 {
                let expected = Double(z[i]) / (1 + exp(-Double(z[i])))
                #expect(abs(Double(y[i]) - expected) <= (4e-7 + 7e-8 * abs(Double(z[i]))) * abs(expected))
            }
            for i in 0..<count where abs(z[i]) >= 86 { #expect(y[i] == (z[i] > 0 ? z[i] : y[i]) && abs(y[i]) < 161) }
            #expect(y[0] <= 0 && y[0] > -1e-30)
            #expect(y[count / 2] == 0)
        }
    }

    @Test("SiLU and softmax have the slopes of their formulas")
    func activations() throws {
        try NetworkLayerTests.inEveryVariant {
            let arena = Arena()
            let (rows, columns) = (3, 16)
            let count = rows * columns
            let x = NetworkLayerTests.random(arena, count, "x")
            for i in 0..<count { x[i] *= 6 }
            let dy = NetworkLayerTests.random(arena, count, "dy")
            let (y, dx) = (arena.floats(count), arena.floats(count))
            Network.silu(count, x, into: y)
            Network.siluBackward(count, dy: dy, x: x, into: dx)
            func silu(_ z: Double) -> Double { z / (1 + exp(-z)) }
            for i in 0..<count {
                let z = Double(x[i])
                #expect(abs(Double(y[i]) - silu(z)) < 1e-6)
                let slope = (silu(z + 1e-5) - silu(z - 1e-5)) / 2e-5
                #expect(abs(Double(dx[i]) - slope * Double(dy[i])) < 2e-6)
            }
            let before = NetworkLayerTests.doubles(x, count)
            Network.softmax(rows: rows, columns: columns, x)
            dx.update(from: dy, count: count)
            Network.softmaxBackward(rows: rows, columns: columns, p: x, dx)
            func softmax(_ row: [Double]) -> [Double] {
                let shares = row.map { exp($0) }
                return shares.map { $0 / shares.reduce(0, +) }
            }
            for i in 0..<count {
                let range = i / columns * columns..<(i / columns + 1) * columns
                #expect(abs(Double(x[i]) - softmax(Array(before[range]))[i % columns]) < 1e-6)
                func loss(_ step: Double) -> Double {
                    var row = Array(before[range])
                    row[i % columns] += step
                    return zip(range, softmax(row)).reduce(0) { $0 + Double(dy[$1.0]) * $1.1 }
                }
                #expect(abs(Double(dx[i]) - (loss(1e-5) - loss(-1e-5)) / 2e-5) < 2e-6)
            }
        }
    }

    @Test("AdamW is its formula, whatever the number of parameters", arguments: [1, 8, 19])
    func adamw(count: Int) throws {
        try NetworkLayerTests.inEveryVariant {
            let arena = Arena()
            let (p, g) = (
                NetworkLayerTests.random(arena, count, "p"), NetworkLayerTests.random(arena, count, "g")
            )
            let average = NetworkLayerTests.random(arena, count, "average")
            let state = AdamW.State(first: arena.floats(count), second: arena.floats(count), average: average)
            var optimiser = AdamW()
            optimiser.decay = 0.1
            var expected = NetworkLayerTests.doubles(p, count)
            var mean = NetworkLayerTests.doubles(average, count)
            var (m, v) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
            for step in 1...3 {
                optimiser.step(
                    step, rate: 0.01, scale: 0.5, ema: 0.875, count: count, parameters: p, gradient: g, state)
                for i in 0..<count {
                    let gradient = 0.5 * Double(g[i])
                    m[i] = 0.9 * m[i] + 0.1 * gradient
                    v[i] = 0.99 * v[i] + 0.01 * gradient * gradient
                    let (c1, c2) = (1 - pow(0.9, Double(step)), 1 - pow(0.99, Double(step)))
                    expected[i] -= 0.01 * (m[i] / c1 / ((v[i] / c2).squareRoot() + 1e-8) + 0.1 * expected[i])
                    mean[i] += 0.125 * (expected[i] - mean[i])
                }
            }
            #expect(NetworkLayerTests.error(p, expected) < 2e-6)
            #expect(NetworkLayerTests.error(average, mean) < 2e-6)
        }
    }
}
