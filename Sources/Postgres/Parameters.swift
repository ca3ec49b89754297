import CLibPQ

/// Lays bindings out as libpq wants them: text as C strings of a type that the server infers, bytes as binary `bytea`.
///
/// - Throws: ``PostgresError`` with SQLSTATE 22021 when a text holds U+0000, which PostgreSQL cannot store and a C string
///   would silently cut.
func withParameters<R>(
    _ bindings: [Binding],
    _ body: ([Oid], [UnsafePointer<CChar>?], [Int32], [Int32]) throws -> R
) throws -> R {
    // One buffer for all values, so that the pointers stay valid together.
    var storage: [UInt8] = []
    var offsets: [Int?] = []
    var lengths: [Int32] = []
    for binding in bindings {
        offsets.append(binding == .null ? nil : storage.count)
        let start = storage.count
        switch binding {
        case .null: break
        case .text(let text):
            storage += text.utf8
            guard !storage[start...].contains(0) else { throw PostgresError.zeroByte }
        case .bytes(let bytes):
            storage += bytes
        }
        lengths.append(Int32(storage.count - start))
        // Closes the C string; also keeps the pointer of a value without bytes from being the next value's or null.
        storage.append(0)
    }
    let types: [Oid] = bindings.map { $0.isBytes ? 17 : 0 }
    let formats: [Int32] = bindings.map { $0.isBytes ? 1 : 0 }
    return try storage.withUnsafeBytes { buffer in
        let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
        return try body(types, offsets.map { offset in offset.flatMap { start?.advanced(by: $0) } }, lengths, formats)
    }
}

extension Binding {
    fileprivate var isBytes: Bool {
        switch self {
        case .bytes: true
        case .null, .text: false
        }
    }
}

extension PostgresError {
    static var zeroByte: PostgresError {
        PostgresError(sqlState: "22021", message: "a text holds the character U+0000, which the database cannot store")
    }
}
