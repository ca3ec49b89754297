import Foundation

/// The two streams a person reads: results on stdout, everything else on stderr.
enum Terminal {
    /// Whether stderr is a terminal, so that a progress line may be redrawn in place.
    static let isInteractive = isatty(STDERR_FILENO) == 1

    /// One line on stderr behind `laurel: `.
    static func note(_ message: String) {
        FileHandle.standardError.write(Data("laurel: \(message)\n".utf8))
    }

    /// Raw text on stderr, for the progress line.
    static func draw(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
