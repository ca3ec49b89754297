import Errors
import Foundation
import Images
import Numerics
import Properties
import Testing

@Suite("What properties refuse, and how they say it")
struct BadInputTests {
    static func random(count: Int, side: Int = 8, seed: UInt64 = 1) -> ImageBatch {
        var stream = RandomStream(seed: seed, "pictures")
        let pixels = (0..<count * side * side * 3).map { _ in Float(stream.uniform() * 2 - 1) }
        return ImageBatch(count: count, side: side, channels: 3, pixels: pixels)
    }

    static func constant(count: Int, side: Int = 8) -> ImageBatch {
        ImageBatch(
            count: count, side: side, channels: 3, pixels: [Float](repeating: 0.25, count: count * side * side * 3))
    }

    /// The problem that `body` is refused for.
    private func problem(_ body: () throws -> Void) -> String {
        do {
            try body()
        } catch let error as LaurelError {
            return error.kind == .input || error.kind == .checkFailed ? error.problem : "another kind: \(error)"
        } catch {
            return "not a LaurelError: \(error)"
        }
        return "accepted"
    }

    @Test("A reference needs more pictures than neighbours, and pictures that differ")
    func references() throws {
        for count in [0, 1, 5] {
            #expect(
                problem { _ = try Reference(images: Self.random(count: count), seed: 1) }
                    == "\(count) reference images are too few to measure against")
        }
        #expect(
            problem { _ = try Reference(images: Self.constant(count: 9), seed: 1) }
                == "all 9 reference images are alike")
        var features = DescriptorHand416().features(Self.random(count: 9))
        features[4, 7] = .nan
        #expect(
            problem { _ = try Reference(features: features, extractor: DescriptorHand416(), seed: 1) }
                == "the reference's features hold numbers that are not finite")
    }

    @Test("No picture, one picture, other sizes and numbers that are not finite are refused by every property")
    func measured() throws {
        let reference = try Reference(images: Self.random(count: 30), seed: 1)
        for kind in Property.Kind.allCases {
            let property = Property(kind)
            func refused(_ images: ImageBatch) -> String {
                problem { _ = try Property.measure([property], images: images, reference: reference) }
            }
            for count in [0, 1] {
                #expect(refused(Self.random(count: count)) == "\(count) images are too few to measure \(kind.rawValue)")
            }
            #expect(
                refused(Self.random(count: 4, side: 16)) == "the images have 16² pixels, the reference's 8²")
            var pixels = Self.random(count: 4).pixels
            pixels[100] = .nan
            #expect(
                refused(ImageBatch(count: 4, side: 8, channels: 3, pixels: pixels))
                    == "the images to measure hold values that are not finite")
        }
        #expect(
            problem {
                _ = try Property.measure([Property(.aesthetic)], images: Self.random(count: 4), reference: reference)
            }
                == "the property aesthetic needs a linear head, and none was given")
    }

    @Test("Pictures that are all the same have finite values, the least variety, and no variance to speak of")
    func constants() throws {
        let reference = try Reference(images: Self.random(count: 30), seed: 1)
        for kind in Property.Kind.allCases where !kind.needsModel {
            let measured = try Property.measure(
                [Property(kind)], images: Self.constant(count: 20), reference: reference)[0]
            #expect(measured.value.isFinite && measured.variance.isFinite && measured.variance >= 0, "\(kind)")
        }
        func value(_ kind: Property.Kind) throws -> Double {
            try Property.measure([Property(kind)], images: Self.constant(count: 20), reference: reference)[0].value
        }
        #expect(abs(try value(.vendiScore) - 1) < 1e-9)
        #expect(abs(try value(.inceptionScore) - 1) < 1e-9)
        #expect(try value(.clusterEntropy) == 0)
        #expect(try value(.pixelEntropy) == 0)
    }

    @Test("Property names that are not known, and quantiles without level, are told what is possible")
    func names() {
        #expect(problem { _ = try Property(name: "beauty") } == "there is no property of this name")
        #expect(
            problem { _ = try Property(name: "quantile:vendi_score:0.9") }
                == "a quantile needs a score of single images and a level")
        #expect(
            problem { _ = try Property(name: "quantile:realism:1") }
                == "the level 1 of a quantile is not between 0 and 1")
    }

    @Test("A head must read the extractor's features")
    func heads() {
        let head = LinearHead(extractor: "other", weights: [1, 2], bias: 0)
        #expect(
            problem { _ = try Reference(images: Self.random(count: 9), seed: 1, aestheticHead: head) }
                == "the aesthetic head reads 2 features of other, not 416 of hand416-v1")
    }
}
