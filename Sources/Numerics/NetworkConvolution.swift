internal import COneDNN
package import Errors

/// A 3×3 convolution with bias, stride 1 or 2, padding 1, NHWC, on oneDNN.
///
/// Weights stay in the order output, input, row, column of the common checkpoint formats; oneDNN's own order is packed
/// from it by ``pack()`` whenever the parameters have changed.
package final class Convolution {
    /// Where a convolution reads and writes; all addresses are bound for good when it is made.
    package struct Buffers {
        /// Input, images × side² × input channels.
        package var x: UnsafeMutablePointer<Float>
        /// Output, images × (side/stride)² × output channels.
        package var y: UnsafeMutablePointer<Float>
        /// Parameters: weights, output × input × 3 × 3.
        package var weights: UnsafeMutablePointer<Float>
        /// Parameters: one bias per output channel.
        package var bias: UnsafeMutablePointer<Float>
        /// Gradients of the same four; nil where no gradient is wanted.
        package var gradients: Gradients?

        package init(
            x: UnsafeMutablePointer<Float>, y: UnsafeMutablePointer<Float>, weights: UnsafeMutablePointer<Float>,
            bias: UnsafeMutablePointer<Float>, gradients: Gradients? = nil
        ) {
            (self.x, self.y, self.weights, self.bias, self.gradients) = (x, y, weights, bias, gradients)
        }
    }

    /// Where the backward pass reads (dy) and writes (the others, overwriting).
    package struct Gradients {
        /// Gradient of the output.
        package var dy: UnsafeMutablePointer<Float>
        /// Gradient of the input; nil for the first layer of a network.
        package var dx: UnsafeMutablePointer<Float>?
        /// Gradient of the weights.
        package var weights: UnsafeMutablePointer<Float>
        /// Gradient of the bias.
        package var bias: UnsafeMutablePointer<Float>

        package init(
            dy: UnsafeMutablePointer<Float>, dx: UnsafeMutablePointer<Float>?, weights: UnsafeMutablePointer<Float>,
            bias: UnsafeMutablePointer<Float>
        ) {
            (self.dy, self.dx, self.weights, self.bias) = (dy, dx, weights, bias)
        }
    }

    /// Multiplications and additions of one forward pass.
    package let operations: Double
    private let context: NetworkContext
    private let forwardOperation: OneDNN.Operation
    private var packing: [OneDNN.Operation] = []
    private var dataOperation: OneDNN.Operation?
    private var weightOperations: [OneDNN.Operation] = []

    /// Makes the primitives of one shape. With `adding` the forward pass adds to what is in the output already.
    package init(
        _ context: NetworkContext, images: Int, side: Int, input: Int, output: Int, stride: Int = 1,
        adding: Bool = false, _ buffers: Buffers
    ) throws(LaurelError) {
        precondition(stride == 1 || (stride == 2 && side % 2 == 0), "stride 1, or 2 on an even side")
        let outSide = side / stride
        self.context = context
        operations = 2 * 9 * Double(images * outSide * outSide * input * output)
        let shape = try Shape(
            x: OneDNN.Descriptor([images, input, side, side], dnnl_nhwc),
            y: OneDNN.Descriptor([images, output, outSide, outSide], dnnl_nhwc),
            plain: OneDNN.Descriptor([output, input, 3, 3], dnnl_oihw), bias: OneDNN.Descriptor([output], dnnl_x),
            any: OneDNN.Descriptor([output, input, 3, 3], dnnl_format_tag_any), stride: Int64(stride))
        let forward = try shape.forward(adding: adding)

        let plainWeights = try OneDNN.Memory(shape.plain, at: buffers.weights)
        func packed(_ plan: OneDNN.Plan) throws(LaurelError) -> (OneDNN.Memory, OneDNN.Operation?) {
            let wanted = try plan.descriptor(dnnl_query_weights_md)
            if wanted.matches(shape.plain) { return (plainWeights, nil) }
            let memory = try OneDNN.Memory(wanted, at: context.arena.floats(wanted.bytes / 4))
            return (memory, try OneDNN.reorder(plainWeights, shape.plain, memory, wanted, context))
        }

        let (weights, reorder) = try packed(forward)
        if let reorder { packing.append(reorder) }
        let x = try OneDNN.Memory(shape.x, at: buffers.x)
        forwardOperation = try OneDNN.Operation(
            forward,
            [
                (DNNL_ARG_SRC, x), (DNNL_ARG_WEIGHTS, weights),
                (DNNL_ARG_BIAS, try OneDNN.Memory(shape.bias, at: buffers.bias)),
                (DNNL_ARG_DST, try OneDNN.Memory(shape.y, at: buffers.y)),
                (DNNL_ARG_SCRATCHPAD, try context.scratchpad(forward.descriptor(dnnl_query_scratchpad_md))),
            ])

        guard let gradients = buffers.gradients else { return }
        let dy = try OneDNN.Memory(shape.y, at: gradients.dy)
        // The hint for the backward plans must be a forward plan without post-operations.
        let hint = adding ? try shape.forward(adding: false) : forward
        if let dx = gradients.dx {
            let plan = try shape.backwardData(hint)
            let (weights, reorder) = try packed(plan)
            if let reorder { packing.append(reorder) }
            dataOperation = try OneDNN.Operation(
                plan,
                [
                    (DNNL_ARG_DIFF_DST, dy), (DNNL_ARG_WEIGHTS, weights),
                    (DNNL_ARG_DIFF_SRC, try OneDNN.Memory(shape.x, at: dx)),
                    (DNNL_ARG_SCRATCHPAD, try context.scratchpad(plan.descriptor(dnnl_query_scratchpad_md))),
                ])
        }
        let plan = try shape.backwardWeights(hint)
        let wanted = try plan.descriptor(dnnl_query_diff_weights_md)
        let target = try OneDNN.Memory(shape.plain, at: gradients.weights)
        let isPlain = wanted.matches(shape.plain)
        let found = isPlain ? target : try OneDNN.Memory(wanted, at: context.arena.floats(wanted.bytes / 4))
        weightOperations.append(
            try OneDNN.Operation(
                plan,
                [
                    (DNNL_ARG_SRC, x), (DNNL_ARG_DIFF_DST, dy), (DNNL_ARG_DIFF_WEIGHTS, found),
                    (DNNL_ARG_DIFF_BIAS, try OneDNN.Memory(shape.bias, at: gradients.bias)),
                    (DNNL_ARG_SCRATCHPAD, try context.scratchpad(plan.descriptor(dnnl_query_scratchpad_md))),
                ]))
        if !isPlain { weightOperations.append(try OneDNN.reorder(found, wanted, target, shape.plain, context)) }
    }

    /// Brings the parameters into oneDNN's order; after every change of the parameters, before the next pass.
    package func pack() { for operation in packing { operation.run(on: context.stream) } }

    /// Computes the output.
    package func forward() { forwardOperation.run(on: context.stream) }

    /// Computes the gradient of the input.
    package func backwardData() { dataOperation?.run(on: context.stream) }

    /// Computes the gradients of weights and bias.
    package func backwardWeights() { for operation in weightOperations { operation.run(on: context.stream) } }
}

/// The tensors of one convolution and the plans that oneDNN makes for them.
private struct Shape {
    var x, y, plain, bias, any: OneDNN.Descriptor
    var stride: Int64

    private var strides: [Int64] { [stride, stride] }
    private var before: [Int64] { [1, 1] }
    /// With stride 2 on an even side the last row and column of padding is never read.
    private var after: [Int64] { stride == 1 ? [1, 1] : [0, 0] }

    func forward(adding: Bool) throws(LaurelError) -> OneDNN.Plan {
        var operation = dnnl_convolution_desc_t()
        var (x, any, bias, y) = (x.value, any.value, bias.value, y.value)
        let status = dnnl_convolution_forward_desc_init(
            &operation, dnnl_forward_training, dnnl_convolution_direct, &x, &any, &bias, &y, strides, before, after)
        try OneDNN.check(status, "a convolution")
        return try plan(&operation, OneDNN.Attributes(addingToOutput: adding), nil)
    }

    func backwardData(_ hint: OneDNN.Plan) throws(LaurelError) -> OneDNN.Plan {
        var operation = dnnl_convolution_desc_t()
        var (x, any, y) = (x.value, any.value, y.value)
        let status = dnnl_convolution_backward_data_desc_init(
            &operation, dnnl_convolution_direct, &x, &any, &y, strides, before, after)
        try OneDNN.check(status, "a convolution's data gradient")
        return try plan(&operation, OneDNN.Attributes(), hint)
    }

    func backwardWeights(_ hint: OneDNN.Plan) throws(LaurelError) -> OneDNN.Plan {
        var operation = dnnl_convolution_desc_t()
        var (x, any, bias, y) = (x.value, any.value, bias.value, y.value)
        let status = dnnl_convolution_backward_weights_desc_init(
            &operation, dnnl_convolution_direct, &x, &any, &bias, &y, strides, before, after)
        try OneDNN.check(status, "a convolution's weight gradient")
        return try plan(&operation, OneDNN.Attributes(), hint)
    }

    private func plan(
        _ operation: inout dnnl_convolution_desc_t, _ attributes: OneDNN.Attributes, _ hint: OneDNN.Plan?
    ) throws(LaurelError) -> OneDNN.Plan {
        var made: dnnl_primitive_desc_t?
        let engine = try OneDNN.Engine.get()
        let status = dnnl_primitive_desc_create(&made, &operation, attributes.handle, engine, hint?.handle)
        try OneDNN.check(status, "this convolution's shape")
        guard let made else { throw OneDNN.failure("a plan", dnnl_runtime_error) }
        return OneDNN.Plan(made)
    }
}
