import Errors
import Foundation
import Postgres
import TestSupport
import Testing

/// An issuer with a home and a database of its own, worked from the command line as a person would.
struct Office {
    /// What a command left behind.
    struct Answer {
        let status: Int32
        let output: String
        let errors: String

        /// The output as JSON: rows, or one record.
        func rows() throws -> [[String: Any]] {
            try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [[String: Any]])
        }
    }

    let folder: URL
    let database: Database
    var home: URL { folder.appending(path: "home") }
    var keys: URL { home.appending(path: "keys") }

    /// Opens an office in which ada and ben share 1,000.00 USD of each month, 3 to 2.
    static func open(months: [String], _ body: (Office) async throws -> Void) async throws {
        try await withDatabase(role: nil) { database in
            try await TestSupport.withTemporaryDirectory { folder in
                let office = Office(folder: folder, database: database)
                try office.done("init", "--issuer", "Éditions Laurel")
                try office.done("contributor", "add", "ada", "--name", "Ada Lovelace")
                try office.done("contributor", "add", "ben", "--name", "Ben")
                try Data("contributor,weight\nada,3\nben,2\n".utf8).write(to: folder.appending(path: "w.csv"))
                for month in months {
                    try office.done(
                        "revenue", "add", "--period", month, "--amount", "1000.00", "--currency", "USD", "--source",
                        "shop", "--ref", "ref-\(month)")
                    try office.done("allocate", "--period", month, "--weights", folder.appending(path: "w.csv").path)
                }
                try await body(office)
            }
        }
    }

    /// Runs a command to its end.
    func laurel(_ arguments: String...) throws -> Answer { try answer(to: start(arguments)) }

    /// Runs a command that must succeed and gives its output.
    @discardableResult
    func done(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> Answer {
        let answer = try answer(to: start(arguments))
        try #require(answer.status == 0, "\(arguments): \(answer.errors)", sourceLocation: sourceLocation)
        return answer
    }

    /// Starts a command, for several at the same time.
    func start(_ arguments: [String]) throws -> (process: Process, output: URL) {
        guard let program = ProcessInfo.processInfo.environment["LAUREL_PROGRAM"] else {
            throw LaurelError.environment(
                "these tests need the program", at: "LAUREL_PROGRAM",
                next: "export LAUREL_PROGRAM=$(ops/build --path)/laurel, or run ops/test")
        }
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["LAUREL_HOME": home.path, "LAUREL_DATABASE_URL": database.url]
        ) { $1 }
        let output = folder.appending(path: "output-\(UUID().uuidString)")
        for name in ["out", "err"] {
            try Data().write(to: output.appendingPathExtension(name))
        }
        process.standardOutput = try FileHandle(forWritingTo: output.appendingPathExtension("out"))
        process.standardError = try FileHandle(forWritingTo: output.appendingPathExtension("err"))
        try process.run()
        return (process, output)
    }

    /// Waits for a command that was started.
    func answer(to running: (process: Process, output: URL)) throws -> Answer {
        running.process.waitUntilExit()
        return Answer(
            status: running.process.terminationStatus,
            output: try String(contentsOf: running.output.appendingPathExtension("out"), encoding: .utf8),
            errors: try String(contentsOf: running.output.appendingPathExtension("err"), encoding: .utf8))
    }

    /// A path in the office's folder.
    func path(_ name: String) -> String { folder.appending(path: name).path }

    /// The fingerprint of the key that signs for a use now.
    func activeKey(_ use: String) throws -> String {
        let keys = try done("keys", "list", "--format", "json").rows()
        let key = keys.last { $0["use"] as? String == use && $0["state"] as? String == "active" }
        return try #require(key?["kid"] as? String)
    }
}
