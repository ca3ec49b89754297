import Errors
import Foundation
import Images
import Numerics
import Properties
import Testing

@Suite("Files of features from outside")
struct FeatureFileTests {
    /// An `.npy` file as `numpy.save` writes it.
    static func file(
        _ values: [Double], shape: String, type: String = "<f4", order: String = "False"
    ) -> [UInt8] {
        var header = "{'descr': '\(type)', 'fortran_order': \(order), 'shape': \(shape), }"
        while (header.utf8.count + 11) % 64 != 0 { header += " " }
        header += "\n"
        var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
        bytes += [UInt8(header.utf8.count & 255), UInt8(header.utf8.count >> 8)] + Array(header.utf8)
        for value in values {
            if type == "<f8" {
                withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += Array($0) }
            } else {
                withUnsafeBytes(of: Float(value).bitPattern.littleEndian) { bytes += Array($0) }
            }
        }
        return bytes
    }

    private func problem(_ bytes: [UInt8], rows: Int? = nil) -> String {
        do {
            _ = try FeatureFile(parsing: bytes, name: "f.npy", rows: rows)
        } catch let error as LaurelError {
            return error.kind == .input && error.place == "f.npy" ? error.problem : "elsewhere: \(error)"
        } catch {
            return "not a LaurelError: \(error)"
        }
        return "accepted"
    }

    @Test("What NumPy saved is read to the bit, in both precisions")
    func reads() throws {
        let saved = try #require(Bundle.module.url(forResource: "Fixtures/features", withExtension: "npy"))
        let file = try FeatureFile(contentsOf: saved, rows: 3)
        #expect(file.features.values == [0.5, -1.25, 3, 0.1, 1e300, -0.0])
        #expect((file.features.rows, file.features.columns) == (3, 2))
        let single = try FeatureFile(parsing: Self.file([0.5, 0.25], shape: "(1, 2)"), name: "f.npy")
        #expect(single.features.values == [0.5, 0.25])
    }

    @Test("Wrong rows, shapes, types and numbers are refused, each in its own words")
    func refuses() {
        let sound = Self.file([1, 2, 3, 4], shape: "(2, 2)")
        #expect(problem(sound) == "accepted")
        #expect(problem(sound, rows: 3) == "the file has features of 2 pictures, there are 3")
        #expect(problem(Array(sound.dropLast())) == "the file holds 15 bytes of numbers, 2×2 need 16")
        #expect(problem(Array(sound.prefix(40))) == "the file ends within its header")
        #expect(problem([]) == "not a NumPy file")
        #expect(problem(Array("rows,columns\n1,2\n".utf8)) == "not a NumPy file")
        #expect(problem(Self.file([1, 2], shape: "(2,)")) == "the array is not two-dimensional")
        #expect(problem(Self.file([], shape: "(0, 2)")) == "the file holds 0 bytes of numbers, 0×2 need 0")
        #expect(
            problem(Self.file([1, 2], shape: "(1, 2)", type: "<i4")) == "the numbers are neither float32 nor float64")
        #expect(problem(Self.file([1, 2], shape: "(1, 2)", order: "True")) == "the array is in Fortran order")
        #expect(
            problem(Self.file([1, 2, .nan, 4], shape: "(2, 2)")) == "the number in row 2, column 1 is not finite")
    }

    @Test("Properties measure features from outside, and their digest tells files apart")
    func measures() throws {
        var stream = RandomStream(seed: 2, "features")
        func features(_ rows: Int) throws -> FeatureFile {
            let values = (0..<rows * 5).map { _ in stream.normal() }
            return try FeatureFile(
                parsing: Self.file(values, shape: "(\(rows), 5)", type: "<f8"), name: "f.npy", rows: rows)
        }
        let (known, own) = (try features(40), try features(25))
        let reference = try Reference(features: known.features, extractor: OutsideFeatures(known), seed: 1)
        let other = try Reference(features: own.features, extractor: OutsideFeatures(own), seed: 1)
        #expect(reference.digest != other.digest)
        let images = BadInputTests.random(count: 25)
        let distance = try Property(.frechetDistance).measure(
            features: own.features, images: images, reference: reference)
        #expect(distance.value > 0 && distance.value < 5)
        #expect(throws: LaurelError.self) {
            try Property.measure([Property(.frechetDistance)], images: images, reference: reference)
        }
    }
}
