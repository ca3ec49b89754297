import Errors
package import Foundation
package import Postgres

/// The built command-line program with a home and a database of its own: what a person at a terminal has.
package struct LaurelProgram: Sendable {
    /// How a command ended and what it said.
    package struct Run: Sendable {
        package let status: Int32
        package let output: String
        package let errors: String

        /// The JSON document on stdout.
        package func json() throws -> Any {
            try JSONSerialization.jsonObject(with: Data(output.utf8), options: [.fragmentsAllowed])
        }

        /// The JSON array of objects on stdout.
        package func rows() throws -> [[String: Any]] { try json() as? [[String: Any]] ?? [] }
    }

    /// A folder for the test's files; the home is in it.
    package let folder: URL
    /// The home's database, as its administrator.
    package let database: Database
    private let program: URL
    private let environment: [String: String]

    /// The built program.
    ///
    /// - Throws: ``LaurelError`` when nothing says where it is.
    package static func executable() throws -> URL {
        guard let path = ProcessInfo.processInfo.environment["LAUREL_PROGRAM"] else {
            throw LaurelError.environment(
                "these tests need the built program", at: "LAUREL_PROGRAM", next: "run ops/test, or set its path")
        }
        return URL(filePath: path)
    }

    /// Runs a command that needs no home, in a folder of its own that holds the given files.
    package static func run(_ arguments: [String], files: [String: String] = [:]) async throws -> Run {
        try await withTemporaryDirectory { folder in
            for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
            return try await RunningProgram(try executable(), arguments, in: folder).end()
        }
    }

    /// Runs a test with an initialised home, and removes it and its database at the end.
    package static func withHome<T>(_ body: (LaurelProgram) async throws -> T) async throws -> T {
        let program = try executable()
        return try await withEmptyDatabase { url in
            try await withTemporaryDirectory { folder in
                var environment = ProcessInfo.processInfo.environment
                environment["LAUREL_HOME"] = folder.appending(path: "home").path
                environment["LAUREL_DATABASE_URL"] = url
                let laurel = LaurelProgram(
                    folder: folder, database: Database(url: url, role: nil, maxConnections: 1),
                    program: program, environment: environment)
                try await laurel.succeed("init", "--issuer", "Test House")
                let value = try await body(laurel)
                await laurel.database.closeIdleConnections()
                return value
            }
        }
    }

    /// Writes a file that commands read; its path.
    package func file(_ name: String, _ text: String) throws -> String {
        let url = folder.appending(path: name)
        try Data(text.utf8).write(to: url)
        return url.path
    }

    /// Runs a command to its end.
    @discardableResult
    package func run(_ arguments: String...) async throws -> Run { try await start(arguments).end() }

    /// Runs a command that has to end well.
    ///
    /// - Throws: ``LaurelError`` with what the command said when it does not.
    @discardableResult
    package func succeed(_ arguments: String...) async throws -> Run {
        let run = try await start(arguments).end()
        guard run.status == 0 else {
            throw LaurelError.checkFailed("status \(run.status): \(run.errors)", at: arguments.joined(separator: " "))
        }
        return run
    }

    /// Starts a command and comes back at once.
    package func start(_ arguments: [String]) throws -> RunningProgram {
        try RunningProgram(program, arguments, in: folder, environment: environment)
    }

    /// Starts a line of shell in the same surroundings; `$LAUREL_PROGRAM` is the program.
    package func startShell(_ line: String) throws -> RunningProgram {
        try RunningProgram(URL(filePath: "/bin/bash"), ["-c", line], in: folder, environment: environment)
    }
}

/// A program at work.
package final class RunningProgram: Sendable {
    private let process: Process
    private let output: URL
    private let errors: URL
    private let ends: AsyncStream<Int32>

    /// Starts a program whose words go to files, so that it never waits for a reader.
    package init(_ program: URL, _ arguments: [String], in folder: URL, environment: [String: String]? = nil) throws {
        let stem = folder.appending(path: "run-\(UUID().uuidString)").path
        (output, errors) = (URL(filePath: stem + ".out"), URL(filePath: stem + ".err"))
        for file in [output, errors] { try Data().write(to: file) }
        process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = folder
        if let environment { process.environment = environment }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        let (ends, end) = AsyncStream.makeStream(of: Int32.self)
        self.ends = ends
        process.terminationHandler = { process in
            end.yield(process.terminationStatus)
            end.finish()
        }
        try process.run()
    }

    /// Waits for the end.
    package func end() async throws -> LaurelProgram.Run {
        var status: Int32 = -1
        for await ended in ends { status = ended }
        return LaurelProgram.Run(status: status, output: try text(output), errors: try text(errors))
    }

    /// What it has said on stderr so far.
    package func errorsSoFar() throws -> String { try text(errors) }

    /// Ends it as a power cut would.
    package func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

    /// Asks it to stop, as Ctrl-C does.
    package func interrupt() { Foundation.kill(process.processIdentifier, SIGINT) }

    private func text(_ file: URL) throws -> String { String(decoding: try Data(contentsOf: file), as: UTF8.self) }
}
