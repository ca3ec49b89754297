import Foundation
import Monthly
import Synchronization

/// Shows progress on stderr with an estimate of the time left: redrawn in place on a terminal, elsewhere one line
/// every few seconds.
final class ProgressPrinter: Sendable {
    private struct State {
        var stage = ""
        var began = ContinuousClock.now
        var doneAtStart = 0
        var lastShown: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// The handler to give to a service.
    var handler: ProgressHandler { { [self] in show($0) } }

    private func show(_ update: ProgressUpdate) {
        let line: String? = state.withLock { state in
            let now = ContinuousClock.now
            if state.stage != update.stage {
                state = State(stage: update.stage, began: now, doneAtStart: update.done)
            }
            let isLast = update.done >= update.total
            let pause: Duration = Terminal.isInteractive ? .milliseconds(100) : .seconds(5)
            if let last = state.lastShown, now - last < pause, !isLast { return nil }
            state.lastShown = now
            return text(update, began: state.began, doneAtStart: state.doneAtStart, now: now)
        }
        guard let line else { return }
        guard Terminal.isInteractive else { return Terminal.note(line) }
        Terminal.draw("\r\u{1B}[K\(line)\(update.done >= update.total ? "\n" : "")")
    }

    private func text(
        _ update: ProgressUpdate, began: ContinuousClock.Instant, doneAtStart: Int, now: ContinuousClock.Instant
    ) -> String {
        var parts = ["\(update.stage) \(update.done)/\(update.total)"]
        let worked = update.done - doneAtStart
        if worked > 0, update.done < update.total {
            let left = (now - began) / Double(worked) * Double(update.total - update.done)
            parts.append("\(ProgressPrinter.clock(left)) left")
        }
        if !update.detail.isEmpty { parts.append(update.detail) }
        return parts.joined(separator: " · ")
    }

    private static func clock(_ duration: Duration) -> String {
        let seconds = Int(duration.components.seconds)
        let (minutes, rest) = (seconds / 60, seconds % 60)
        return minutes > 0 ? "\(minutes) min \(rest) s" : "\(rest) s"
    }
}
