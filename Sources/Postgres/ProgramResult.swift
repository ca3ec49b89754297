import Errors
import Foundation

/// How a program ended and what it said.
///
/// Through `posix_spawn`, because Foundation's `Process` waits until every descendant has closed the descriptors it
/// inherited, and a server that was started never does.
struct ProgramResult {
    let status: Int32
    let output: String

    var lastLine: String { output.split(separator: "\n").last.map(String.init) ?? "" }

    /// Runs a program to its end; blocks.
    init(running program: URL, _ arguments: [String], asPostgres: Bool) throws {
        let capture = FileManager.default.temporaryDirectory.appending(path: "laurel-\(UUID().uuidString)").path
        defer { unlink(capture) }
        let elsewhere = ["/usr/bin/env", "--chdir=/"]  // the server's user may not be allowed where the caller stands
        let switchUser = asPostgres ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : []
        let process = try ProgramResult.spawn(elsewhere + switchUser + [program.path] + arguments, capturing: capture)
        var ended: Int32 = 0
        while waitpid(process, &ended, 0) == -1, errno == EINTR {}
        status = ended & 0x7f == 0 ? (ended >> 8) & 0xff : 128 + (ended & 0x7f)
        output = String(decoding: try Data(contentsOf: URL(filePath: capture)), as: UTF8.self)
    }

    private static func spawn(_ command: [String], capturing capture: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, capture, O_CREAT | O_EXCL | O_WRONLY, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var arguments = command.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var process: pid_t = 0
        let failure = posix_spawn(&process, command[0], &actions, nil, &arguments, environ)
        guard failure == 0 else {
            throw LaurelError.environment(
                "cannot run a program (\(String(cString: strerror(failure))))", at: command[0], next: "run ops/setup")
        }
        return process
    }
}
