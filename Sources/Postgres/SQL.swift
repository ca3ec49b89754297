/// A statement with its parameters kept apart: interpolated values are bound as `$1`, `$2` …, never spliced in.
///
/// ```swift
/// let rows = try await connection.query("SELECT id FROM registry.party WHERE kind = \(kind)")
/// ```
/// Parameters carry no type: PostgreSQL infers it from the place where they stand, so a text may be bound to a `jsonb`,
/// `date` or `numeric` place. Where nothing tells (`unnest($1)`), cast: `unnest(\(ids)::text[])`.
package struct SQL: ExpressibleByStringInterpolation, Sendable {
    enum Segment: Sendable {
        case text(String)
        case binding(Binding)
    }

    /// Text and bindings in order of writing; numbered only when rendered, so that statements can be put into each other.
    let segments: [Segment]

    package init(stringLiteral value: String) {
        segments = [.text(value)]
    }

    package init(stringInterpolation: Interpolation) {
        segments = stringInterpolation.segments
    }

    /// The text that goes to the server, with `$n` for each binding, and the bindings in that order.
    var rendered: (text: String, bindings: [Binding]) {
        var text = ""
        var bindings: [Binding] = []
        for segment in segments {
            switch segment {
            case .text(let part):
                text += part
            case .binding(let binding):
                bindings.append(binding)
                text += "$\(bindings.count)"
            }
        }
        return (text, bindings)
    }

    /// Collects the parts of an interpolated statement.
    package struct Interpolation: StringInterpolationProtocol {
        var segments: [Segment] = []

        package init(literalCapacity: Int, interpolationCount: Int) {
            segments.reserveCapacity(2 * interpolationCount + 1)
        }

        package mutating func appendLiteral(_ literal: String) {
            segments.append(.text(literal))
        }

        /// Binds a value as the next parameter.
        package mutating func appendInterpolation(_ value: some PostgresValue) {
            segments.append(.binding(value.binding))
        }

        /// Binds a value as the next parameter, NULL for nil.
        package mutating func appendInterpolation<Value: PostgresValue>(_ value: Value?) {
            segments.append(.binding(value.binding))
        }

        /// Puts another statement, with its parameters, in this place.
        package mutating func appendInterpolation(_ part: SQL) {
            segments += part.segments
        }

        /// Puts a quoted identifier: `\(identifier: "party")` becomes `"party"`.
        package mutating func appendInterpolation(identifier: String) {
            segments.append(.text(SQL.quoted(identifier: identifier)))
        }

        /// Puts text as it is. Only for constants of the program, never for what came from outside.
        package mutating func appendInterpolation(raw text: String) {
            segments.append(.text(text))
        }
    }

    /// An identifier in double quotes, the quotes inside doubled.
    static func quoted(identifier: String) -> String {
        "\"" + identifier.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    /// A possibly qualified name such as `registry.item`, each part quoted.
    static func quoted(qualifiedName: String) -> String {
        qualifiedName.split(separator: ".", omittingEmptySubsequences: false)
            .map { quoted(identifier: String($0)) }.joined(separator: ".")
    }
}
