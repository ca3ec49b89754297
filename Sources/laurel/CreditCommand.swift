import ArgumentParser
import Credit
import Errors
import Foundation
import Monthly

struct CreditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credit", abstract: "What each contributor adds to the model: plan, run, look.",
        subcommands: [
            CreditPlanCommand.self, CreditRunCommand.self, CreditStatusCommand.self, CreditListCommand.self,
            CreditShowCommand.self, CreditCompareCommand.self, CreditEvaluationsCommand.self,
            CreditEstimateCommand.self,
        ])
}

/// The rules of a game, as options; what is left out is the plan's, or the default.
struct CreditRuleOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The month the credits are for.", valueName: "YYYY-MM"))
    var period: String

    @Option(help: ArgumentHelp("The model whose pruned version plays.", valueName: "id"))
    var model: String?

    @Option(
        name: .customLong("property"),
        help: ArgumentHelp(
            "What a coalition's model is measured by; repeatable. frechet_distance and label_entropy follow retraining"
                + " best. Spoilt pictures can raise vendi_score, precision, density and pixel_entropy: mix those with"
                + " another.", valueName: "name[:weight]"))
    var properties: [String] = []

    @Option(help: ArgumentHelp("Coalitions to evaluate besides nobody and everybody.", valueName: "m"))
    var coalitions: Int?

    @Option(help: ArgumentHelp("Where all chance of the run comes from.", valueName: "n"))
    var seed: Int64?

    @Option(help: ArgumentHelp("What the players are: contributor or dataset.", valueName: "kind"))
    var players: String?

    @Option(
        name: .customLong("player"),
        help: ArgumentHelp("A player of an external evaluator's game; repeatable; all when left out.", valueName: "id"))
    var player: [String] = []

    @Option(help: ArgumentHelp("How credits are estimated from evaluations.", valueName: "name"))
    var estimator: String?

    @Option(
        name: .customLong("negative-rule"),
        help: ArgumentHelp("What is paid for no help: clip, significant, lower-bound.", valueName: "rule"))
    var negativeRule: String?

    @Option(help: ArgumentHelp("A program that evaluates coalitions instead of a model.", valueName: "command"))
    var evaluator: String?

    @Option(
        help: ArgumentHelp(
            "What coalitions start from: untrained, pruned, recovered or unpruned; recovered for fine-tuning, else"
                + " unpruned.", valueName: "stage"))
    var start: String?

    @Option(
        help: ArgumentHelp(
            "The network that nobody's data is worth to fine-tuning and adapters: untrained, pruned, recovered or"
                + " unpruned.", valueName: "stage"))
    var baseline: String?

    @Option(help: ArgumentHelp("What pictures are compared by: hand416-v1, or classifier.", valueName: "name"))
    var features: String?

    @Option(
        help: ArgumentHelp("What the classifier tells apart: contributor, or a manifests' column.", valueName: "column")
    )
    var labels: String?

    @Option(help: ArgumentHelp("A linear head for the property aesthetic.", valueName: "file"))
    var aestheticHead: String?

    @Option(
        help: ArgumentHelp(
            "How the model of a coalition is approximated: fine-tuning, retraining, adapters, adapters-everywhere, ascent,"
                + " influence; with settings such as fine-tuning:steps=150,learning-rate=0.001.",
            valueName: "name[:setting=value,...]"))
    var approximation: String?

    @Option(
        name: .customLong("end-repeats"),
        help: ArgumentHelp("Evaluations of nobody and of everybody each.", valueName: "n"))
    var endRepeats: Int?

    @Option(help: ArgumentHelp("Coalitions evaluated twice, to measure noise.", valueName: "n"))
    var duplicates: Int?

    @Option(
        name: .customLong("fine-tune-steps"),
        help: ArgumentHelp("Training steps on each coalition's items; short for the setting steps.", valueName: "k"))
    var fineTuneSteps: Int?

    @Option(help: ArgumentHelp("Images sampled for each value.", valueName: "n"))
    var images: Int?

    @Option(
        name: .customLong("stop-money-width"),
        help: ArgumentHelp("Stop when less than this share of the pool is undecided.", valueName: "share"))
    var stopMoneyWidth: Double?

    /// The same for the service.
    var request: CreditRequest {
        var request = CreditRequest(period: period)
        request.model = model
        request.properties = properties
        request.coalitions = coalitions
        request.seed = seed
        request.playerKind = players
        request.players = player
        request.estimator = estimator
        request.negativeRule = negativeRule
        request.evaluator = evaluator
        request.start = start
        request.baseline = baseline
        request.features = features
        request.labels = labels
        request.aestheticHead = aestheticHead
        request.endRepeats = endRepeats
        request.duplicates = duplicates
        request.fineTuneSteps = fineTuneSteps
        request.approximation = approximation
        request.images = images
        request.stopMoneyWidth = stopMoneyWidth
        return request
    }
}

struct CreditPlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Fix the rules of a period's game before anything is scored.",
        discussion: "Example: laurel credit plan --period 2026-10 --model model-1 --property frechet_distance:0.5"
            + " --property label_entropy:0.5")

    @OptionGroup var rules: CreditRuleOptions
    @OptionGroup var global: GlobalOptions

    @Flag(help: "Let a plan with other rules take the place of the one in force.")
    var supersede = false

    func run() async throws {
        let run = try await CreditService.plan(
            try await global.openHouse(), rules.request, supersede: supersede)
        Record(fields: CreditOutput.summary(run)).write(as: global.format)
    }
}

struct CreditRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Evaluate, estimate, store; carries on where it was stopped.",
        discussion: "Example: laurel credit run --period 2026-10 --model model-1 --property frechet_distance:0.5"
            + " --property label_entropy:0.5 --workers 2")

    @OptionGroup var rules: CreditRuleOptions
    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("Evaluations at the same time; one a core when left out.", valueName: "n"))
    var workers: Int?

    @Option(help: ArgumentHelp("Where evaluations are made: local.", valueName: "where"))
    var executor: Executor = .local

    @Option(
        name: .customLong("evaluator-timeout"),
        help: ArgumentHelp("The longest answer of an evaluator that is waited for.", valueName: "seconds"))
    var evaluatorTimeout = 3600.0

    /// Where evaluations are made.
    enum Executor: String, ExpressibleByArgument, CaseIterable {
        case local
    }

    func validate() throws {
        guard evaluatorTimeout > 0, evaluatorTimeout < 1e9 else {
            throw ValidationError("--evaluator-timeout must be a positive number of seconds")
        }
    }

    func run() async throws {
        var execution = CreditExecution()
        execution.workers = workers
        execution.evaluatorTimeoutSeconds = evaluatorTimeout
        let report = try await CreditService.run(
            try await global.openHouse(), rules.request, execution,
            announce: { Terminal.note("plan \($0.plan.run) sha256:\($0.digest)") },
            progress: ProgressPrinter().handler)
        CreditOutput.write(report, as: global.format)
    }
}
