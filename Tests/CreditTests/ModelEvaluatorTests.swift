import Credit
import Diffusion
import Documents
import Errors
import Images
import Numerics
import Properties
import Testing

@Suite("The pruned model's evaluator")
struct ModelEvaluatorTests {
    /// Two players, dark and bright, whose pictures a conditional model tells apart by class.
    private static func setting(
        _ approximation: ApproximationRule, labels: [Int32] = [0, 0, 0, 1, 1, 1], start: DiffusionModel
    ) throws -> PrunedModelEvaluator.Setting {
        let game = PrunedModelGame(
            model: "m", weightsDigest: try start.digest(), snapshot: "s", approximation: approximation, batch: 4,
            images: 4, samplingSteps: 2, start: .unpruned, baseline: .unpruned, baselineDigest: try start.digest(),
            yardstick: yardstick)
        return PrunedModelEvaluator.Setting(
            game: game, model: start, baseline: start, images: images, labels: labels,
            items: ["a": [0, 1, 2], "b": [3, 4, 5]],
            properties: [try Property(name: "pixel_entropy")], reference: try Reference(images: images, seed: 1))
    }

    private static let yardstick = Yardstick(
        features: .hand416, labels: "contributor", classifierDigest: nil, aestheticHeadDigest: nil,
        referenceDigest: Digest.sha256([3]))

    private static let images: ImageBatch = {
        var stream = RandomStream(seed: 3, "test.images")
        let pixels = (0..<6 * 8 * 8 * 3).map { i in
            Float(0.2 * stream.normal()) + (i < 3 * 8 * 8 * 3 ? -0.6 : 0.6)
        }
        return ImageBatch(count: 6, side: 8, channels: 3, pixels: pixels)
    }()

    private static func start(classes: Int) -> DiffusionModel {
        var recipe = Recipe()
        recipe.architecture.side = 8
        recipe.architecture.base = 8
        recipe.architecture.multipliers = [1]
        recipe.architecture.blocks = 1
        recipe.architecture.classes = classes
        recipe.training.steps = 5
        let model = DiffusionModel(recipe: recipe, seed: 5)
        var stream = RandomStream(seed: 6, "test.shake")
        return DiffusionModel(recipe: recipe, parameters: model.parameters.map { $0 + Float(0.1 * stream.normal()) })
    }

    private static func task(_ coalition: [String]) -> EvaluationTask {
        EvaluationTask(
            number: 0, role: .interior, coalition: coalition, repeatIndex: 0, seed: 1, pairSeed: 2, noiseSeed: 3)
    }

    @Test("A conditional model learns each picture under its label, and is sampled over all classes in turns")
    func conditional() throws {
        let start = ModelEvaluatorTests.start(classes: 2)
        let rule = ApproximationRule.fineTuning(steps: 4, learningRateMillionths: 2000)
        let setting = try ModelEvaluatorTests.setting(rule, start: start)
        let evaluator = try PrunedModelEvaluator(setting)
        let task = ModelEvaluatorTests.task(["b"])
        try evaluator.approximate(task)
        let drawn = evaluator.sample(task)
        let workspace = try Workspace(
            model: start, images: ModelEvaluatorTests.images, labels: [0, 0, 0, 1, 1, 1], batch: 4)
        _ = try workspace.fineTune(items: [3, 4, 5], steps: 4, seed: 2, learningRate: 2e-3)
        let sampler = try Sampler(start.recipe)
        sampler.load(workspace.current.parameters)
        for image in 0..<4 {
            let alone = sampler.sample(count: 4, steps: 2, seed: 3, label: image % 2)
            #expect(drawn.selecting([image]) == alone.selecting([image]))
        }
        let swapped = try PrunedModelEvaluator(
            ModelEvaluatorTests.setting(rule, labels: [1, 1, 1, 0, 0, 0], start: start))
        try swapped.approximate(task)
        #expect(swapped.sample(task) != drawn)
    }

    @Test("What nobody's pictures are worth is the start, an untrained network, or a network that unlearned everything")
    func nobody() throws {
        let start = ModelEvaluatorTests.start(classes: 0)
        let sampler = try Sampler(start.recipe)
        func images(of model: DiffusionModel) -> ImageBatch {
            sampler.load(model.parameters)
            return sampler.sample(count: 4, steps: 2, seed: 3)
        }
        for kind in ApproximationRule.Kind.allCases {
            let evaluator = try PrunedModelEvaluator(
                ModelEvaluatorTests.setting(ApproximationRule(kind, recipe: start.recipe), labels: [], start: start))
            // Another coalition before does not matter.
            try evaluator.approximate(ModelEvaluatorTests.task(["a"]))
            try evaluator.approximate(ModelEvaluatorTests.task([]))
            let drawn = evaluator.sample(ModelEvaluatorTests.task([]))
            switch kind {
            case .fineTuning, .adapters, .adaptersEverywhere: #expect(drawn == images(of: start), "\(kind)")
            case .retraining: #expect(drawn == images(of: DiffusionModel(recipe: start.recipe, seed: 2)), "\(kind)")
            case .ascent, .influence:
                #expect(drawn != images(of: start), "\(kind)")
                // Everybody together unlearn nothing.
                try evaluator.approximate(ModelEvaluatorTests.task(["a", "b"]))
                #expect(evaluator.sample(ModelEvaluatorTests.task([])) == images(of: start), "\(kind)")
            }
        }
    }

    @Test("A rule reads back from its words and from its plan", arguments: ApproximationRule.Kind.allCases)
    func rules(kind: ApproximationRule.Kind) throws {
        var recipe = Recipe()
        recipe.training.steps = 77
        let rule = ApproximationRule(kind, recipe: recipe)
        #expect(try ApproximationRule(parsing: rule.description, onto: nil, recipe: Recipe()) == rule)
        let (plan, _) = try Sample.plan(
            evaluator: .prunedModel(
                PrunedModelGame(
                    model: "m", weightsDigest: Digest.sha256([1]), snapshot: "s", approximation: rule, batch: 4,
                    images: 4, samplingSteps: 2, start: .unpruned, baseline: .unpruned,
                    baselineDigest: Digest.sha256([2]), yardstick: ModelEvaluatorTests.yardstick)))
        let read = try CreditPlan(parsing: plan.document.encoded())
        #expect(read == plan)
        if case .prunedModel(let game) = read.evaluator { #expect(game.approximation == rule) }
        // What is left out comes from the rule that exists, unless it is of another name.
        let first = rule.description.split(separator: ":")[1].split(separator: ",")[0].split(separator: "=")[0]
        let other = try ApproximationRule(parsing: "\(kind.rawValue):\(first)=9", onto: rule, recipe: Recipe())
        #expect(other != rule && other.description.contains("\(first)=9"))
        #expect(try ApproximationRule(parsing: kind.rawValue, onto: other, recipe: Recipe()) == other)
    }
}
