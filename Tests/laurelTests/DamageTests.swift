import Diffusion
import Foundation
import TestSupport
import Testing

/// What a model needs and does not find as it was: each is one line that says what to do, and changes nothing.
@Suite struct DamageTests {
    /// Checks that a command ends with a status and one line that says something.
    private func expect(
        _ laurel: LaurelProgram, _ command: [String], _ status: Int32, says: [String],
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        let run = try await laurel.start(command).end()
        #expect(run.status == status, "\(command): \(run.errors)", sourceLocation: location)
        let progress = ["laurel: training ", "laurel: recovering ", "laurel: plan "]
        let words = run.errors.split(separator: "\n").filter { line in
            line.contains("not a number") || !progress.contains { line.hasPrefix($0) }
        }
        #expect(words.count == 1, "\(command): \(run.errors)", sourceLocation: location)
        for part in says {
            #expect(run.errors.contains(part), "\(command): \(run.errors)", sourceLocation: location)
        }
    }

    @Test func picturesThatVanishedOrChanged() async throws {
        try await Workbench.with { bench in
            let laurel = bench.laurel
            try await bench.train("m", recipe: bench.recipe())
            let store = laurel.folder.appending(path: "home/images")
            let names = try #require(FileManager.default.enumerator(atPath: store.path)).compactMap { $0 as? String }
            let files = names.map { store.appending(path: $0) }.filter { !$0.hasDirectoryPath }.sorted {
                $0.path < $1.path
            }
            .filter { (try? Data(contentsOf: $0)) != nil }
            let (first, last) = (try #require(files.first), try #require(files.last))
            let commands = [
                ["model", "train", "--snapshot", "s", "--config", try bench.recipe(), "--id", "n"],
                ["credit", "plan", "--period", "2026-10", "--model", "m", "--property", "vendi_score"],
            ]
            let bytes = try Data(contentsOf: first)
            try FileManager.default.removeItem(at: first)
            for command in commands { try await expect(laurel, command, 5, says: ["missing", first.path, ".ppm of "]) }
            for other in [try Data(contentsOf: last), Data(), Data("not a picture".utf8)] {
                try other.write(to: first)
                for command in commands {
                    try await expect(laurel, command, 5, says: ["damaged", first.path, ".ppm of "])
                }
            }
            // As the message says: without the damaged file the same import puts the picture back.
            try FileManager.default.removeItem(at: first)
            try await laurel.succeed("dataset", "import", laurel.folder.appending(path: "gallery.csv").path)
            #expect(try Data(contentsOf: first) == bytes)
            for command in commands { #expect(try await laurel.start(command).end().status == 0) }
        }
    }

    @Test func aDirectoryThatIsNone() async throws {
        try await LaurelProgram.withHome { laurel in
            let file = try laurel.file("picture.png", "")
            for path in [file, "/nowhere"] {
                try await expect(laurel, ["model", "train", "--images", path], 2, says: ["no such directory", path])
            }
            let empty = laurel.folder.path
            try FileManager.default.removeItem(atPath: file)
            try await expect(laurel, ["model", "train", "--images", empty], 2, says: ["no pictures", empty])
        }
    }

    @Test func modelsThatAreHalfThere() async throws {
        try await Workbench.with { bench in
            let laurel = bench.laurel
            try await bench.train("m", recipe: bench.recipe())
            let sample = ["model", "sample", "m", "--out", "sheet.png"]
            let plan = ["credit", "plan", "--period", "2026-10", "--model", "m", "--property", "vendi_score"]
            for name in ["recipe.json", "weights.safetensors"] {
                let place = bench.file("m", name)
                let bytes = try Data(contentsOf: place)
                var changed = bytes
                changed[bytes.count - 5] ^= 1
                for damage in [nil, Data(), bytes.prefix(200), changed] {
                    if let damage {
                        try damage.write(to: place)
                    } else {
                        try FileManager.default.removeItem(at: place)
                    }
                    for command in [sample, plan] {
                        try await expect(laurel, command, 2, says: ["models/m", "restore"])
                    }
                }
                try bytes.write(to: place)
            }
            try Data("{".utf8).write(to: bench.file("m-pruned", "model.json"))
            try await expect(laurel, plan, 2, says: ["m-pruned/model.json", "restore"])
            try FileManager.default.removeItem(at: bench.file("m-pruned", "model.json"))
            try await expect(laurel, plan, 2, says: ["laurel model prune m"])
            // As the message says: it is made again, and is the same.
            try await laurel.succeed("model", "prune", "m", "--snapshot", "s")
            #expect(try await laurel.start(plan).end().status == 0)
        }
    }

    @Test func checkpointsThatAreDamagedOrForeign() async throws {
        try await Workbench.with { bench in
            let (command, checkpoint) = try await bench.interruptedTraining("m")
            let place = bench.file("m", "checkpoint.safetensors")
            var flipped = checkpoint
            flipped[checkpoint.count - 9] ^= 4
            for damaged in [flipped, checkpoint.prefix(checkpoint.count / 2), Data(), Data(count: 50_000)] {
                try damaged.write(to: place)
                try await expect(
                    bench.laurel, command, 2, says: ["checkpoint is damaged", place.path, "remove this file"])
            }
            try checkpoint.write(to: place)
            try await expect(bench.laurel, command + ["--seed", "2"], 4, says: ["another recipe, seed", "another id"])
            #expect(try Data(contentsOf: place) == checkpoint)
        }
    }

    @Test func aLossThatIsNotANumber() async throws {
        try await Workbench.with { bench in
            let (command, checkpoint) = try await bench.interruptedTraining("m")
            let place = bench.file("m", "checkpoint.safetensors")
            // A course of training that has run away: sound in form, its weights beyond what can be computed with.
            let file = try SafeTensors(parsing: checkpoint, at: "checkpoint")
            let course = try #require(file.metadata["course"])
            let losses = try #require(file.tensors.first { $0.name == "losses" }).values
            let count = try #require(file.tensors.first { $0.name == "parameters" }).values.count
            var wild = try TrainingCheckpoint.read(checkpoint, course: course, count: count, at: "").checkpoint
            for i in wild.parameters.indices { wild.parameters[i] *= 1e30 }
            let last = try wild.encoded(course: course, losses: losses)
            try last.write(to: place)
            try await expect(
                bench.laurel, command, 4,
                says: ["not a number", "batch \(wild.step + 1) of 4000", "learningRate", place.path])
            #expect(try Data(contentsOf: place) == last)
        }
    }

    @Test func memoryIsForeseen() async throws {
        try await Workbench.with { bench in
            let huge = try bench.laurel.file(
                "huge.yaml",
                "{architecture: {base: 128, side: 64, multipliers: [8, 8, 8]}, training: {batch: 4096}}")
            let large = try bench.laurel.file(
                "large.yaml",
                """
                architecture: {side: 64, base: 64, multipliers: [1], blocks: 1, attention: false}
                recovery: {batch: 4096}
                """)
            try await expect(
                bench.laurel, ["model", "train", "--snapshot", "s", "--config", huge, "--id", "huge"], 5,
                says: ["GB of memory", "training.batch"])
            try await expect(
                bench.laurel, ["model", "train", "--snapshot", "s", "--config", large, "--id", "large"], 5,
                says: ["GB of memory", "recovery.batch"])
            let wide = try bench.laurel.file(
                "wide.yaml",
                """
                architecture: {side: 32, base: 32, multipliers: [1], blocks: 1, attention: false}
                training: {steps: 0, batch: 2}
                recovery: {steps: 0, batch: 2}
                """)
            try await bench.train("wide", recipe: wide)
            try await expect(
                bench.laurel,
                [
                    "credit", "run", "--period", "2026-10", "--model", "wide", "--property", "vendi_score",
                    "--end-repeats", "1000", "--workers", "1000",
                ], 5, says: ["GB of memory", "--workers"])
        }
    }
}
