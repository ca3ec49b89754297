package import Errors
package import Images
internal import Numerics

/// What pruning did, in numbers.
package struct PruningReport: Codable, Hashable, Sendable {
    /// Parameters before.
    package let parametersBefore: Int
    /// Parameters after.
    package let parametersAfter: Int
    /// Multiplications and additions of one image's forward pass, before.
    package let operationsBefore: Double
    /// The same, after.
    package let operationsAfter: Double
    /// Kept channels of every space, by position in the unpruned space.
    package let kept: [String: [Int]]
}

/// Removes channels from a model: a smaller dense model that wants recovery.
///
/// Channels are judged and removed in units of one normalisation group (eight channels), because the members of a group
/// normalise one another: a unit whose parameters are zero can go without changing the function at all. In every space
/// the same share goes, rounded so that widths stay multiples of `pruning.multiple`.
///
/// The importance of a unit is, for every tensor that has the space on an axis, its share of that tensor's total score
/// (squared weights, or |weight · gradient|), summed over the tensors, so that small tensors have a vote.
///
/// - Parameters:
///   - model: The model to make smaller.
///   - pruning: How much goes, and by what importance.
///   - gradients: The gradient of the loss for every parameter; required by Taylor importance.
package func prune(
    _ model: DiffusionModel, _ pruning: Pruning, gradients: [Float]? = nil
) -> (DiffusionModel, PruningReport) {
    let layout = Layout(model.recipe.architecture)
    let scores = importance(layout, model.parameters, pruning.importance == .taylor ? gradients : nil)
    var kept: [String: [Int]] = [:]
    let widths = prunedArchitecture(of: model.recipe.architecture, pruning).widths
    for space in layout.spaceNames {
        let units = (widths[space] ?? 0) / Network.group
        let ranked = (scores[space] ?? []).enumerated().sorted { ($1.element, $0.offset) < ($0.element, $1.offset) }
        kept[space] = ranked.prefix(units).map(\.offset).sorted().flatMap { unit in
            unit * Network.group..<(unit + 1) * Network.group
        }
    }
    return keep(kept, of: model)
}

/// The shape that pruning will give, known before there are any weights.
package func prunedArchitecture(of architecture: Architecture, _ pruning: Pruning) -> Architecture {
    var smaller = architecture
    let layout = Layout(architecture)
    for space in layout.spaceNames {
        let width = layout.width([space])
        let target = Int((Double(width) * (1 - pruning.sparsity) / Double(pruning.multiple)).rounded())
        smaller.widths[space] = min(width, max(1, target) * pruning.multiple)
    }
    return smaller
}

/// The model with only the given channels of each space; spaces that are not named stay whole.
package func keep(_ kept: [String: [Int]], of model: DiffusionModel) -> (DiffusionModel, PruningReport) {
    let layout = Layout(model.recipe.architecture)
    var recipe = model.recipe
    for (space, channels) in kept { recipe.architecture.widths[space] = channels.count }
    let smaller = Layout(recipe.architecture)
    var parameters = [Float]()
    parameters.reserveCapacity(smaller.count)
    for parameter in layout.parameters {
        let positions = zip(parameter.axes, parameter.shape).map { axis, extent in
            keptPositions(axis, extent, kept, layout)
        }
        gather(parameter, positions, from: model.parameters, into: &parameters)
    }
    let report = PruningReport(
        parametersBefore: layout.count, parametersAfter: smaller.count, operationsBefore: layout.operations,
        operationsAfter: smaller.operations, kept: kept)
    return (DiffusionModel(recipe: recipe, parameters: parameters), report)
}

private func keptPositions(_ axis: Axis, _ extent: Int, _ kept: [String: [Int]], _ layout: Layout) -> [Int] {
    guard case .spaces(let names) = axis else { return Array(0..<extent) }
    var offset = 0
    var result: [Int] = []
    for name in names {
        let width = layout.width([name])
        result += (kept[name] ?? Array(0..<width)).map { offset + $0 }
        offset += width
    }
    return result
}

private func gather(_ parameter: Parameter, _ positions: [[Int]], from source: [Float], into result: inout [Float]) {
    var strides = [Int](repeating: 1, count: parameter.shape.count)
    for axis in parameter.shape.indices.dropLast().reversed() {
        strides[axis] = strides[axis + 1] * parameter.shape[axis + 1]
    }
    func visit(_ axis: Int, _ base: Int) {
        for position in positions[axis] {
            let at = base + position * strides[axis]
            if axis + 1 < positions.count { visit(axis + 1, at) } else { result.append(source[at]) }
        }
    }
    visit(0, parameter.offset)
}

/// The score of every unit of every space.
private func importance(_ layout: Layout, _ values: [Float], _ gradients: [Float]?) -> [String: [Double]] {
    var scores: [String: [Double]] = [:]
    for space in layout.spaceNames {
        scores[space] = [Double](repeating: 0, count: layout.width([space]) / Network.group)
    }
    for parameter in layout.parameters {
        for (index, axis) in parameter.axes.enumerated() {
            guard case .spaces(let names) = axis else { continue }
            let inner = parameter.shape.dropFirst(index + 1).reduce(1, *)
            var byPosition = [Double](repeating: 0, count: parameter.shape[index])
            for i in 0..<parameter.count {
                let value = Double(values[parameter.offset + i])
                let score = gradients.map { abs(value * Double($0[parameter.offset + i])) } ?? value * value
                byPosition[i / inner % parameter.shape[index]] += score
            }
            let total = byPosition.reduce(0, +)
            guard total > 0 else { continue }
            var offset = 0
            for name in names {
                let width = layout.width([name])
                for channel in 0..<width {
                    scores[name]?[channel / Network.group] += byPosition[offset + channel] / total
                }
                offset += width
            }
        }
    }
    return scores
}

/// The gradient of the denoising loss over several batches of all images, as Taylor importance wants it.
package func lossGradient(
    _ model: DiffusionModel, images: ImageBatch, labels: [Int32] = [], seed: UInt64, batches: Int = 16
) throws(LaurelError) -> [Float] {
    let run = try TrainingRun(
        model.recipe, images: images, labels: labels, batch: 64, parts: 1, keepsAverage: false)
    run.reset(to: model.parameters)
    let items = Array(0..<images.count)
    var sum = [Float](repeating: 0, count: model.parameters.count)
    for batch in 1...batches {
        let gradient = run.lossGradient(items: items, seed: seed, step: batch)
        for i in sum.indices { sum[i] += gradient[i] / Float(batches) }
    }
    return sum
}
