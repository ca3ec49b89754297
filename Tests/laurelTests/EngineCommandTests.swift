import Foundation
import TestSupport
import Testing

/// Models and their games at the command line, small enough to train in a blink.
@Suite struct EngineCommandTests {
    @Test func theSameRecipeInJSONAndYAMLIsTheSameModel() async throws {
        try await Workbench.with { bench in
            let json = try bench.laurel.file(
                "recipe.json",
                """
                {"architecture": {"side": 8, "base": 8, "multipliers": [1, 2], "blocks": 1},
                 "training": {"steps": 8, "batch": 4, "warmup": 2}, "recovery": {"steps": 4, "batch": 4},
                 "pruning": {"multiple": 8}}
                """)
            try await bench.train("one", recipe: json)
            try await bench.train("two", recipe: bench.recipe())
            let rows = try await bench.laurel.succeed("model", "list", "--format", "json").rows()
            #expect(rows.count == 4)
            for name in ["recipe.json", "weights.safetensors"] {
                #expect(try Data(contentsOf: bench.file("one", name)) == Data(contentsOf: bench.file("two", name)))
            }
            try await bench.laurel.succeed(
                "model", "import", "three", "--weights", bench.file("one", "weights.safetensors").path, "--config",
                bench.recipe())
            #expect(
                try Data(contentsOf: bench.file("one", "recipe.json"))
                    == Data(contentsOf: bench.file("three", "recipe.json")))
            // It was measured on no pictures, which is no loss of zero.
            let shown = try await bench.laurel.succeed("model", "show", "three", "--format", "json").json()
            #expect((shown as? [String: Any])?["loss"] is NSNull)
        }
    }

    @Test func moreSamplingStepsThanNoiseLevelsAreRefused() async throws {
        try await Workbench.with { bench in
            let recipe = try String(contentsOfFile: bench.recipe(), encoding: .utf8) + "\ndiffusion: {timesteps: 50}\n"
            try await bench.train("m", recipe: bench.laurel.file("coarse.yaml", recipe))
            let sheet = bench.laurel.folder.appending(path: "sheet.png").path
            let sample = ["model", "sample", "m", "--count", "1", "--out", sheet]
            let refused = try await bench.laurel.start(sample + ["--steps", "51"]).end()
            #expect(refused.status == 2 && refused.errors.contains("1 to 50 steps"), "\(refused.errors)")
            #expect(try await bench.laurel.start(sample).end().status == 0)
        }
    }

    @Test func everyApproximationPlaysAndIsReproducible() async throws {
        let approximations = [
            "fine-tuning:steps=4", "retraining", "adapters:steps=4", "adapters-everywhere:steps=4,rank=2", "ascent",
            "influence:samples=8",
        ]
        try await Workbench.with { bench in
            try await bench.train("m", recipe: bench.recipe())
            var tables: Set<String> = []
            for (index, approximation) in approximations.enumerated() {
                let options = ["--approximation", approximation]
                let alone = try await bench.evaluations(
                    "m", period: "2026-0\(index + 1)", workers: 1, options)
                let together = try await bench.evaluations(
                    "m", period: "2027-0\(index + 1)", workers: 3, options)
                #expect(alone.split(separator: "\r\n").count == 8, "\(approximation): \(alone)")
                #expect(alone == together, "\(approximation)")
                tables.insert(alone)
                let shown = try await bench.laurel.succeed(
                    "credit", "show", "run-2026-0\(index + 1)-1", "--format", "json"
                ).json()
                let sealed = (shown as? [String: Any])?["approximation"] as? String
                for word in approximation.split(whereSeparator: { ":,".contains($0) }) {
                    #expect(sealed?.contains(word) == true, "\(sealed ?? "none")")
                }
            }
            #expect(tables.count == approximations.count)
        }
    }

    @Test func whatAnApproximationCannotDoIsRefused() async throws {
        try await Workbench.with { bench in
            try await bench.train("m", recipe: bench.recipe())
            try await bench.train("plain", recipe: bench.recipe(architecture: ", attention: false"))
            let cases: [(model: String, options: [String], says: String)] = [
                ("m", ["--approximation", "lora"], "no approximation"),
                ("m", ["--approximation", "adapters:steps=0"], "steps=0"),
                ("m", ["--approximation", "ascent:steps=3"], "passes"),
                ("m", ["--approximation", "ascent", "--fine-tune-steps", "3"], "passes"),
                ("m", ["--approximation", "influence", "--start", "pruned"], "--start unpruned"),
                ("m", ["--approximation", "retraining", "--baseline", "pruned"], "leave --baseline out"),
                ("m", ["--approximation", "adapters", "--baseline", "pruned"], "different shapes"),
                ("plain", ["--approximation", "adapters"], "adapters-everywhere"),
                ("m-pruned", [], "base model, m"),
            ]
            for (model, options, says) in cases {
                let run = try await bench.laurel.start(
                    ["credit", "plan", "--period", "2026-10", "--model", model, "--property", "vendi_score"] + options
                ).end()
                #expect(run.status == 2 && run.errors.contains(says), "\(options): \(run.errors)")
            }
            #expect(try await bench.laurel.succeed("credit", "list", "--format", "json").rows().isEmpty)
        }
    }

    @Test func aConditionalModelPlaysWithTheLabelsOfItsContributors() async throws {
        try await Workbench.with { bench in
            let recipe = try bench.recipe(architecture: ", classes: 4")
            try await bench.train("m", recipe: recipe)
            let options = ["--fine-tune-steps", "4"]
            let alone = try await bench.evaluations("m", period: "2026-01", workers: 1, options)
            #expect(alone.split(separator: "\r\n").count == 8, "\(alone)")
            #expect(try await bench.evaluations("m", period: "2026-02", workers: 2, options) == alone)
            let foreign = try await bench.laurel.start([
                "model", "train", "--snapshot", "s", "--config", bench.recipe(architecture: ", classes: 3 "), "--id",
                "x",
            ]).end()
            #expect(foreign.status == 2 && foreign.errors.contains("ada, bob, cyd, dot"), "\(foreign.errors)")
        }
    }
}
