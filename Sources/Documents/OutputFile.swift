package import Errors
package import Foundation

/// Files that a person asked for by `--out`.
package enum OutputFile {
    /// Writes a file whole or not at all; what is there and is no regular file (a device, a pipe, a link to one) is
    /// written to as it is.
    ///
    /// - Throws: ``LaurelError`` of kind `environment` when the file cannot be written.
    package static func write(_ bytes: [UInt8], to url: URL) throws(LaurelError) {
        do {
            try Data(bytes).write(to: url, options: isFile(url) ? .atomic : [])
        } catch {
            throw LaurelError.environment(
                "a file cannot be written (\(error.localizedDescription))", at: url.path,
                next: "check the folder and the disk's free space")
        }
    }

    /// Whether a path is a regular file's, there or to be made.
    package static func isFile(_ url: URL) -> Bool {
        var status = stat()
        return lstat(url.path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
    }
}
