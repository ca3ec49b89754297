internal import Yams

/// Where the members of a recipe stand in the file that they were read from, for messages.
package struct RecipePlaces: Sendable {
    private let file: String
    private var marks: [String: Mark] = [:]

    /// Of a recipe that was in no file of its own: everything is at `file`.
    package init(file: String) { self.file = file }

    /// Remembers where the member at `path`, such as `training.steps`, was written.
    mutating func set(_ path: String, _ mark: Mark?) { marks[path] = mark }

    /// `file:line:column` of a member, of what it is in when it was left out, or the file.
    package func of(_ path: String) -> String {
        var parts = path.split(separator: ".")
        while !parts.isEmpty {
            if let mark = marks[parts.joined(separator: ".")] { return at(mark) }
            parts.removeLast()
        }
        return file
    }

    /// `file:line:column`, both counted from 1.
    func at(_ mark: Mark?) -> String { mark.map { "\(file):\($0.line):\($0.column)" } ?? file }
}
