import Diffusion
import Errors
import Foundation
import Testing

@Suite("Recipes")
struct RecipeTests {
    private static func read(_ text: String, _ name: String) throws -> Recipe {
        try Recipe(parsing: Data(text.utf8), at: name)
    }

    @Test("The same recipe in JSON and in YAML is one recipe, and so one model")
    func twoSpellings() throws {
        let json = """
            {"architecture": {"side": 8, "base": 16, "multipliers": [1, 2], "attention": false, "widths": {"time.inner": 16}},
             "diffusion": {"schedule": "linear"}, "training": {"steps": 30, "learningRate": 1e-3, "ema": 0},
             "pruning": {"importance": "taylor", "multiple": 8}}
            """
        let yaml = """
            # What the other says.
            architecture:
              side: 8
              base: 16
              multipliers:
                - 1
                - 2
              attention: false
              widths: {time.inner: 16}
            diffusion: {schedule: linear}
            training:
              steps: 30
              learningRate: 0.001
              ema: 0
            pruning:
              importance: "taylor"
              multiple: 8
            """
        let first = try RecipeTests.read(json, "recipe.json")
        #expect(first.architecture.multipliers == [1, 2] && first.architecture.widths == ["time.inner": 16])
        #expect(first.diffusion.schedule == .linear && first.training.learningRate == 1e-3)
        #expect(first.recovery == Recipe().recovery)
        for name in ["recipe.yaml", "RECIPE.YML"] {
            let second = try RecipeTests.read(yaml, name)
            #expect(second == first)
            #expect(
                try DiffusionModel(recipe: second, seed: 1).digest() == DiffusionModel(recipe: first, seed: 1).digest())
        }
        #expect(throws: LaurelError.self) { try RecipeTests.read(yaml, "recipe.json") }
        #expect(try RecipeTests.read(String(decoding: first.encoded(), as: UTF8.self), "recipe.json") == first)
    }

    @Test(
        "What is wrong is said with its line and column",
        arguments: [
            (#"{"architecture":{"bas":16}}"#, "json:1:18", "unknown key architecture.bas"),
            (#"{"architecture":{"base":12}}"#, "json:1:25", "base width 12"),
            (#"{"architecture":{"side":15}}"#, "json:1:25", "side 15"),
            (#"{"architecture":{"multipliers":[1,1,1,1]}}"#, "json:1:32", "4 resolutions"),
            (#"{"architecture":{"widths":{"nowhere":16}}}"#, "json:1:38", "nowhere"),
            (#"{"architecture":{"attention":1}}"#, "json:1:30", "true or false"),
            (#"{"training":{"batch":7}}"#, "json:1:22", "training.batch 7"),
            (#"{"training":{"learningRate":"fast"}}"#, "json:1:29", "not a number"),
            (#"{"training":{"learningRate":"0.1"}}"#, "json:1:29", "not a number"),
            (#"{"training":{"steps":1.5}}"#, "json:1:22", "not a whole number"),
            (#"{"training":{"steps":3,"steps":4}}"#, "json:1:14", "steps is given twice"),
            (#"{"training":null}"#, "json:1:13", "not an object"),
            (#"{"diffusion":{"timesteps":49}}"#, "json:1:27", "timesteps 49"),
            (#"{"diffusion":{"schedule":"sine"}}"#, "json:1:26", "linear or cosine"),
            (#"{"pruning":{"sparsity":1}}"#, "json:1:24", "pruning.sparsity 1.0"),
            (#"{"training":{"clip":1e999}}"#, "json", "not JSON"), ("[]", "json:1:1", "not an object"),
            ("", "json", "empty"), (#"{"a":1"#, "json:2:1", "not JSON"), ("training: {steps: 3}", "json", "not JSON"),
            ("training:\n  steps: 3\n  batsch: 4", "yaml:3:3", "unknown key training.batsch"),
            ("training:\n  steps: yes", "yaml:2:10", "not a whole number"),
            ("training:\n  steps: 0x10", "yaml:2:10", "not a whole number"),
            ("training:\n  learningRate: .inf", "yaml:2:17", "not a number"),
            ("training:\n\tsteps: 3", "yaml:2:1", "not YAML"), ("a: &a [*a]", "yaml:1:8", "not YAML"),
            ("architecture:\n  multipliers:\n    - 1\n    - x", "yaml:4:7", "architecture.multipliers.1"),
            ("# nothing", "yaml", "empty"), (String(repeating: "[", count: 100_000), "yaml:1:1", "nesting"),
        ])
    func places(text: String, place: String, says: String) {
        let error = #expect(throws: LaurelError.self) {
            try RecipeTests.read(text, "recipe.\(place.prefix(4))")
        }
        #expect(error?.kind == .input)
        #expect(error?.place == "recipe.\(place)")
        #expect(error?.problem.contains(says) == true, "\(error?.problem ?? "")")
    }
}
