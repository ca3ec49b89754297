import ArgumentParser
import Dispatch
import Errors
import Foundation
import Postgres

/// The process: runs one command, turns what it throws into one line and the exit status of the contract.
@main
enum Program {
    static func main() async {
        // A reader that goes away (`| head`) is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        let command = Task { try await run() }
        let interrupts = cancelOnInterrupt(command)
        defer { interrupts.forEach { $0.cancel() } }
        switch await command.result {
        case .success: exit(0)
        case .failure(let error): leave(because: error)
        }
    }

    private static func run() async throws {
        var command = try Laurel.parseAsRoot()
        if var asynchronous = command as? any AsyncParsableCommand {
            try await asynchronous.run()
        } else {
            try command.run()
        }
    }

    /// The first Ctrl-C (or SIGTERM) asks the command to stop after the step under way; the second stops at once.
    private static func cancelOnInterrupt(_ command: Task<Void, any Error>) -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if command.isCancelled { _exit(LaurelError.Kind.interrupted.exitStatus) }
                Terminal.note("stopping after the step under way; once more to stop at once")
                command.cancel()
            }
            source.resume()
            return source
        }
    }

    private static func leave(because error: any Error) -> Never {
        switch error {
        case let error as LaurelError:
            leave(error)
        case let error as PostgresError:
            leave(error.asLaurelError())
        case let error as CocoaError:
            leave(
                .environment(
                    "a file cannot be read or written (\(error.localizedDescription))", at: error.filePath,
                    next: "check its permissions and the free disk space, then run the same command again"))
        case is CancellationError:
            Terminal.note("interrupted: the same command resumes")
            exit(LaurelError.Kind.interrupted.exitStatus)
        default:
            leaveFromParser(error)
        }
    }

    private static func leave(_ error: LaurelError) -> Never {
        Terminal.note(error.description)
        exit(error.kind.exitStatus)
    }

    /// Help and version leave with 0 on stdout; unusable arguments are one line and status 2, like every bad input.
    private static func leaveFromParser(_ error: any Error) -> Never {
        if Laurel.exitCode(for: error) == .success {
            Terminal.put(Laurel.fullMessage(for: error))
            exit(0)
        }
        if error is ValidationError || Laurel.exitCode(for: error) == .validationFailure {
            let message = Laurel.message(for: error).split(whereSeparator: \.isNewline).joined(separator: " ")
            Terminal.note("\(message): see laurel --help, or laurel NOUN VERB --help")
            exit(LaurelError.Kind.input.exitStatus)
        }
        Terminal.note("\(error)".split(whereSeparator: \.isNewline).joined(separator: " "))
        exit(LaurelError.Kind.environment.exitStatus)
    }
}
