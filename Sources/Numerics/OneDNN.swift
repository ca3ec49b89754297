internal import COneDNN
internal import Errors

/// A thin owner of oneDNN's C objects; everything is single precision on the processor.
enum OneDNN {
    /// One processor engine for the whole process, as oneDNN intends; it is never destroyed.
    struct Engine: @unchecked Sendable {
        // The handle is immutable and oneDNN's engines may be used from any thread.
        let handle: dnnl_engine_t

        static let shared: Result<Engine, LaurelError> = {
            var handle: dnnl_engine_t?
            let status = dnnl_engine_create(&handle, dnnl_cpu, 0)
            guard status == dnnl_success, let handle else { return .failure(failure("an engine", status)) }
            return .success(Engine(handle: handle))
        }()

        static func get() throws(LaurelError) -> dnnl_engine_t { try shared.get().handle }
    }

    static func failure(_ what: String, _ status: dnnl_status_t) -> LaurelError {
        .environment(
            "oneDNN refused \(what) (status \(status.rawValue))",
            next: "check that libdnnl2 2.6 or newer 2.x is installed (apt-get install libdnnl-dev)")
    }

    static func check(_ status: dnnl_status_t, _ what: @autoclosure () -> String) throws(LaurelError) {
        if status != dnnl_success { throw failure(what(), status) }
    }

    final class Stream {
        let handle: dnnl_stream_t

        init() throws(LaurelError) {
            var made: dnnl_stream_t?
            try check(dnnl_stream_create(&made, Engine.get(), dnnl_stream_default_flags.rawValue), "a stream")
            guard let made else { throw failure("a stream", dnnl_runtime_error) }
            handle = made
        }

        deinit { dnnl_stream_destroy(handle) }
    }

    /// Shape and layout of a tensor.
    struct Descriptor {
        var value: dnnl_memory_desc_t

        init(_ value: dnnl_memory_desc_t) { self.value = value }

        init(_ sizes: [Int], _ tag: dnnl_format_tag_t) throws(LaurelError) {
            value = dnnl_memory_desc_t()
            let dimensions = sizes.map(Int64.init)
            let status = dnnl_memory_desc_init_by_tag(&value, Int32(sizes.count), dimensions, dnnl_f32, tag)
            try check(status, "a tensor of shape \(sizes)")
        }

        var bytes: Int {
            withUnsafePointer(to: value) { dnnl_memory_desc_get_size($0) }
        }

        func matches(_ other: Descriptor) -> Bool {
            withUnsafePointer(to: value) { left in
                withUnsafePointer(to: other.value) { dnnl_memory_desc_equal(left, $0) != 0 }
            }
        }
    }

    /// A tensor at an address that somebody else owns.
    final class Memory {
        let handle: dnnl_memory_t

        init(_ descriptor: Descriptor, at address: UnsafeMutablePointer<Float>?) throws(LaurelError) {
            var made: dnnl_memory_t?
            var description = descriptor.value
            try check(dnnl_memory_create(&made, &description, Engine.get(), address), "a tensor")
            guard let made else { throw failure("a tensor", dnnl_runtime_error) }
            handle = made
        }

        func setAddress(_ address: UnsafeMutablePointer<Float>) throws(LaurelError) {
            try check(dnnl_memory_set_data_handle(handle, address), "an address")
        }

        deinit { dnnl_memory_destroy(handle) }
    }

    /// A primitive's description, from which its tensors' preferred layouts are asked.
    final class Plan {
        let handle: dnnl_primitive_desc_t

        init(_ handle: dnnl_primitive_desc_t) { self.handle = handle }

        func descriptor(_ query: dnnl_query_t, _ index: Int32 = 0) throws(LaurelError) -> Descriptor {
            guard let found = dnnl_primitive_desc_query_md(handle, query, index) else {
                throw failure("a layout", dnnl_invalid_arguments)
            }
            return Descriptor(found.pointee)
        }

        deinit { dnnl_primitive_desc_destroy(handle) }
    }

    /// A primitive with its arguments bound once; ``run(on:)`` is all that a step does.
    final class Operation {
        private let primitive: dnnl_primitive_t
        private let arguments: UnsafeMutableBufferPointer<dnnl_exec_arg_t>
        private let owned: [Memory]

        init(_ plan: Plan, _ bindings: [(Int32, Memory)]) throws(LaurelError) {
            var made: dnnl_primitive_t?
            try check(dnnl_primitive_create(&made, plan.handle), "a primitive")
            guard let made else { throw failure("a primitive", dnnl_runtime_error) }
            primitive = made
            owned = bindings.map(\.1)
            arguments = .allocate(capacity: bindings.count)
            for (index, binding) in bindings.enumerated() {
                arguments.initializeElement(
                    at: index, to: dnnl_exec_arg_t(arg: binding.0, memory: binding.1.handle))
            }
        }

        func run(on stream: Stream) {
            let status = dnnl_primitive_execute(
                primitive, stream.handle, Int32(arguments.count), arguments.baseAddress)
            // Shapes and addresses were fixed at creation, so a refusal here is a fault of this program.
            precondition(status == dnnl_success, "oneDNN could not run a primitive")
        }

        deinit {
            dnnl_primitive_destroy(primitive)
            arguments.deallocate()
        }
    }

    /// Copies `source` into `target`, changing the layout.
    static func reorder(
        _ source: Memory, _ from: Descriptor, _ target: Memory, _ to: Descriptor, _ context: NetworkContext
    ) throws(LaurelError) -> Operation {
        var made: dnnl_primitive_desc_t?
        var (fromValue, toValue) = (from.value, to.value)
        let engine = try Engine.get()
        let attributes = try Attributes()
        let status = dnnl_reorder_primitive_desc_create(
            &made, &fromValue, engine, &toValue, engine, attributes.handle)
        try check(status, "a reorder")
        guard let made else { throw failure("a reorder", dnnl_runtime_error) }
        let plan = Plan(made)
        let scratch = try context.scratchpad(plan.descriptor(dnnl_query_scratchpad_md))
        return try Operation(plan, [(DNNL_ARG_FROM, source), (DNNL_ARG_TO, target), (DNNL_ARG_SCRATCHPAD, scratch)])
    }

    /// Attributes with a scratchpad of the caller's, so that primitives can run in any thread.
    final class Attributes {
        let handle: dnnl_primitive_attr_t

        init() throws(LaurelError) {
            var made: dnnl_primitive_attr_t?
            try check(dnnl_primitive_attr_create(&made), "attributes")
            guard let made else { throw failure("attributes", dnnl_runtime_error) }
            handle = made
            try check(dnnl_primitive_attr_set_scratchpad_mode(made, dnnl_scratchpad_mode_user), "a scratchpad mode")
        }

        deinit { dnnl_primitive_attr_destroy(handle) }
    }
}
