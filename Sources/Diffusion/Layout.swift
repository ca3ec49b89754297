internal import Numerics

/// What each axis of a parameter counts.
package enum Axis: Hashable, Sendable {
    /// A fixed extent that pruning never touches.
    case fixed(Int)
    /// The channels of these spaces, one after the other.
    case spaces([String])
}

/// One parameter tensor inside the flat vector of all parameters.
package struct Parameter: Hashable, Sendable {
    /// How a parameter begins.
    package enum Start: Hashable, Sendable {
        /// Normal with this standard deviation.
        case normal(Double)
        /// The same number everywhere.
        case constant(Float)
    }

    /// The dotted name, as in a PyTorch state dictionary of the same architecture.
    package let name: String
    /// What each axis counts, output first.
    package let axes: [Axis]
    /// Extent of each axis.
    package let shape: [Int]
    /// Position of the first element in the flat vector.
    package let offset: Int
    /// How training begins.
    package let start: Start

    /// Number of elements.
    package var count: Int { shape.reduce(1, *) }
}

/// Every parameter of an architecture, in order, and the spaces of channels that tie them together.
///
/// A *space* is a set of channels that several tensors share because they are added to one another or read one
/// another's output: removing channel 3 of a space removes it from all of them. The dependency groups of structured
/// pruning are thus written in the layout itself and need no tracing.
package struct Layout: Sendable {
    /// One residual block as the network runs it.
    package struct Block: Sendable {
        /// Prefix of its parameters' names.
        package let name: String
        /// Spaces of its input parts: one, or two on the way up (the path and the skip connection).
        package let parts: [String]
        /// Space between its two convolutions.
        package let inner: String
        /// Space of its output.
        package let output: String
        /// Whether the shortcut is a learned projection; else input and output are one space.
        package let projects: Bool
    }

    /// The shape that this lays out.
    package let architecture: Architecture
    /// All parameters in order of their offsets.
    package private(set) var parameters: [Parameter] = []
    /// Width of every space.
    package private(set) var widths: [String: Int] = [:]
    /// Names of the spaces in the order of their making.
    package private(set) var spaceNames: [String] = []
    /// The blocks on the way down, by resolution.
    package private(set) var down: [[Block]] = []
    /// The two blocks at the bottom.
    package private(set) var middle: [Block] = []
    /// The blocks on the way up, by resolution, lowest first.
    package private(set) var up: [[Block]] = []
    /// Number of parameters in all.
    package private(set) var count = 0
    private var byName: [String: Int] = [:]

    /// Names of an architecture's spaces, whatever its widths.
    package static func spaces(of architecture: Architecture) -> [String] {
        var plain = architecture
        plain.widths = [:]
        return Layout(plain).spaceNames
    }

    /// The parameter of this name, which must exist.
    package func parameter(_ name: String) -> Parameter {
        guard let index = byName[name] else { preconditionFailure("no parameter \(name)") }
        return parameters[index]
    }

    /// The parameter of this name, if there is one.
    func find(_ name: String) -> Parameter? { byName[name].map { parameters[$0] } }

    /// Elements of the largest layer, weights and bias.
    var largestLayer: Int {
        parameters.map { parameter in
            let bias = parameter.name.hasSuffix(".weight") ? find(parameter.name.dropLast(6) + "bias") : nil
            return parameter.count + (bias?.count ?? 0)
        }.max() ?? 0
    }

    /// Channels in all of `spaces`.
    package func width(_ spaces: [String]) -> Int { spaces.reduce(0) { $0 + (widths[$1] ?? 0) } }

    /// Lays out a valid architecture.
    package init(_ architecture: Architecture) {
        self.architecture = architecture
        let (base, multipliers) = (architecture.base, architecture.multipliers)
        let level = multipliers.map { $0 * base }

        makeSpace("time.inner", 4 * base)
        makeSpace("time.output", 4 * base)
        addLinear("time.0", [.spaces(["time.inner"]), .fixed(base)])
        addLinear("time.1", [.spaces(["time.output"]), .spaces(["time.inner"])])
        if architecture.classes > 0 {
            add("class.weight", [.fixed(architecture.classes), .spaces(["time.output"])], .normal(0.02))
        }

        makeSpace("stem", base)
        addConvolution("stem", [.spaces(["stem"]), .fixed(architecture.channels)])
        var path = "stem"
        var nominal = base
        var skips = [(path, nominal)]
        for index in level.indices {
            var made: [Block] = []
            for block in 0..<architecture.blocks {
                made.append(addBlock("down.\(index).\(block)", [path], from: nominal, to: level[index]))
                path = made[block].output
                nominal = level[index]
                skips.append((path, nominal))
            }
            down.append(made)
            if index + 1 < level.count {
                makeSpace("downsample.\(index)", nominal)
                addConvolution("downsample.\(index)", [.spaces(["downsample.\(index)"]), .spaces([path])])
                path = "downsample.\(index)"
                skips.append((path, nominal))
            }
        }
        middle.append(addBlock("middle.0", [path], from: nominal, to: nominal))
        if architecture.attention { addAttention("middle.attention", path, nominal) }
        middle.append(addBlock("middle.1", [path], from: nominal, to: nominal))
        for index in level.indices.reversed() {
            var made: [Block] = []
            for block in 0...architecture.blocks {
                let (skip, width) = skips.removeLast()
                made.append(
                    addBlock("up.\(index).\(block)", [path, skip], from: nominal + width, to: level[index]))
                path = made[block].output
                nominal = level[index]
            }
            up.append(made)
            if index > 0 {
                makeSpace("upsample.\(index)", nominal)
                addConvolution("upsample.\(index)", [.spaces(["upsample.\(index)"]), .spaces([path])])
                path = "upsample.\(index)"
            }
        }
        addNorm("head.norm", [path])
        add("head.weight", [.fixed(architecture.channels), .spaces([path]), .fixed(3), .fixed(3)], .constant(0))
        add("head.bias", [.fixed(architecture.channels)], .constant(0))
    }

    private mutating func makeSpace(_ name: String, _ nominal: Int) {
        widths[name] = architecture.widths[name] ?? nominal
        spaceNames.append(name)
    }

    private mutating func add(_ name: String, _ axes: [Axis], _ start: Parameter.Start) {
        let shape = axes.map { axis in
            switch axis {
            case .fixed(let extent): extent
            case .spaces(let names): width(names)
            }
        }
        byName[name] = parameters.count
        parameters.append(Parameter(name: name, axes: axes, shape: shape, offset: count, start: start))
        count += shape.reduce(1, *)
    }

    /// Weights with the variance that keeps a signal's size (He et al. 2015, gain 1), times `gain`.
    private mutating func addWeights(_ prefix: String, _ axes: [Axis], gain: Double = 1) {
        let fanIn = axes.dropFirst().reduce(1) { product, axis in
            switch axis {
            case .fixed(let extent): product * extent
            case .spaces(let names): product * width(names)
            }
        }
        let start: Parameter.Start = gain == 0 ? .constant(0) : .normal(gain / Double(fanIn).squareRoot())
        add("\(prefix).weight", axes, start)
        add("\(prefix).bias", [axes[0]], .constant(0))
    }

    private mutating func addLinear(_ name: String, _ axes: [Axis], gain: Double = 1) {
        addWeights(name, axes, gain: gain)
    }

    private mutating func addConvolution(_ name: String, _ axes: [Axis], gain: Double = 1) {
        addWeights(name, axes + [.fixed(3), .fixed(3)], gain: gain)
    }

    private mutating func addNorm(_ name: String, _ spaces: [String]) {
        add("\(name).weight", [.spaces(spaces)], .constant(1))
        add("\(name).bias", [.spaces(spaces)], .constant(0))
    }

    private mutating func addBlock(_ name: String, _ parts: [String], from: Int, to: Int) -> Block {
        let projects = parts.count > 1 || from != to
        let inner = "\(name).inner"
        makeSpace(inner, to)
        if projects { makeSpace(name, to) }
        let output = projects ? name : parts[0]
        addNorm("\(name).norm1", parts)
        addConvolution("\(name).conv1", [.spaces([inner]), .spaces(parts)])
        addLinear("\(name).time", [.spaces([inner]), .spaces(["time.output"])])
        addNorm("\(name).norm2", [inner])
        // A block begins as its shortcut alone, which lets deep networks start training at full speed.
        addConvolution("\(name).conv2", [.spaces([output]), .spaces([inner])], gain: 0)
        if projects { addLinear("\(name).shortcut", [.spaces([output]), .spaces(parts)]) }
        return Block(name: name, parts: parts, inner: inner, output: output, projects: projects)
    }

    private mutating func addAttention(_ name: String, _ path: String, _ nominal: Int) {
        let (key, value) = ("\(name).key", "\(name).value")
        makeSpace(key, nominal)
        makeSpace(value, nominal)
        addNorm("\(name).norm", [path])
        addLinear("\(name).qkv", [.spaces([key, key, value]), .spaces([path])])
        addLinear("\(name).output", [.spaces([path]), .spaces([value])], gain: 0)
    }

    /// Width of the attention's keys before pruning: their dot products are divided by its root.
    package var nominalKeyWidth: Int { (architecture.multipliers.last ?? 1) * architecture.base }
}
