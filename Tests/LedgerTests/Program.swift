import Errors
import Foundation
import Postgres
import TestSupport

/// The `laurel` program with a home of its own, run as people run it.
struct Program: Sendable {
    /// What a run left behind.
    struct Answer: Sendable {
        let status: Int32
        let output: String
        let complaint: String
    }

    let home: URL
    let databaseURL: String

    /// A folder for files that commands read and write.
    func file(_ name: String, _ text: String) throws -> String {
        let url = home.appending(path: name)
        try Data(text.utf8).write(to: url)
        return url.path
    }

    /// Starts the program without waiting for it.
    func start(_ arguments: [String]) throws -> (process: Process, output: URL, complaint: URL) {
        guard let path = ProcessInfo.processInfo.environment["LAUREL_PROGRAM"] else {
            throw LaurelError.environment(
                "these tests run the program", at: "LAUREL_PROGRAM", next: "set it to the built laurel, or run ops/test"
            )
        }
        let stem = home.appending(path: "run-\(UUID().uuidString)")
        let files = (stem.appendingPathExtension("out"), stem.appendingPathExtension("err"))
        for file in [files.0, files.1] { try Data().write(to: file) }
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["LAUREL_HOME": home.path, "LAUREL_DATABASE_URL": databaseURL], uniquingKeysWith: { $1 })
        process.standardOutput = try FileHandle(forWritingTo: files.0)
        process.standardError = try FileHandle(forWritingTo: files.1)
        try process.run()
        return (process, files.0, files.1)
    }

    /// Runs the program to its end.
    func run(_ arguments: String...) throws -> Answer {
        let (process, output, complaint) = try start(arguments)
        process.waitUntilExit()
        return Answer(
            status: process.terminationStatus, output: try String(contentsOf: output, encoding: .utf8),
            complaint: try String(contentsOf: complaint, encoding: .utf8))
    }

    /// Runs the program, which must succeed, and returns what it printed.
    @discardableResult
    func done(_ arguments: String...) throws -> String {
        let (process, output, complaint) = try start(arguments)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw LaurelError.environment(
                "laurel \(arguments.joined(separator: " ")) failed",
                at: try String(contentsOf: complaint, encoding: .utf8))
        }
        return try String(contentsOf: output, encoding: .utf8)
    }
}

/// Runs a test with the program on fresh books.
func withProgram<T>(_ body: (Program) async throws -> T) async throws -> T {
    try await withDatabase { database in
        try await withTemporaryDirectory { home in
            let program = Program(home: home, databaseURL: database.url)
            try program.done("init", "--issuer", "Test", "--currency", "USD")
            return try await body(program)
        }
    }
}
