package import Errors
internal import Numerics

extension Workspace {
    /// Makes the workspace's current model the approximation of one trained on the images at `items` alone; returns the
    /// mean loss of the last steps, or of the subset where there are no steps of training.
    ///
    /// The result depends on the workspace's model, the approximation, `items` and `seed` alone. ``reset()`` undoes it.
    ///
    /// - Throws: ``LaurelError`` of kind `refused` when the loss stops being a number, or when the model has no weights of
    ///   the kind that adapters were asked for.
    package func approximate(_ approximation: Approximation, items: [Int], seed: UInt64) throws(LaurelError) -> Double {
        switch approximation {
        case .fineTuning where items.isEmpty, .adapters where items.isEmpty:
            reset()
            return 0
        case .fineTuning(let steps, let learningRate):
            return try fineTune(items: items, steps: steps, seed: seed, learningRate: learningRate)
        case .retraining(let steps, let learningRate):
            return try fineTune(
                items: items, steps: items.isEmpty ? 0 : steps, seed: seed, learningRate: learningRate,
                from: DiffusionModel(recipe: model.recipe, seed: seed))
        case .adapters(let place, let rank, let alpha, let ratio, let steps, let learningRate):
            return try adapt(
                place, rank: rank, alpha: alpha, ratio: ratio, items: items, steps: steps, seed: seed,
                learningRate: learningRate)
        case .ascent(let passes, let learningRate):
            return try ascend(passes: passes, learningRate: learningRate, items: items, seed: seed)
        case .influence(let samples, let scale):
            return try unlearn(samples: samples, scale: scale, items: items, seed: seed)
        }
    }

    private func adapt(
        _ place: AdapterPlace, rank: Int, alpha: Float, ratio: Double, items: [Int], steps: Int, seed: UInt64,
        learningRate: Double
    ) throws(LaurelError) -> Double {
        reset()
        let layout = Layout(model.recipe.architecture)
        guard
            let adapters = LowRankAdapters(
                layout, at: place, rank: rank, alpha: alpha, around: model.parameters, seed: seed)
        else {
            throw .refused(
                "the model has no attention to adapt", next: "adapt everything, or fine-tune instead")
        }
        let training = course(steps: steps, learningRate: learningRate)
        return try repeating(steps) { (step) throws(LaurelError) in
            let (loss, norm) = try run.slope(items: items, seed: seed, step: step)
            adapters.advance(
                step, gradient: run.gradients, clip: Float(min(1, training.clip / max(norm, 1e-12))),
                rate: Float(training.rate(at: step)), ratio: Float(ratio), parameters: run.vector)
            run.parametersChanged()
            return loss
        }
    }

    private func ascend(
        passes: Int, learningRate: Double, items: [Int], seed: UInt64
    ) throws(LaurelError) -> Double {
        reset()
        let removed = others(than: items)
        let steps = removed.isEmpty ? 0 : passes * ((removed.count + batch - 1) / batch)
        return try repeating(steps) { (step) throws(LaurelError) in
            let (loss, norm) = try run.slope(items: removed, seed: seed, step: step)
            let rate = Float(learningRate * min(1, 1 / max(norm, 1e-12)))
            for i in 0..<run.count { run.vector[i] += rate * run.gradients[i] }
            run.parametersChanged()
            return loss
        }
    }

    /// θ + c·H⁻¹(g_f − g_r), H of the images that stay, or of all when none does, with g_f = ∇L_F/(|F|+|R|) and g_r = ∇L_R·|F|/((|F|+|R|)·|R|), losses summed over images.
    private func unlearn(samples: Int, scale: Double, items: [Int], seed: UInt64) throws(LaurelError) -> Double {
        reset()
        let removed = others(than: items)
        guard !removed.isEmpty, samples > 0 else { return 0 }
        let count = run.count
        let share = Double(removed.count) / Double(removed.count + items.count)
        // The mean gradient over F times |F|/(|F|+|R|), minus the same of R: both sums become means.
        var direction = [Double](repeating: 0, count: count)
        let batches = max(1, samples / 4)
        for step in 1...batches {
            _ = try run.slope(items: removed, seed: seed, step: step)
            for i in 0..<count { direction[i] += share / Double(batches) * Double(run.gradients[i]) }
            if items.isEmpty { continue }
            _ = try run.slope(items: items, seed: seed, step: step)
            for i in 0..<count { direction[i] -= share / Double(batches) * Double(run.gradients[i]) }
        }
        var (loss, memory) = (0.0, [Double]())
        for sample in 1...samples {
            loss = try run.slope(items: items.isEmpty ? removed : items, seed: seed, step: batches + sample).loss
            let gradient = (0..<count).map { Double(run.gradients[$0]) }
            woodFisher(&direction, &memory, gradient, of: samples)
        }
        for i in 0..<count { run.vector[i] += Float(scale * direction[i]) }
        run.parametersChanged()
        exportRun()
        return loss
    }

    private func others(than items: [Int]) -> [Int] {
        let kept = Set(items)
        return (0..<imageCount).filter { !kept.contains($0) }
    }

    private func repeating(_ steps: Int, _ body: (Int) throws(LaurelError) -> Double) throws(LaurelError) -> Double {
        var (sum, counted) = (0.0, 0)
        for step in 1...max(1, steps) where steps > 0 {
            let loss = try body(step)
            if step > steps - max(1, steps / 10) {
                sum += loss
                counted += 1
            }
        }
        exportRun()
        return counted > 0 ? sum / Double(counted) : 0
    }
}

/// One sample gradient g of N in the recursion `u ← u − (gᵀu)/(N+oᵀg)·o`, `o ← o − (oᵀg)/(N+oᵀg)·o`, where o begins as the
/// first gradient. Where all gradients agree, u ends as (I + Σggᵀ/N)⁻¹ times what it was, the sum without the first one.
package func woodFisher(_ u: inout [Double], _ o: inout [Double], _ g: [Double], of count: Int) {
    guard !o.isEmpty else {
        o = g
        return
    }
    var (ug, og) = (0.0, 0.0)
    for i in g.indices {
        ug += g[i] * u[i]
        og += g[i] * o[i]
    }
    let (uFactor, oFactor) = (ug / (Double(count) + og), og / (Double(count) + og))
    for i in g.indices {
        u[i] -= uFactor * o[i]
        o[i] -= oFactor * o[i]
    }
}
