import Documents
package import Errors
package import Foundation

/// The files that a payee gets and can check alone: one directory, or a ZIP of it.
package struct StatementBundle: Sendable {
    /// The names of the files: those that the command line's contract lists, two keys more that `verify.sh` needs, and
    /// two proofs more for what the run and the log say to everybody.
    package enum Name {
        package static let statement = "statement.json"
        package static let html = "statement.html"
        package static let csv = "statement.csv"
        package static let manifest = "manifest.json"
        package static let keyring = "keyring.json"
        package static let sumProof = "sumproof.txt"
        package static let logProof = "statement.tlog-proof"
        package static let manifestLogProof = "manifest.tlog-proof"
        package static let logHistory = "log-history.txt"
        package static let issuerKey = "issuer.pub.pem"
        package static let rootKey = "root.pub.pem"
        package static let logKey = "log.pub.pem"
        package static let script = "verify.sh"
        package static let readme = "README.txt"

        /// The detached signature of a file.
        package static func signature(of name: String) -> String { name + ".sig" }
    }

    /// Contents by file name.
    package let files: [String: [UInt8]]

    package init(files: [String: [UInt8]]) {
        self.files = files
    }

    /// Reads a directory or a ZIP archive. A directory inside the archive that holds everything is looked through.
    ///
    /// - Throws: ``LaurelError`` of kind `input` when there is no such bundle.
    package init(at url: URL) throws(LaurelError) {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else {
            throw LaurelError.input("no such bundle", at: url.path, next: "give the bundle's directory or its ZIP")
        }
        files = try isDirectory.boolValue ? Self.directory(url) : Self.archive(url)
        guard files[Name.statement] != nil else {
            throw LaurelError.input("bundle has no \(Name.statement)", at: url.path)
        }
    }

    /// Writes the files into a directory, which is made when missing. Files are replaced whole, never left half written.
    ///
    /// - Throws: ``LaurelError`` of kind `environment` when the directory cannot be written.
    package func write(to directory: URL) throws(LaurelError) {
        do {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            for (name, content) in files {
                let file = directory.appending(path: name)
                try Data(content).write(to: file, options: .atomic)
                if name == Name.script {
                    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
                }
            }
        } catch {
            throw LaurelError.environment(
                "bundle cannot be written", at: directory.path, next: "check the disk's space and the permissions")
        }
    }

    private static func directory(_ url: URL) throws(LaurelError) -> [String: [UInt8]] {
        do {
            var files: [String: [UInt8]] = [:]
            let names = try FileManager.default.contentsOfDirectory(
                at: url, includingPropertiesForKeys: [.isRegularFileKey, .fileSizeKey])
            for file in names {
                let values = try file.resourceValues(forKeys: [.isRegularFileKey, .fileSizeKey])
                // What is larger than any file of a bundle is not read.
                guard values.isRegularFile == true, values.fileSize ?? 0 <= ZipReader.maximumTotal else { continue }
                files[file.lastPathComponent] = [UInt8](try Data(contentsOf: file))
            }
            return files
        } catch {
            throw LaurelError.input("bundle cannot be read", at: url.path, next: "check its permissions")
        }
    }

    private static func archive(_ url: URL) throws(LaurelError) -> [String: [UInt8]] {
        let bytes: [UInt8]
        do {
            bytes = [UInt8](try Data(contentsOf: url))
        } catch {
            throw LaurelError.input("bundle cannot be read", at: url.path, next: "check its permissions")
        }
        let files = try ZipReader.files(in: bytes, name: url.lastPathComponent)
        let statements = files.keys.filter { $0 == Name.statement || $0.hasSuffix("/" + Name.statement) }
        guard statements.count == 1, let statement = statements.first else {
            throw LaurelError.input("archive holds \(statements.count) statements, not one", at: url.path)
        }
        let prefix = String(statement.dropLast(Name.statement.count))
        let inside = files.filter { $0.key.hasPrefix(prefix) }
        return Dictionary(uniqueKeysWithValues: inside.map { (String($0.key.dropFirst(prefix.count)), $0.value) })
    }
}
