package import Errors
package import Foundation

/// Named single-precision tensors in the safetensors format: a little-endian length, a JSON header, the numbers.
package struct SafeTensors: Sendable {
    /// One tensor.
    package struct Tensor: Hashable, Sendable {
        /// Its name, unique in the file.
        package var name: String
        /// Extent of each axis.
        package var shape: [Int]
        /// The numbers, row-major.
        package var values: [Float]

        package init(name: String, shape: [Int], values: [Float]) {
            (self.name, self.shape, self.values) = (name, shape, values)
        }
    }

    /// The tensors in file order.
    package var tensors: [Tensor]
    /// Free text that travels along.
    package var metadata: [String: String]

    /// A file's content.
    package init(tensors: [Tensor], metadata: [String: String] = [:]) {
        (self.tensors, self.metadata) = (tensors, metadata)
    }

    /// The file's bytes; the same content always gives the same bytes.
    package func encoded() throws -> Data {
        var header: [String: Any] = [:]
        if !metadata.isEmpty { header["__metadata__"] = metadata }
        var offset = 0
        for tensor in tensors {
            let end = offset + 4 * tensor.values.count
            header[tensor.name] = ["dtype": "F32", "shape": tensor.shape, "data_offsets": [offset, end]]
            offset = end
        }
        var text = try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys, .withoutEscapingSlashes])
        // The format wants the numbers aligned to eight bytes; spaces may follow the header.
        while text.count % 8 != 0 { text.append(0x20) }
        var result = Data(capacity: 8 + text.count + offset)
        withUnsafeBytes(of: UInt64(text.count).littleEndian) { result.append(contentsOf: $0) }
        result.append(text)
        for tensor in tensors {
            tensor.values.withUnsafeBytes { result.append(contentsOf: $0) }
        }
        return result
    }

    /// Reads a file's bytes; everything that does not fit is refused with `place` in the message.
    package init(parsing data: Data, at place: String) throws(LaurelError) {
        func refuse(_ problem: String) -> LaurelError {
            .input(problem, at: place, next: "write it again with a safetensors library, single precision")
        }
        let bytes = [UInt8](data)
        guard bytes.count >= 8 else { throw refuse("the file is too short for safetensors") }
        let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << (8 * UInt64($1)) }
        guard length >= 2, length <= 100_000_000, length <= UInt64(bytes.count - 8) else {
            throw refuse("the safetensors header does not fit the file")
        }
        let start = 8 + Int(length)
        let parsed: Any
        do {
            parsed = try JSONSerialization.jsonObject(with: Data(bytes[8..<start]))
        } catch {
            throw refuse("the safetensors header is not JSON")
        }
        guard let header = parsed as? [String: Any] else { throw refuse("the safetensors header is not an object") }
        var found: [(offset: Int, tensor: Tensor)] = []
        metadata = [:]
        for (name, entry) in header.sorted(by: { $0.key < $1.key }) {
            if name == "__metadata__" {
                guard let text = entry as? [String: String] else { throw refuse("the metadata is not text") }
                metadata = text
                continue
            }
            guard let entry = entry as? [String: Any], let shape = entry["shape"] as? [Int],
                let offsets = entry["data_offsets"] as? [Int], offsets.count == 2
            else { throw refuse("tensor \(name) is not described") }
            guard entry["dtype"] as? String == "F32" else { throw refuse("tensor \(name) is not F32") }
            guard shape.allSatisfy({ $0 >= 0 && $0 <= 1 << 31 }), shape.count <= 8 else {
                throw refuse("tensor \(name) has an impossible shape")
            }
            let count = shape.reduce((1, false)) { product, extent in
                let (value, overflow) = product.0.multipliedReportingOverflow(by: extent)
                return (value, product.1 || overflow)
            }
            guard !count.1, offsets[0] >= 0, offsets[1] >= offsets[0], offsets[1] <= bytes.count - start,
                (offsets[1] - offsets[0]) / 4 == count.0, (offsets[1] - offsets[0]) % 4 == 0
            else { throw refuse("tensor \(name) does not fit the file") }
            let values = [Float](unsafeUninitializedCapacity: count.0) { buffer, filled in
                for i in 0..<count.0 {
                    let at = start + offsets[0] + 4 * i
                    let bits =
                        UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16 | UInt32(
                            bytes[at + 3]) << 24
                    buffer.initializeElement(at: i, to: Float(bitPattern: bits))
                }
                filled = count.0
            }
            found.append((offsets[0], Tensor(name: name, shape: shape, values: values)))
        }
        found.sort { ($0.offset, $0.tensor.name) < ($1.offset, $1.tensor.name) }
        var end = 0
        for (offset, tensor) in found {
            guard offset == end else { throw refuse("tensor \(tensor.name) overlaps another or leaves a gap") }
            end = offset + 4 * tensor.values.count
        }
        guard end == bytes.count - start else { throw refuse("the file is longer than its tensors") }
        tensors = found.map(\.tensor)
    }
}
