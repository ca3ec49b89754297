internal import Errors
import Foundation

/// Reads a recipe strictly: every key must be known, what is missing comes from the defaults.
enum RecipeReader {
    static func read(_ data: Data, at place: String) throws(LaurelError) -> Recipe {
        do {
            let object = try JSONSerialization.jsonObject(with: data)
            let defaults = try JSONSerialization.jsonObject(with: Recipe().encoded())
            let merged = try merge(object, over: defaults, path: "", at: place)
            return try JSONDecoder().decode(Recipe.self, from: JSONSerialization.data(withJSONObject: merged))
        } catch let error as LaurelError {
            throw error
        } catch let error as DecodingError {
            throw .input(describe(error), at: place, next: "correct the recipe")
        } catch {
            throw .input("the recipe is not JSON", at: place, next: "write one JSON object")
        }
    }

    private static func merge(_ given: Any, over defaults: Any, path: String, at place: String) throws -> Any {
        guard let known = defaults as? [String: Any] else { return given }
        guard let object = given as? [String: Any] else {
            throw LaurelError.input(
                "\(path.isEmpty ? "the recipe" : path) is not an object", at: place, next: "write one JSON object")
        }
        if path == "architecture.widths" { return object }
        var result = known
        for (key, value) in object.sorted(by: { $0.key < $1.key }) {
            let inner = path.isEmpty ? key : "\(path).\(key)"
            guard let fallback = known[key] else {
                throw LaurelError.input(
                    "unknown key \(inner)", at: place,
                    next: "known here: \(known.keys.sorted().joined(separator: ", "))")
            }
            result[key] = try merge(value, over: fallback, path: inner, at: place)
        }
        return result
    }

    private static func describe(_ error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
            .dataCorrupted(let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return "\(path.isEmpty ? "the recipe" : path) has an impossible value"
        @unknown default:
            return "the recipe cannot be read"
        }
    }
}
