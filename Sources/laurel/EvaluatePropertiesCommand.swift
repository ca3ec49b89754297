import ArgumentParser
import Documents
import Errors
import Foundation
import Monthly
import Properties

struct EvaluatePropertiesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "properties",
        abstract: "Measure the pictures in a directory against those in another; no model, no database.",
        discussion: """
            Example: laurel evaluate properties samples --reference pictures --property frechet_distance --side 32

            Features from elsewhere come as NumPy files (float32 or float64, one row a picture in the byte order of the
            paths): --features SAMPLES.npy --reference-features PICTURES.npy. With --features classifier a small network
            first learns to tell the reference's folders apart; pictures are then compared by what it reads.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("The directory of the pictures to measure.", valueName: "dir")) var images: String

    @Option(help: ArgumentHelp("The directory of the pictures to compare with.", valueName: "dir"))
    var reference: String

    @Option(name: .customLong("property"), help: ArgumentHelp("A property; repeat for more.", valueName: "name"))
    var properties: [String] = []

    @Option(help: ArgumentHelp("Rows and columns that all pictures are resampled to.", valueName: "n"))
    var side = 16

    @Option(
        help: ArgumentHelp(
            "What pictures are compared by: hand416-v1, classifier, or a file with those of the pictures to measure.",
            valueName: "name"))
    var features: String?

    @Option(help: ArgumentHelp("Features of the pictures to compare with.", valueName: "file"))
    var referenceFeatures: String?

    @Option(help: ArgumentHelp("A linear head for the property aesthetic.", valueName: "file"))
    var aestheticHead: String?

    @Option(help: ArgumentHelp("Seed of clusters and resampling.", valueName: "n"))
    var seed: UInt64 = 1

    func run() throws {
        var request = PropertyService.Request(
            images: URL(filePath: images), reference: URL(filePath: reference))
        request.properties = properties
        request.side = side
        request.aestheticHead = aestheticHead.map { URL(filePath: $0) }
        request.seed = seed
        switch (features, referenceFeatures) {
        case (let own?, let known?):
            request.features = .files(images: URL(filePath: own), reference: URL(filePath: known))
        case (nil, nil), ("hand416-v1", nil): request.features = .descriptor
        case ("classifier", nil): request.features = .classifier
        default:
            throw LaurelError.input(
                "files of features are needed of both directories or of none",
                next: "give --features and --reference-features, or --features hand416-v1, or --features classifier")
        }
        let answer = try PropertyService.measure(request)
        var listing = Listing(columns: [
            .text("property", "Property"), .number("value", "Value"), .number("std_error", "Std. error"),
            .text("better", "Better"), .text("units", "Units"),
        ])
        listing.rows = answer.values.map { property, measured in
            let exact = global.format != .table
            return [
                .string(property.name), .string(exact ? "\(measured.value)" : Rounded.text(measured.value)),
                .string(exact ? "\(measured.standardError)" : Rounded.text(measured.standardError)),
                .string(property.direction == .higherIsBetter ? "higher" : "lower"), .string(property.units),
            ]
        }
        listing.write(as: global.format)
        FileHandle.standardError.write(
            Data("\(answer.images) images against reference \(answer.reference.digest.hex)\n".utf8))
    }
}
