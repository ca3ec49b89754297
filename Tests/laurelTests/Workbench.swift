import Diffusion
import Foundation
import TestSupport

/// A home with four contributors' pictures in a snapshot `s`, and recipes that train in a blink.
struct Workbench {
    let laurel: LaurelProgram

    static func with(_ body: (Workbench) async throws -> Void) async throws {
        try await LaurelProgram.withHome { laurel in
            try await laurel.succeed("dataset", "import", Gallery.hang(in: laurel.folder))
            try await laurel.succeed("snapshot", "create", "--id", "s")
            try await body(Workbench(laurel: laurel))
        }
    }

    /// The tiny recipe as YAML, with a number of training steps and members of its architecture besides.
    func recipe(steps: Int = 8, architecture: String = "", batch: Int = 4) throws -> String {
        try laurel.file(
            "recipe-\(steps)-\(batch)-\(architecture.count).yaml",
            """
            architecture: {side: 8, base: 8, multipliers: [1, 2], blocks: 1\(architecture)}
            training: {steps: \(steps), batch: \(batch), warmup: 2}
            recovery: {steps: 4, batch: 4}
            pruning: {multiple: 8}
            """)
    }

    /// Trains model `id` and its pruned companion.
    func train(_ id: String, recipe: String) async throws {
        try await laurel.succeed("model", "train", "--snapshot", "s", "--config", recipe, "--id", id)
    }

    func file(_ id: String, _ name: String) -> URL { laurel.folder.appending(path: "home/models/\(id)/\(name)") }

    /// Starts a training of 4,000 steps and interrupts it when there is a checkpoint; its bytes.
    func interruptedTraining(_ id: String) async throws -> (command: [String], checkpoint: Data) {
        let command = ["model", "train", "--snapshot", "s", "--config", try recipe(steps: 4000), "--id", id]
        let training = try laurel.start(command)
        let place = file(id, "checkpoint.safetensors")
        let deadline = ContinuousClock.now + .seconds(60)
        while !FileManager.default.fileExists(atPath: place.path), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(10))
        }
        training.interrupt()
        _ = try await training.end()
        return (command, try Data(contentsOf: place))
    }

    /// A tiny game of model `id` with its options, and every stored evaluation of it.
    func evaluations(_ id: String, period: String, workers: Int, _ options: [String] = []) async throws -> String {
        let run = try await laurel.start(
            [
                "credit", "run", "--period", period, "--model", id, "--property", "vendi_score", "--coalitions", "4",
                "--duplicates", "1", "--end-repeats", "1", "--images", "8", "--workers", "\(workers)",
            ] + options
        ).end()
        guard run.status == 0 else { return run.errors }
        let file = laurel.folder.appending(path: "evaluations.csv")
        try await laurel.succeed("credit", "evaluations", "run-\(period)-1", "--out", file.path)
        return try String(contentsOf: file, encoding: .utf8)
    }
}
