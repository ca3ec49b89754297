import Diffusion
import Documents
import Errors
import Foundation
import Images
import Synchronization

/// One course of training in its folder: continues from its checkpoint, saves new ones, stops when asked to.
struct ModelCourse {
    /// Training from scratch, or of a pruned model.
    enum Start {
        case recipe(Recipe)
        case pruned(DiffusionModel)

        var recipe: Recipe {
            switch self {
            case .recipe(let recipe): recipe
            case .pruned(let model): model.recipe
            }
        }
    }

    /// Steps between checkpoints: some seconds of work at risk; writing one costs a few hundredths of a second.
    private static let stepsBetweenCheckpoints = 20

    let start: Start
    let folder: ModelFolder
    let pictures: ModelService.Pictures
    let seed: UInt64
    let progress: ProgressHandler

    /// Trains to the end on threads of its own; cancelling the task leaves a checkpoint.
    func run() async throws -> (model: DiffusionModel, losses: [Float]) {
        let stop = StopFlag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(with: Result { try train(stop) })
                }
            }
        } onCancel: {
            stop.set()
        }
    }

    private final class StopFlag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .relaxed) }
        func set() { value.store(true, ordering: .relaxed) }
    }

    /// What the checkpoint belongs to: everything that the result depends on.
    private func course() throws -> String {
        var digest = SHA256Hasher()
        digest.update([UInt8](try start.recipe.encoded()))
        if case .pruned(let model) = start { digest.update(try model.digest().bytes) }
        pictures.batch.pixels.withUnsafeBytes { digest.update([UInt8]($0)) }
        pictures.labels.withUnsafeBytes { digest.update([UInt8]($0)) }
        digest.update(Array("\(seed)".utf8))
        return digest.finish().hex
    }

    private func train(_ stop: StopFlag) throws -> (model: DiffusionModel, losses: [Float]) {
        try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)
        let course = try course()
        let recipe = start.recipe
        var (checkpoint, losses): (TrainingCheckpoint?, [Float]) = (nil, [])
        if FileManager.default.fileExists(atPath: folder.checkpoint.path) {
            let found = try TrainingCheckpoint.read(
                Data(contentsOf: folder.checkpoint), course: course,
                count: Layout(recipe.architecture).count, at: folder.checkpoint.path)
            (checkpoint, losses) = (found.checkpoint, found.losses)
        }
        let (stage, part, steps) =
            switch start {
            case .recipe: ("training", "training", recipe.training.steps)
            case .pruned: ("recovering", "recovery", recipe.recovery.steps)
            }
        var smooth = losses.last
        func after(_ outcome: TrainingRun.Outcome, _ snapshot: () -> TrainingCheckpoint) throws -> Bool {
            losses.append(Float(outcome.loss))
            smooth = (smooth ?? Float(outcome.loss)) * 0.98 + 0.02 * Float(outcome.loss)
            let last = outcome.step == steps
            if !last, stop.isSet || outcome.step % ModelCourse.stepsBetweenCheckpoints == 0 {
                try snapshot().encoded(course: course, losses: losses).write(to: folder.checkpoint, options: .atomic)
            }
            progress(
                ProgressUpdate(
                    stage: stage, done: outcome.step, total: steps,
                    detail: "loss \(String(format: "%.4f", smooth ?? 0))"))
            return last || !stop.isSet
        }
        let model: DiffusionModel?
        do {
            model =
                switch start {
                case .recipe:
                    try Diffusion.train(
                        recipe, images: pictures.batch, labels: pictures.labels, seed: seed, from: checkpoint,
                        progress: after)
                case .pruned(let pruned):
                    try Diffusion.recover(
                        pruned, images: pictures.batch, labels: pictures.labels, seed: seed, from: checkpoint,
                        progress: after)
                }
        } catch let error as LaurelError where error.kind == .refused {
            // The step that failed changed nothing, and the steps before it are in the checkpoint.
            let kept =
                FileManager.default.fileExists(atPath: folder.checkpoint.path)
                ? "; the last good checkpoint stays in \(folder.checkpoint.path)" : ""
            throw LaurelError.refused(
                error.problem, at: "\(stage) \(folder.id), batch \(losses.count + 1) of \(steps)",
                next: "train under another id with a lower \(part).learningRate\(kept)")
        }
        guard let model else { throw CancellationError() }
        return (model, losses)
    }
}
