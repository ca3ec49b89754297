package import Documents
import Errors
package import Foundation
package import Images
package import Numerics

/// Features that another program computed: one row a picture, in a NumPy file.
///
/// The format is `.npy` version 1, 2 or 3 as `numpy.save` writes it: a two-dimensional array of little-endian `float32`
/// or `float64` in C order, one row for each picture in the order of the pictures' paths as bytes. A file of this kind
/// is what `numpy.save("features.npy", model(images))` leaves.
package struct FeatureFile: Sendable {
    /// One row a picture.
    package let features: Matrix
    /// SHA-256 of the file.
    package let digest: Digest

    /// Reads a file.
    ///
    /// - Parameter rows: How many pictures there are; nil takes what comes.
    /// - Throws: ``LaurelError`` of kind `input` for another format, another number of rows, or a number that is not
    ///   finite.
    package init(contentsOf url: URL, rows: Int? = nil) throws {
        let bytes: [UInt8]
        do {
            bytes = [UInt8](try Data(contentsOf: url))
        } catch {
            throw LaurelError.input("the file of features cannot be read", at: url.path, next: "check the path")
        }
        try self.init(parsing: bytes, name: url.path, rows: rows)
    }

    /// Reads a file's bytes; `name` is what errors call it.
    package init(parsing bytes: [UInt8], name: String, rows: Int? = nil) throws {
        let header = try Header(bytes, name: name)
        let (count, width) = (header.rows, header.columns)
        guard count > 0, width > 0, bytes.count - header.end == count * width * header.size else {
            throw LaurelError.input(
                "the file holds \(bytes.count - header.end) bytes of numbers, \(count)×\(width) need "
                    + "\(count * width * header.size)", at: name, next: "write the file again")
        }
        if let rows, rows != count {
            throw LaurelError.input(
                "the file has features of \(count) pictures, there are \(rows)", at: name,
                next: "compute one row for each picture, in the order of their paths")
        }
        var matrix = Matrix(rows: count, columns: width)
        bytes.withUnsafeBytes { buffer in
            for index in 0..<count * width {
                let at = header.end + index * header.size
                matrix.values[index] =
                    header.size == 8
                    ? Double(
                        bitPattern: UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: at, as: UInt64.self)))
                    : Double(
                        Float(
                            bitPattern: UInt32(
                                littleEndian: buffer.loadUnaligned(fromByteOffset: at, as: UInt32.self))))
            }
        }
        if let bad = matrix.values.firstIndex(where: { !$0.isFinite }) {
            throw LaurelError.input(
                "the number in row \(bad / width + 1), column \(bad % width + 1) is not finite", at: name,
                next: "compute the features again")
        }
        features = matrix
        digest = Digest.sha256(bytes)
    }

    /// What an `.npy` file says about its numbers.
    private struct Header {
        let rows: Int
        let columns: Int
        /// Bytes of a number.
        let size: Int
        /// Where the numbers begin.
        let end: Int

        init(_ bytes: [UInt8], name: String) throws {
            func refuse(_ problem: String) -> LaurelError {
                .input(problem, at: name, next: "write it with numpy.save: float32 or float64, one row a picture")
            }
            guard bytes.count >= 12, bytes.starts(with: [0x93] + Array("NUMPY".utf8)), (1...3).contains(bytes[6]) else {
                throw refuse("not a NumPy file")
            }
            let isShort = bytes[6] == 1
            let length =
                isShort
                ? Int(bytes[8]) | Int(bytes[9]) << 8
                : (0..<4).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
            end = (isShort ? 10 : 12) + length
            guard end <= bytes.count else { throw refuse("the file ends within its header") }
            let text = String(decoding: bytes[(isShort ? 10 : 12)..<end], as: UTF8.self).filter { $0 != " " }
            switch text {
            case _ where text.contains("'descr':'<f4'"): size = 4
            case _ where text.contains("'descr':'<f8'"): size = 8
            default: throw refuse("the numbers are neither float32 nor float64")
            }
            guard text.contains("'fortran_order':False") else { throw refuse("the array is in Fortran order") }
            guard let open = text.range(of: "'shape':("), let close = text[open.upperBound...].firstIndex(of: ")")
            else {
                throw refuse("the file does not say its shape")
            }
            let sides = text[open.upperBound..<close].split(separator: ",").map { Int($0) }
            guard sides.count == 2, let rows = sides[0], let columns = sides[1],
                (0...1 << 31).contains(rows), (0...1 << 20).contains(columns)
            else { throw refuse("the array is not two-dimensional") }
            (self.rows, self.columns) = (rows, columns)
        }
    }
}

/// The extractor of features that come as files: whoever has pictures brings their features too.
package struct OutsideFeatures: FeatureExtractor {
    package let name: String
    package let dimension: Int

    /// An embedding from outside, named by the digest of the reference's features.
    package init(_ reference: FeatureFile) {
        name = "file \(reference.digest.hex)"
        dimension = reference.features.columns
    }

    package func features(_ batch: ImageBatch) throws -> Matrix {
        throw LaurelError.input(
            "these features come from a file, so other pictures have none", at: name,
            next: "give a file with the features of the pictures that are measured")
    }
}
