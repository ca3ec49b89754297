import Foundation
import TestSupport

/// Four contributors' pictures, and the evaluator whose answers are known.
enum Gallery {
    static let artists = ["ada", "bob", "cyd", "dot"]

    /// - Parameters:
    ///   - noise: the standard deviation of the values' noise.
    ///   - gate: a file that has to be there before a worker evaluates more than two coalitions.
    static func evaluator(noise: Double = 0, gate: String = "/") -> String {
        let script = Bundle.module.bundleURL.appending(path: "Fixtures/evaluator.py").path
        return "exec python3 '\(script)' \(noise) '\(gate)'"
    }

    /// Writes two pictures for each artist and a manifest, and says where it is.
    static func hang(in folder: URL) throws -> String {
        var lines = ["path,contributor,licence,title"]
        for (number, artist) in artists.enumerated() {
            for picture in 0..<2 {
                let name = "\(artist)-\(picture).ppm"
                let pixels = (0..<48).map { UInt8(truncatingIfNeeded: $0 * 5 + number * 67 + picture * 31) }
                try Data(Array("P6\n4 4\n255\n".utf8) + pixels).write(to: folder.appending(path: name))
                lines.append("\(name),\(artist),CC0-1.0,\(artist) \(picture)")
            }
        }
        let manifest = folder.appending(path: "gallery.csv")
        try Data(lines.joined(separator: "\n").utf8).write(to: manifest)
        return manifest.path
    }

    /// What `credit run` is told, apart from the command itself.
    static func creditRun(noise: Double = 0, gate: String = "/", estimator: String = "exact") -> [String] {
        [
            "credit", "run", "--period", "2026-10", "--evaluator", evaluator(noise: noise, gate: gate),
            "--property", "gift", "--coalitions", "14", "--duplicates", "2", "--end-repeats", "2", "--workers", "2",
            "--estimator", estimator,
        ]
    }
}
