import Glibc
internal import Numerics

/// The embedding of time step and class that every block receives: sinusoids, two linear layers, SiLU.
final class EmbeddingStep: UNetStep {
    /// Time step of each image, to be set before a forward pass.
    let times: UnsafeMutableBufferPointer<Float>
    /// Class of each image; used by conditional networks only.
    let classes: UnsafeMutableBufferPointer<Int32>
    private let builder: UNetBuilder
    private let base: Int
    private let innerWidth: Int
    private let waves: Network.Floats
    private let inner: Network.Floats
    private let activated: Network.Floats
    private let sum: Network.Floats
    private let gradient: Network.Floats
    private let frequencies: [Float]

    init(_ builder: UNetBuilder) {
        self.builder = builder
        base = builder.layout.architecture.base
        innerWidth = builder.layout.width(["time.inner"])
        let (arena, images) = (builder.context.arena, builder.images)
        times = UnsafeMutableBufferPointer(start: arena.floats(images), count: images)
        classes = UnsafeMutableBufferPointer(
            start: UnsafeMutableRawPointer(arena.floats(images)).bindMemory(to: Int32.self, capacity: images),
            count: images)
        waves = arena.floats(images * base)
        inner = arena.floats(images * innerWidth)
        activated = arena.floats(images * innerWidth)
        sum = arena.floats(images * builder.embeddingWidth)
        gradient = arena.floats(images * innerWidth)
        let half = base / 2
        frequencies = (0..<half).map { Float(exp(-log(10_000) * Double($0) / Double(half))) }
    }

    func pack() {}

    func forward() {
        let (images, width, half) = (builder.images, builder.embeddingWidth, base / 2)
        for image in 0..<images {
            for i in 0..<half {
                let angle = times[image] * frequencies[i]
                waves[image * base + i] = cosf(angle)
                waves[image * base + half + i] = sinf(angle)
            }
        }
        linear("time.0", waves, base, into: inner, innerWidth)
        Network.silu(images * innerWidth, inner, into: activated)
        linear("time.1", activated, innerWidth, into: sum, width)
        if builder.layout.architecture.classes > 0 {
            for image in 0..<images {
                let row = builder.address("class.weight") + Int(classes[image]) * width
                Network.add(width, row, to: sum + image * width)
            }
        }
        Network.silu(images * width, sum, into: builder.embedding)
    }

    func backward() {
        let (images, width) = (builder.images, builder.embeddingWidth)
        let above = builder.embeddingGradient
        Network.siluBackward(images * width, dy: above, x: sum, into: above)
        if builder.layout.architecture.classes > 0 {
            for image in 0..<images {
                let row = builder.gradient("class.weight") + Int(classes[image]) * width
                Network.add(width, above + image * width, to: row)
            }
        }
        linearBackward("time.1", above, width, activated, innerWidth)
        Network.multiply(
            rows: images, columns: innerWidth, inner: width, above, stride: width, builder.address("time.1.weight"),
            stride: innerWidth, into: gradient, stride: innerWidth)
        Network.siluBackward(images * innerWidth, dy: gradient, x: inner, into: gradient)
        linearBackward("time.0", gradient, innerWidth, waves, base)
    }

    private func linear(_ name: String, _ x: Network.Floats, _ from: Int, into y: Network.Floats, _ to: Int) {
        Network.multiply(
            rows: builder.images, columns: to, inner: from, x, stride: from, builder.address("\(name).weight"),
            stride: from, secondTransposed: true, into: y, stride: to)
        Network.addRow(builder.address("\(name).bias"), rows: builder.images, columns: to, to: y)
    }

    private func linearBackward(_ name: String, _ dy: Network.Floats, _ to: Int, _ x: Network.Floats, _ from: Int) {
        Network.multiply(
            rows: to, columns: from, inner: builder.images, dy, stride: to, transposed: true, x, stride: from,
            into: builder.gradient("\(name).weight"), stride: from)
        Network.sumRows(dy, rows: builder.images, columns: to, into: builder.gradient("\(name).bias"))
    }
}
