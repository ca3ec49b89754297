/// What went wrong, where, and what to do next: the one error that reaches a person.
///
/// Every layer throws it for what data or the outside can cause; programmer errors are preconditions. The command
/// line prints ``description`` on one line behind `laurel: ` and leaves with ``Kind/exitStatus``.
package struct LaurelError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The five ways in which a command can fail, as the command-line contract names them.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A check or a verification found a failure.
        case checkFailed
        /// Unusable input: arguments or files; nothing was changed.
        case input
        /// There is no trusted root to verify against.
        case untrusted
        /// Refused by state: a closed period, a missing approval, a run already under way.
        case refused
        /// The environment failed: database unreachable, disk full, library missing.
        case environment
        /// Interrupted by a person; the same command resumes.
        case interrupted

        /// The exit status of the command line.
        package var exitStatus: Int32 {
            switch self {
            case .checkFailed: 1
            case .input: 2
            case .untrusted: 3
            case .refused: 4
            case .environment: 5
            case .interrupted: 130
            }
        }
    }

    /// Which of the five ways.
    package let kind: Kind
    /// What went wrong, as a clause without a full stop.
    package let problem: String
    /// Where: `file:line:column`, an id, a path.
    package let place: String?
    /// What to do next, as an instruction.
    package let remedy: String?

    /// An error of any kind; the factories below read better at the throw site.
    package init(_ kind: Kind, _ problem: String, at place: String? = nil, next remedy: String? = nil) {
        self.kind = kind
        self.problem = problem
        self.place = place
        self.remedy = remedy
    }

    /// `what went wrong: where: what to do next`, always on one line.
    package var description: String {
        [problem, place, remedy].compactMap { $0 }.joined(separator: ": ")
            .split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    /// Unusable input (exit status 2).
    package static func input(_ problem: String, at place: String? = nil, next remedy: String? = nil) -> LaurelError {
        LaurelError(.input, problem, at: place, next: remedy)
    }

    /// Refused by state (exit status 4).
    package static func refused(_ problem: String, at place: String? = nil, next remedy: String? = nil) -> LaurelError {
        LaurelError(.refused, problem, at: place, next: remedy)
    }

    /// The environment failed (exit status 5).
    package static func environment(
        _ problem: String, at place: String? = nil, next remedy: String? = nil
    ) -> LaurelError {
        LaurelError(.environment, problem, at: place, next: remedy)
    }

    /// A check or verification failed (exit status 1).
    package static func checkFailed(
        _ problem: String, at place: String? = nil, next remedy: String? = nil
    ) -> LaurelError {
        LaurelError(.checkFailed, problem, at: place, next: remedy)
    }
}
