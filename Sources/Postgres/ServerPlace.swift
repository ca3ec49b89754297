import CLibPQ
import Documents
import Errors
import Foundation

/// Where a private server keeps its data and its socket, and the PostgreSQL programs that look after it.
struct ServerPlace {
    /// The cluster's data directory.
    let data: URL
    /// Says where the data is, relative to the home where it is in it; a home that was moved or copied finds it.
    private let record: URL
    private let isRecorded: Bool
    private let socketDirectory: String
    private let programs: URL
    private let isRoot = geteuid() == 0

    /// The server's log, rewritten by no one.
    var log: URL { data.appending(path: "laurel-server.log") }

    /// The connection string of Laurel's database.
    var url: String {
        let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~/"))
        let host = socketDirectory.addingPercentEncoding(withAllowedCharacters: allowed) ?? socketDirectory
        return "postgresql://laurel@/laurel?host=\(host)"
    }

    /// Options of the server process: no network, one private socket.
    var serverOptions: String {
        "-c listen_addresses='' -c unix_socket_permissions=0700 -c unix_socket_directories='\(socketDirectory)'"
    }

    init(home: URL) throws {
        programs = try ServerPlace.findPrograms()
        record = home.appending(path: "postgres.place")
        isRecorded = FileManager.default.fileExists(atPath: record.path)
        if isRecorded {
            let path = try String(contentsOf: record, encoding: .utf8).split(separator: "\n").first ?? ""
            data = path.hasPrefix("/") ? URL(filePath: String(path)) : home.appending(path: String(path))
        } else if geteuid() == 0, !ServerPlace.postgresCanReach(home) {
            data = URL(filePath: "/var/lib/laurel/\(UUID().uuidString.lowercased())/postgres")
        } else {
            data = home.appending(path: "postgres")
        }
        let digest = Digest.sha256(Array(data.path.utf8)).hex.prefix(16)
        // A socket's path ends after 107 characters; `.s.PGSQL.5432` takes the last of them.
        let beside = data.deletingLastPathComponent().appending(path: "socket").path
        let isPlain = beside.utf8.allSatisfy {
            $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "'") && $0 != UInt8(ascii: ",")
        }
        socketDirectory = beside.utf8.count < 90 && isPlain ? beside : "/tmp/laurel-\(geteuid())-\(digest)"
    }

    var exists: Bool { FileManager.default.fileExists(atPath: data.appending(path: "PG_VERSION").path) }

    /// Makes the cluster, with checksums, in one step: a half-made one is thrown away by the next start.
    ///
    /// - Throws: ``LaurelError`` of kind `environment` also when this home had a database and it is gone: an empty one in
    ///   its place would look like books without entries.
    func create() throws {
        guard !isRecorded else {
            throw LaurelError.environment(
                "the database of this home is gone", at: data.path, next: "restore it from the last backup")
        }
        let half = data.appendingPathExtension("new")
        let files = FileManager.default
        if files.fileExists(atPath: half.path) { try files.removeItem(at: half) }
        try makeDirectory(half.path)
        let made = try run(
            "initdb",
            [
                "-k", "-U", "laurel", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions",
                "-D", half.path,
            ])
        guard made.status == 0 else {
            // initdb ends by saying what it cleans up; what went wrong stands before.
            let said = made.output.split(separator: "\n").first { $0.contains("error:") || $0.contains("could not") }
            throw LaurelError.environment(
                "the database cannot be created (\(said.map(String.init) ?? made.lastLine))", at: data.path,
                next: "check the directory's owner and the free disk space")
        }
        try files.moveItem(at: half, to: data)
    }

    /// Writes down where the data is.
    func remember() throws {
        if isRecorded { return }
        let isInHome = data.deletingLastPathComponent().path == record.deletingLastPathComponent().path
        try Data("\(isInHome ? data.lastPathComponent : data.path)\n".utf8).write(to: record, options: .atomic)
    }

    /// Whether the server takes connections. Its process table entry says less: after `kill -9` it stays for a moment.
    var answers: Bool { PQping(url) == PQPING_OK }

    func isRunning() throws -> Bool { exists ? try run("pg_ctl", ["-D", data.path, "status"]).status == 0 : false }

    /// Orphans of a killed server hold its shared memory; the log says so for some seconds.
    var mayStillBeCleaningUp: Bool {
        ["shared memory block", "lock file", "pre-existing", "starting up"].contains { lastLogLines.contains($0) }
    }

    func control(_ arguments: [String], failing problem: String) throws {
        let before = logLength
        let result = try run("pg_ctl", ["-D", data.path] + arguments)
        guard result.status == 0 else {
            let lines = logText(from: before).split(separator: "\n")
            // Before the log has begun, the server's words carry no mark and may go over several lines.
            let marked = ["FATAL:", "PANIC:", "ERROR:"].compactMap { mark in
                lines.last { $0.contains(mark) }.flatMap { line in
                    line.firstRange(of: mark).map { line[$0.lowerBound...] }
                }
            }
            let said =
                marked.first.map(String.init)
                ?? (lines.isEmpty ? result.lastLine : oneLine(lines.suffix(3).joined(separator: " ")))
            throw LaurelError.environment(
                "\(problem) (\(said))", at: log.path, next: "mend what the log says, then run the same command again")
        }
    }

    func createDatabase() throws {
        let there = try run("psql", connection + ["-Atc", "SELECT 1 FROM pg_database WHERE datname = 'laurel'"])
        if there.status == 0, there.lastLine == "1" { return }
        let made = try run("createdb", Array(connection.dropLast(2)) + ["laurel"])
        guard made.status == 0 else {
            throw LaurelError.environment(
                "Laurel's database cannot be made (\(made.lastLine))", at: log.path, next: "mend what the log says")
        }
    }

    func makeSocketDirectory() throws { try makeDirectory(socketDirectory) }

    private var connection: [String] { ["-h", socketDirectory, "-U", "laurel", "-d", "postgres"] }

    private var lastLogLines: String { logText(from: logLength > 4096 ? logLength - 4096 : 0) }

    /// The size of the log now; what follows is what the next command said.
    private var logLength: UInt64 { FileHandle(forReadingAtPath: log.path)?.seekToEndOfFile() ?? 0 }

    private func logText(from offset: UInt64) -> String {
        guard let file = FileHandle(forReadingAtPath: log.path) else { return "" }
        file.seek(toFileOffset: offset)
        return String(decoding: file.readDataToEndOfFile(), as: UTF8.self)
    }

    /// A directory that only the server's user can enter.
    private func makeDirectory(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(
                at: URL(filePath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            if isRoot { try FileManager.default.setAttributes([.ownerAccountName: "postgres"], ofItemAtPath: path) }
        } catch {
            throw LaurelError.environment(
                "cannot make a directory (\(error.localizedDescription))", at: path,
                next: "check its owner and the free disk space")
        }
        // A name in /tmp can be guessed: a folder that somebody else put there must not get our socket.
        let owner = isRoot ? getpwnam("postgres")?.pointee.pw_uid : geteuid()
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == owner,
            status.st_mode & 0o077 == 0
        else {
            throw LaurelError.environment(
                "a directory of the database belongs to somebody else or is open to others", at: path,
                next: "move it away and run the same command again")
        }
    }

    private func run(_ program: String, _ arguments: [String]) throws -> ProgramResult {
        try ProgramResult(running: programs.appending(path: program), arguments, asPostgres: isRoot)
    }

    private static func postgresCanReach(_ home: URL) -> Bool {
        var directory = home
        while directory.path != "/" {
            var status = stat()
            if stat(directory.path, &status) == 0, status.st_mode & S_IXOTH == 0 { return false }
            directory.deleteLastPathComponent()
        }
        return true
    }

    private static func findPrograms() throws -> URL {
        let versions = URL(filePath: "/usr/lib/postgresql")
        let files = FileManager.default
        let names = files.fileExists(atPath: versions.path) ? try files.contentsOfDirectory(atPath: versions.path) : []
        let newestFirst = names.compactMap(Int.init).sorted(by: >).map { versions.appending(path: "\($0)/bin") }
        guard
            let found = newestFirst.first(where: { files.isExecutableFile(atPath: $0.appending(path: "pg_ctl").path) })
        else {
            throw LaurelError.environment(
                "no PostgreSQL server is installed", at: versions.path, next: "run ops/setup, or name a --database-url")
        }
        return found
    }
}
