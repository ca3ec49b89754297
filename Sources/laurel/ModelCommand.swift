import ArgumentParser
import Diffusion
import Documents
import Errors
import Foundation
import Images
import Monthly

struct ModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Train, prune and sample generative models.",
        subcommands: [
            ModelTrain.self, ModelPrune.self, ModelSample.self, ModelList.self, ModelShow.self, ModelImport.self,
        ])
}

/// Where the pictures come from.
struct PictureOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The snapshot to learn from; the newest when none is named.", valueName: "id"))
    var snapshot: String?

    @Option(help: ArgumentHelp("Learn from the pictures under this directory instead.", valueName: "dir"))
    var images: String?

    var source: ModelService.Source {
        if let images { .directory(URL(filePath: images)) } else { .snapshot(snapshot) }
    }
}

struct ModelTrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a base model, then its pruned companion; interrupted, the same command continues.",
        discussion: "Example: laurel model train --snapshot snapshot-2026-10 --id model-1")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var pictures: PictureOptions

    @Option(
        help: ArgumentHelp(
            "A recipe in JSON, or in YAML by its name .yaml; what it leaves out has the demo's value.",
            valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("The new model's id.", valueName: "id"))
    var id = "model-1"

    @Option(help: ArgumentHelp("Seed of everything random.", valueName: "n"))
    var seed: UInt64 = 1

    func run() async throws {
        let house = try await global.openHouse()
        let recipe = try config.map { try Recipe(parsing: readInput($0), at: $0) } ?? Recipe()
        if !ModelService.isFast {
            Terminal.note("this processor has no AVX2: training works, several times slower")
        }
        let printer = ProgressPrinter()
        _ = try await ModelService.train(
            house, id: id, source: pictures.source, recipe: recipe, seed: seed, progress: printer.handler)
        let pruned = try await ModelService.prune(
            house, id: id, source: pictures.source, sparsity: nil, progress: printer.handler)
        listing([try ModelService.show(house, id: id), pruned]).write(as: global.format)
    }
}

struct ModelPrune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Make the smaller companion of a model, and train it again on everything.",
        discussion: "Example: laurel model prune model-1 --sparsity 0.5")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var pictures: PictureOptions

    @Argument(help: "The base model.") var id: String

    @Option(help: ArgumentHelp("Share of channels to remove; the recipe's when not given.", valueName: "share"))
    var sparsity: Double?

    func run() async throws {
        let house = try await global.openHouse()
        let pruned = try await ModelService.prune(
            house, id: id, source: pictures.source, sparsity: sparsity,
            progress: ProgressPrinter().handler)
        record(pruned).write(as: global.format)
    }
}

struct ModelSample: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample", abstract: "Draw pictures from a model into one sheet.",
        discussion: "Example: laurel model sample model-1 --count 64 --out sheet.png")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The model.") var id: String

    @Option(help: "How many pictures.") var count = 64

    @Option(help: "Sampling steps.") var steps = 50

    @Option(help: "Seed of the noise; the same for every model.") var seed: UInt64 = 1

    @Option(
        name: .customLong("class"),
        help: ArgumentHelp("Draw this class of a conditional model; all classes in turns when none.", valueName: "n"))
    var label: Int?

    @Option(help: ArgumentHelp("The PNG to write.", valueName: "file"))
    var out: String

    func run() async throws {
        let house = try await global.openHouse()
        let images = try await ModelService.sample(
            house, id: id, count: count, steps: steps, seed: seed, label: label)
        let columns = max(1, Int(Double(count).squareRoot().rounded(.up)))
        let sheet = Image.sheet(images, columns: columns, scale: max(1, 64 / images[0].width))
        try OutputFile.write(try sheet.pngBytes(), to: URL(filePath: out))
        Record(fields: [("model", .string(id)), ("count", .integer(count)), ("sheet", .string(out))])
            .write(as: global.format)
    }
}

struct ModelList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List all models.", discussion: "Example: laurel model list --format json")

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        listing(try ModelService.list(try await global.openHouse())).write(as: global.format)
    }
}

struct ModelShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one model.", discussion: "Example: laurel model show model-1")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The model.") var id: String

    func run() async throws {
        record(try ModelService.show(try await global.openHouse(), id: id)).write(as: global.format)
    }
}

struct ModelImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take a model that was trained elsewhere, in the same architecture.",
        discussion: "Example: laurel model import model-2 --weights unet.safetensors --config recipe.json")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The new model's id.") var id: String

    @Option(help: ArgumentHelp("The weights, in the safetensors format.", valueName: "file"))
    var weights: String

    @Option(help: ArgumentHelp("The recipe, in JSON or YAML.", valueName: "file"))
    var config: String

    func run() async throws {
        let house = try await global.openHouse()
        let imported = try await ModelService.importModel(
            house, id: id, recipe: Recipe(parsing: readInput(config), at: config), weights: readInput(weights),
            place: weights)
        record(imported).write(as: global.format)
    }
}

private func readInput(_ path: String) throws -> Data {
    do {
        return try Data(contentsOf: URL(filePath: path))
    } catch {
        throw LaurelError.input("the file cannot be read", at: path, next: "check the path")
    }
}

private func listing(_ records: [ModelRecord]) -> Listing {
    var listing = Listing(columns: [
        .text("id", "model"), .text("kind", "kind"), .text("snapshot", "learned from"), .number("images", "images"),
        .number("parameters", "parameters"), .number("mflop", "MFLOP"), .number("loss", "loss"),
        .number("seconds", "seconds"),
    ])
    listing.whenEmpty = "no models yet: laurel model train makes one"
    listing.rows = records.map { record in
        [
            .string(record.id), .string(record.kind.rawValue), .string(record.snapshot ?? ""),
            .integer(record.images), .integer(record.parameters),
            .string(String(format: "%.1f", record.operations / 1e6)), loss(record),
            .string(String(format: "%.1f", record.seconds)),
        ]
    }
    return listing
}

/// An imported model was measured on no pictures.
private func loss(_ record: ModelRecord) -> OutputValue {
    record.images == 0 ? .none : .string(String(format: "%.5f", record.loss))
}

private func record(_ record: ModelRecord) -> Record {
    Record(fields: [
        ("id", .string(record.id)), ("kind", .string(record.kind.rawValue)),
        ("parent", record.parent.map { .string($0) } ?? .none),
        ("snapshot", record.snapshot.map { .string($0) } ?? .none), ("seed", .string(String(record.seed))),
        ("images", .integer(record.images)), ("parameters", .integer(record.parameters)),
        ("mflop", .string(String(format: "%.1f", record.operations / 1e6))),
        ("loss", loss(record)),
        ("seconds", .string(String(format: "%.1f", record.seconds))), ("kernel", .string(record.kernel)),
        ("recipe_sha256", .string(record.recipeDigest)), ("weights_sha256", .string(record.weightsDigest)),
        ("created_at", .string(record.createdAt)),
    ])
}
