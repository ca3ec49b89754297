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
    private let lower: LayerParameters
    private let upper: LayerParameters
    private let classTable: LayerParameters?
    private let lowerLinear: Linear
    private let upperLinear: Linear

    init(_ builder: UNetBuilder) {
        self.builder = builder
        base = builder.layout.architecture.base
        innerWidth = builder.layout.width(["time.inner"])
        let (arena, images) = (builder.context.arena, builder.images)
        lower = builder.layer("time.0")
        upper = builder.layer("time.1")
        classTable = builder.layout.architecture.classes > 0 ? builder.layer("class") : nil
        lowerLinear = Linear(builder.context, rows: images, input: base, output: innerWidth)
        upperLinear = Linear(builder.context, rows: images, input: innerWidth, output: builder.embeddingWidth)
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
        lowerLinear.forward(waves, weights: lower.weights, bias: lower.bias, into: inner)
        Network.silu(images * innerWidth, inner, into: activated)
        upperLinear.forward(activated, weights: upper.weights, bias: upper.bias, into: sum)
        if let classTable {
            for image in 0..<images {
                Network.add(width, classTable.weights + Int(classes[image]) * width, to: sum + image * width)
            }
        }
        Network.silu(images * width, sum, into: builder.embedding)
    }

    func backward() {
        let (images, width) = (builder.images, builder.embeddingWidth)
        let above = builder.embeddingGradient
        Network.siluBackward(images * width, dy: above, x: sum, into: above)
        if let classTable {
            classTable.gradientFromZero { some in
                for image in some {
                    Network.add(width, above + image * width, to: classTable.target + Int(classes[image]) * width)
                }
            }
        }
        upper.gradient(of: upperLinear, x: activated, dy: above)
        upperLinear.backward(above, weights: upper.weights, into: gradient)
        Network.siluBackward(images * innerWidth, dy: gradient, x: inner, into: gradient)
        lower.gradient(of: lowerLinear, x: waves, dy: gradient)
    }
}
