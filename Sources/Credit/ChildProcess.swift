import Errors
import Foundation
import Glibc
import Synchronization

/// A child process that is spoken to in lines, with a deadline on every exchange.
///
/// It leads a process group of its own: Ctrl-C on the terminal does not reach it, so that the evaluation under way can
/// be finished and stored, and ``kill()`` reaches everything it started. Its stderr is ours.
final class ChildProcess {
    private let pid: pid_t
    private let input: Int32
    private let output: Int32
    private var buffer: [UInt8] = []
    private var isReaped = false

    /// Starts a command through `/bin/sh -c`.
    ///
    /// - Throws: ``LaurelError`` of kind `environment` when no process can be started.
    init(command: String) throws(LaurelError) {
        let started = try ChildProcess.starting.withLock { _ throws(LaurelError) in
            try ChildProcess.start(command)
        }
        (pid, input, output) = started
        _ = fcntl(input, F_SETFL, O_NONBLOCK)
    }

    deinit {
        kill()
        close(input)
        close(output)
    }

    /// Two workers never start children at the same time: between making a pipe and marking it close-on-exec, a child of
    /// the other would inherit it, and hold it open after its owner has gone.
    private static let starting = Mutex(())

    private static func start(
        _ command: String
    ) throws(LaurelError) -> (pid: pid_t, input: Int32, output: Int32) {
        // A child that ends while it is written to fails that write; it must not end this process.
        signal(SIGPIPE, SIG_IGN)
        let toChild = try makePipe()
        let fromChild: [Int32]
        do {
            fromChild = try makePipe()
        } catch {
            toChild.forEach { _ = close($0) }
            throw error
        }
        let (status, pid) = spawn(command, stdin: toChild[0], stdout: fromChild[1])
        close(toChild[0])
        close(fromChild[1])
        guard status == 0 else {
            close(toChild[1])
            close(fromChild[0])
            throw systemError("start of /bin/sh", status)
        }
        return (pid, toChild[1], fromChild[0])
    }

    private static func makePipe() throws(LaurelError) -> [Int32] {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw systemError("pipe", errno) }
        ends.forEach { _ = fcntl($0, F_SETFD, FD_CLOEXEC) }
        return ends
    }

    private static func spawn(_ command: String, stdin: Int32, stdout: Int32) -> (status: Int32, pid: pid_t) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, stdin, 0)
        posix_spawn_file_actions_adddup2(&actions, stdout, 1)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The command line ignores SIGPIPE and SIGINT; a child must not inherit that.
        var defaults = sigset_t()
        sigemptyset(&defaults)
        [SIGINT, SIGTERM, SIGPIPE].forEach { _ = sigaddset(&defaults, $0) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP) | Int16(POSIX_SPAWN_SETSIGDEF))

        let arguments =
            ["/bin/sh", "-c", command].map { (text: String) -> UnsafeMutablePointer<CChar>? in strdup(text) } + [nil]
        defer { arguments.forEach { free($0) } }
        var pid = pid_t()
        let status = posix_spawn(&pid, "/bin/sh", &actions, &attributes, arguments, environ)
        return (status, pid)
    }

    /// Ends the process and everything it started, and collects it. Safe to repeat.
    func kill() {
        guard !isReaped else { return }
        isReaped = true
        _ = Glibc.kill(-pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) == -1 && errno == EINTR {}
    }

    /// Writes a whole line before the deadline.
    func write(_ line: [UInt8], deadline: ContinuousClock.Instant) throws(EvaluationFailure) {
        var sent = 0
        while sent < line.count {
            try wait(for: Int16(POLLOUT), on: input, deadline: deadline)
            let count = line[sent...].withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
            if count < 0 {
                guard errno == EAGAIN || errno == EINTR else { throw ended() }
            } else {
                sent += count
            }
        }
    }

    /// The next line without its end, before the deadline.
    func readLine(deadline: ContinuousClock.Instant) throws(EvaluationFailure) -> [UInt8] {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(buffer[..<end])
                buffer.removeSubrange(...end)
                return line
            }
            guard buffer.count <= EvaluatorProtocol.longestLine else {
                throw EvaluationFailure("evaluator wrote a line of more than \(EvaluatorProtocol.longestLine) bytes")
            }
            try wait(for: Int16(POLLIN), on: output, deadline: deadline)
            var piece = [UInt8](repeating: 0, count: 65_536)
            let count = read(output, &piece, piece.count)
            if count == 0 { throw ended() }
            if count < 0 {
                guard errno == EINTR else { throw ended() }
            } else {
                buffer.append(contentsOf: piece.prefix(count))
            }
        }
    }

    private func wait(for event: Int16, on file: Int32, deadline: ContinuousClock.Instant) throws(EvaluationFailure) {
        var watched = pollfd(fd: file, events: event, revents: 0)
        while true {
            let left = deadline - ContinuousClock.now
            guard left > .zero else { throw EvaluationFailure("evaluator did not answer in time") }
            let milliseconds = min(left / .milliseconds(1), 60_000).rounded(.up)
            if poll(&watched, 1, Int32(milliseconds)) > 0 { return }
        }
    }

    /// The failure that tells how the process ended.
    private func ended() -> EvaluationFailure {
        var status: Int32 = 0
        // It closed its side; give it a moment to leave by itself, so that its own exit status can be told.
        for _ in 0..<50 where !isReaped {
            if waitpid(pid, &status, WNOHANG) == pid {
                isReaped = true
                _ = Glibc.kill(-pid, SIGKILL)
            } else {
                usleep(2000)
            }
        }
        guard isReaped else { return EvaluationFailure("evaluator closed its output") }
        let signal = status & 0x7F
        return EvaluationFailure(
            signal == 0 ? "evaluator left with status \(status >> 8 & 0xFF)" : "evaluator was ended by signal \(signal)"
        )
    }

    private static func systemError(_ what: String, _ code: Int32) -> LaurelError {
        .environment(
            "\(what) failed: \(String(cString: strerror(code)))", at: "evaluator", next: "free processes or open files")
    }
}
