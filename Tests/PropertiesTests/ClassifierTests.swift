import Errors
import Foundation
import Images
import Numerics
import Properties
import Testing

@Suite("The classifier of labels")
struct ClassifierTests {
    /// Mean cross-entropy of a network's logits against targets smoothed by a tenth.
    private static func loss(_ network: ClassifierNetwork, _ targets: [Int]) -> Double {
        network.pack()
        network.forward()
        return targets.enumerated().reduce(0) { sum, pair in
            let logits = (0..<network.classes).map { Double(network.logits[pair.offset * network.classes + $0]) }
            let total = log(logits.reduce(0) { $0 + exp($1) })
            let even = logits.reduce(0) { $0 + total - $1 } / Double(logits.count)
            return sum + 0.9 * (total - logits[pair.element]) + 0.1 * even
        } / Double(targets.count)
    }

    @Test("Its gradient is the loss's slope, in every layer")
    func gradient() throws {
        let network = try ClassifierNetwork(images: 8, side: 8, channels: 3, classes: 3)
        let count = ClassifierNetwork.parameterCount(channels: 3, classes: 3)
        var stream = RandomStream(seed: 3, "classifier test")
        for index in 0..<count { network.parameters[index] = Float(stream.normal() * 0.1) }
        for index in 0..<8 * 8 * 8 * 3 { network.input[index] = Float(stream.normal()) }
        let targets = (0..<8).map { $0 % 3 }
        _ = Self.loss(network, targets)
        LabelClassifier.differentiate(network, targets, smoothing: 0.1)
        network.backward()
        let gradient = (0..<count).map { Double(network.gradients[$0]) }
        // First stage, second, third, linear layer: weights and biases of each.
        let ends = [0, 896, 896 + 13_872, 896 + 13_872 + 27_712, count]
        for (first, last) in zip(ends, ends.dropFirst()) {
            let part = first..<last
            let square = part.reduce(0.0) { $0 + gradient[$1] * gradient[$1] }
            #expect(square > 0)
            let length = 1e-2 / square.squareRoot()
            func moved(_ sign: Double) -> Double {
                for index in part { network.parameters[index] += Float(sign * length * gradient[index]) }
                defer { for index in part { network.parameters[index] -= Float(sign * length * gradient[index]) } }
                return Self.loss(network, targets)
            }
            let slope = (moved(1) - moved(-1)) / (2 * length)
            #expect(abs(slope / square - 1) < 0.01, "parameters \(part): \(slope) for \(square)")
        }
    }

    @Test("It tells artists apart on pictures it has not seen, says the same twice, and sees degradations")
    func artists() throws {
        let (pictures, owners) = try RealPicturesTests.owned()
        let half = pictures.count / 2
        let all = ImageBatch(pictures, side: 16, channels: 3)
        let known = all.selecting(Array(0..<half))
        let unseen = all.selecting(Array(half..<pictures.count))
        let classifier = try LabelClassifier(training: known, labels: Array(owners[..<half]), seed: 1)
        #expect(classifier.labels == Set(owners).sorted())
        let probabilities = try classifier.probabilities(unseen)
        let hits = (0..<unseen.count).filter { item in
            let row = Array(probabilities.row(item))
            #expect(abs(row.reduce(0, +) - 1) < 1e-9)
            let best = row.indices.max { row[$0] < row[$1] } ?? 0
            return classifier.labels[best] == owners[half + item]
        }
        // The largest artist has a quarter of the pictures; a linear model on the descriptor is right in 0.65.
        #expect(Double(hits.count) / Double(unseen.count) > 0.5)

        let again = try LabelClassifier(training: known, labels: Array(owners[..<half]), seed: 1)
        #expect(again.digest == classifier.digest)
        let other = try LabelClassifier(training: known, labels: Array(owners[..<half]), seed: 2)
        #expect(other.digest != classifier.digest)

        let reference = try Reference(images: known, seed: 1, classifier: classifier)
        #expect(reference.digest != (try Reference(images: known, seed: 1)).digest)
        func value(_ kind: Property.Kind, _ images: ImageBatch) throws -> Double {
            try Property.measure([Property(kind)], images: images, reference: reference)[0].value
        }
        let learned = try Reference(images: known, extractor: ClassifierFeatures(classifier), seed: 1)
        func distance(_ images: ImageBatch) throws -> Double {
            try Property.measure([Property(.frechetDistance)], images: images, reference: learned)[0].value
        }
        // Learned with noise, it does not see a little of it; that is what the descriptor is for.
        for degradation in Degradation.allCases where degradation != .mildNoise {
            let worse = degradation(unseen, owners: Array(owners[half...]))
            for kind in [Property.Kind.labelEntropy, .labelInceptionScore, .publishedClusterEntropy] {
                #expect(try value(kind, worse) < value(kind, unseen), "\(kind) under \(degradation)")
            }
            #expect(try distance(worse) > distance(unseen), "Fréchet on what it reads, under \(degradation)")
        }
    }

    @Test("One label, sizes that cannot be halved and pictures of another size are refused")
    func refuses() throws {
        func problem(_ body: () throws -> Void) -> String {
            do {
                try body()
                return "accepted"
            } catch {
                return (error as? LaurelError)?.problem ?? "\(error)"
            }
        }
        let images = BadInputTests.random(count: 12)
        let one = [String](repeating: "a", count: 12)
        #expect(
            problem { _ = try LabelClassifier(training: images, labels: one, seed: 1) }
                == "a classifier needs pictures with at least two labels")
        let two = (0..<12).map { "\($0 % 2)" }
        #expect(
            problem {
                _ = try LabelClassifier(training: BadInputTests.random(count: 12, side: 6), labels: two, seed: 1)
            } == "side 6 cannot be halved twice")
        var short = LabelClassifier.Training()
        short.steps = 2
        let classifier = try LabelClassifier(training: images, labels: two, seed: 1, short)
        #expect(
            problem { _ = try classifier.probabilities(BadInputTests.random(count: 2, side: 16)) }
                == "the images are 16² with 3 channels, the classifier reads 8² with 3")
    }
}
