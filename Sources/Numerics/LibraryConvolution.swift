internal import COneDNN
internal import Errors

/// Convolutions by oneDNN, in its direct algorithm and NHWC: any shape that our own kernels do not take.
final class LibraryConvolution: ConvolutionMethod {
    private let context: NetworkContext
    private let shape: Convolution.Shape
    private let buffers: Convolution.Buffers
    private let forwardOperation: OneDNN.Operation
    private var packing: [OneDNN.Operation] = []
    private var dataOperation: OneDNN.Operation?
    private var weightOperations: [OneDNN.Operation] = []
    /// The pixels under each tap of one image, for the gradients of each image.
    private let columns: Network.Floats

    init(_ context: NetworkContext, _ shape: Convolution.Shape, _ buffers: Convolution.Buffers) throws(LaurelError) {
        precondition(buffers.addend == nil, "only our own kernels add to what is there")
        (self.context, self.shape, self.buffers) = (context, shape, buffers)
        let (images, side, outSide) = (shape.images, shape.side, shape.outSide)
        columns = context.arena.floats(buffers.gradients == nil ? 0 : outSide * outSide * 9 * shape.input)
        let plans = try Plans(
            x: OneDNN.Descriptor([images, shape.input, side, side], dnnl_nhwc),
            y: OneDNN.Descriptor([images, shape.output, outSide, outSide], dnnl_nhwc),
            plain: OneDNN.Descriptor([shape.output, shape.input, 3, 3], dnnl_oihw),
            bias: OneDNN.Descriptor([shape.output], dnnl_x),
            any: OneDNN.Descriptor([shape.output, shape.input, 3, 3], dnnl_format_tag_any), stride: Int64(shape.stride))
        let forward = try plans.forward(training: buffers.gradients != nil)

        let plainWeights = try OneDNN.Memory(plans.plain, at: buffers.weights)
        func packed(_ plan: OneDNN.Plan) throws(LaurelError) -> (OneDNN.Memory, OneDNN.Operation?) {
            let wanted = try plan.descriptor(dnnl_query_weights_md)
            if wanted.matches(plans.plain) { return (plainWeights, nil) }
            let memory = try OneDNN.Memory(wanted, at: context.arena.floats(wanted.bytes / 4))
            return (memory, try OneDNN.reorder(plainWeights, plans.plain, memory, wanted, context))
        }

        let (weights, reorder) = try packed(forward)
        if let reorder { packing.append(reorder) }
        let x = try OneDNN.Memory(plans.x, at: buffers.x)
        forwardOperation = try OneDNN.Operation(
            forward,
            [
                (DNNL_ARG_SRC, x), (DNNL_ARG_WEIGHTS, weights),
                (DNNL_ARG_BIAS, try OneDNN.Memory(plans.bias, at: buffers.bias)),
                (DNNL_ARG_DST, try OneDNN.Memory(plans.y, at: buffers.y)),
                (DNNL_ARG_SCRATCHPAD, try context.scratchpad(forward.descriptor(dnnl_query_scratchpad_md))),
            ])

        guard let gradients = buffers.gradients else { return }
        let dy = try OneDNN.Memory(plans.y, at: gradients.dy)
        if let dx = gradients.dx {
            let plan = try plans.backwardData(forward)
            let (weights, reorder) = try packed(plan)
            if let reorder { packing.append(reorder) }
            dataOperation = try OneDNN.Operation(
                plan,
                [
                    (DNNL_ARG_DIFF_DST, dy), (DNNL_ARG_WEIGHTS, weights),
                    (DNNL_ARG_DIFF_SRC, try OneDNN.Memory(plans.x, at: dx)),
                    (DNNL_ARG_SCRATCHPAD, try context.scratchpad(plan.descriptor(dnnl_query_scratchpad_md))),
                ])
        }
        let plan = try plans.backwardWeights(forward)
        let wanted = try plan.descriptor(dnnl_query_diff_weights_md)
        let target = try OneDNN.Memory(plans.plain, at: gradients.weights)
        let isPlain = wanted.matches(plans.plain)
        let found = isPlain ? target : try OneDNN.Memory(wanted, at: context.arena.floats(wanted.bytes / 4))
        weightOperations.append(
            try OneDNN.Operation(
                plan,
                [
                    (DNNL_ARG_SRC, x), (DNNL_ARG_DIFF_DST, dy), (DNNL_ARG_DIFF_WEIGHTS, found),
                    (DNNL_ARG_DIFF_BIAS, try OneDNN.Memory(plans.bias, at: gradients.bias)),
                    (DNNL_ARG_SCRATCHPAD, try context.scratchpad(plan.descriptor(dnnl_query_scratchpad_md))),
                ]))
        if !isPlain { weightOperations.append(try OneDNN.reorder(found, wanted, target, plans.plain, context)) }
    }

    func pack() { for operation in packing { operation.run(on: context.stream) } }

    func forward() { forwardOperation.run(on: context.stream) }

    func backwardData(adding: Bool) {
        precondition(!adding, "only our own kernels add to what is there")
        dataOperation?.run(on: context.stream)
    }

    func backwardWeights() { for operation in weightOperations { operation.run(on: context.stream) } }

    func backwardWeights(image: Int, into row: Network.Floats) {
        guard let gradients = buffers.gradients else { return }
        let (pixels, taps) = (shape.outSide * shape.outSide, 9 * shape.input)
        let dy = gradients.dy + image * pixels * shape.output
        Network.unfold(
            side: shape.side, channels: shape.input, stride: shape.stride,
            buffers.x + image * shape.side * shape.side * shape.input, into: columns)
        Network.multiply(
            rows: shape.output, columns: taps, inner: pixels, dy, stride: shape.output, transposed: true, columns,
            stride: taps, into: row, stride: taps)
        let bias = row + shape.weights
        bias.update(repeating: 0, count: shape.output)
        Network.sumRows(dy, rows: pixels, columns: shape.output, into: bias)
    }
}

/// The tensors of one convolution and the plans that oneDNN makes for them.
private struct Plans {
    var x, y, plain, bias, any: OneDNN.Descriptor
    var stride: Int64

    private var strides: [Int64] { [stride, stride] }
    private var before: [Int64] { [1, 1] }
    /// With stride 2 on an even side the last row and column of padding is never read.
    private var after: [Int64] { stride == 1 ? [1, 1] : [0, 0] }

    func forward(training: Bool) throws(LaurelError) -> OneDNN.Plan {
        var operation = dnnl_convolution_desc_t()
        var (x, any, bias, y) = (x.value, any.value, bias.value, y.value)
        let status = dnnl_convolution_forward_desc_init(
            &operation, training ? dnnl_forward_training : dnnl_forward_inference, dnnl_convolution_direct, &x, &any,
            &bias, &y, strides, before, after)
        try OneDNN.check(status, "a convolution")
        return try plan(&operation, OneDNN.Attributes(), nil)
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
