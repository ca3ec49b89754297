internal import Errors
import Foundation
internal import Yams

/// Reads a recipe strictly: every key must be known, every value of the kind that the default has, and what is missing
/// comes from the defaults.
///
/// JSON is read as the part of YAML that it is, so that one reader knows lines and columns of both; what a file may hold is
/// JSON's in both: numbers and words as JSON writes them, no key twice.
struct RecipeReader {
    /// A recipe has a few hundred bytes; nobody means to read much more.
    private static let largest = 1 << 20

    private var places: RecipePlaces

    /// The recipe in `data` and where its members stand; YAML when `place` ends in `.yaml` or `.yml`, else JSON.
    static func read(_ data: Data, at place: String) throws(LaurelError) -> (Recipe, RecipePlaces) {
        var reader = RecipeReader(places: RecipePlaces(file: place))
        let isYAML = [".yaml", ".yml"].contains { place.lowercased().hasSuffix($0) }
        let root = try reader.root(data, isYAML: isYAML, at: place)
        let merged = try reader.merge(root, over: Recipe(), path: "")
        do {
            let text = try JSONSerialization.data(withJSONObject: merged)
            return (try JSONDecoder().decode(Recipe.self, from: text), reader.places)
        } catch {
            throw .input("the recipe cannot be read", at: place, next: "compare it with the sample of the manual")
        }
    }

    private func root(_ data: Data, isYAML: Bool, at place: String) throws(LaurelError) -> Node {
        let (language, remedy) = isYAML ? ("YAML", "write one mapping in YAML") : ("JSON", "write one JSON object")
        guard data.count <= RecipeReader.largest, let text = String(validating: data, as: UTF8.self) else {
            throw .input("the recipe is not text in UTF-8 of at most a megabyte", at: place, next: remedy)
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw syntax(error, language, remedy, at: place)
        } catch {
            throw .input("the recipe is not \(language)", at: place, next: remedy)
        }
        guard let node else { throw .input("the recipe is empty", at: place, next: remedy) }
        if !isYAML {
            do {
                _ = try JSONSerialization.jsonObject(with: data, options: [.fragmentsAllowed])
            } catch {
                throw .input(
                    "the recipe is not JSON", at: place, next: "write one JSON object, or name a YAML file .yaml")
            }
        }
        return node
    }

    private func syntax(_ error: YamlError, _ language: String, _ remedy: String, at place: String) -> LaurelError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            .input("the recipe is not \(language) (\(problem))", at: places.at(mark), next: remedy)
        case .duplicatedKeysInMapping(let keys, let context):
            .input(
                "key \(keys.sorted().joined(separator: ", ")) is given twice", at: places.at(context.mark),
                next: "remove one of them")
        default:
            .input("the recipe is not \(language)", at: place, next: remedy)
        }
    }

    /// What `node` says, as ``JSONSerialization`` has it, with the members that it leaves out taken from `fallback`.
    private mutating func merge(_ node: Node, over fallback: Any, path: String) throws(LaurelError) -> Any {
        places.set(path, node.mark)
        switch fallback {
        case is Bool: return try scalar(node, path, "true or false") { Bool($0) }
        case is Int: return try scalar(node, path, "a whole number") { Int($0) }
        case is Double:
            return try scalar(node, path, "a number") { text in Double(text).flatMap { $0.isFinite ? $0 : nil } }
        case let choice as any RecipeChoice:
            return try self.choice(node, path, type(of: choice).names)
        case is [Int]:
            guard case .sequence(let elements) = node else { throw wrong(node, path, "a list of whole numbers") }
            var numbers: [Any] = []
            for (index, element) in elements.enumerated() {
                numbers.append(try merge(element, over: 0, path: "\(path).\(index)"))
            }
            return numbers
        case is [String: Int]:
            var numbers: [String: Any] = [:]
            for (key, name, value) in try members(of: node, path) {
                places.set("\(path).\(name)", key.mark)
                numbers[name] = try merge(value, over: 0, path: "\(path).\(name)")
            }
            return numbers
        default:
            return try object(node, over: fallback, path)
        }
    }

    /// A part of the recipe; its known keys are the properties of the value that it has by default.
    private mutating func object(_ node: Node, over fallback: Any, _ path: String) throws(LaurelError) -> Any {
        var result: [String: Any] = [:]
        let given = try members(of: node, path)
        let known = Mirror(reflecting: fallback).children.compactMap { child in child.label.map { ($0, child.value) } }
        if let (key, name, _) = given.first(where: { member in !known.contains { $0.0 == member.name } }) {
            throw .input(
                "unknown key \(inner(path, name))", at: places.at(key.mark),
                next: "known here: \(known.map(\.0).sorted().joined(separator: ", "))")
        }
        for (name, value) in known {
            if let member = given.first(where: { $0.name == name }) {
                result[name] = try merge(member.value, over: value, path: inner(path, name))
            } else {
                result[name] = plain(value)
            }
        }
        return result
    }

    /// A default, as ``JSONSerialization`` has it.
    private func plain(_ value: Any) -> Any {
        switch value {
        case is Bool, is Int, is Double, is [Int], is [String: Int]: return value
        case let choice as any RecipeChoice: return choice.rawValue
        default:
            let children = Mirror(reflecting: value).children.compactMap { child in
                child.label.map { ($0, plain(child.value)) }
            }
            return Dictionary(uniqueKeysWithValues: children)
        }
    }

    private func members(
        of node: Node, _ path: String
    ) throws(LaurelError) -> [(key: Node, name: String, value: Node)] {
        guard case .mapping(let mapping) = node else { throw wrong(node, path, "an object") }
        var result: [(Node, String, Node)] = []
        for (key, value) in mapping {
            guard case .scalar(let name) = key else { throw wrong(key, path, "an object whose keys are words") }
            result.append((key, name.string, value))
        }
        return result
    }

    private func scalar<Value>(
        _ node: Node, _ path: String, _ kind: String, _ read: (String) -> Value?
    ) throws(LaurelError) -> Value {
        // Quoted, it is text; and only what JSON would write is a number.
        guard case .scalar(let scalar) = node, scalar.style == .plain,
            scalar.string.wholeMatch(of: /true|false|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/) != nil,
            let value = read(scalar.string)
        else { throw wrong(node, path, kind) }
        return value
    }

    private func choice(_ node: Node, _ path: String, _ names: [String]) throws(LaurelError) -> String {
        guard case .scalar(let scalar) = node, names.contains(scalar.string) else {
            throw wrong(node, path, names.joined(separator: " or "))
        }
        return scalar.string
    }

    private func wrong(_ node: Node, _ path: String, _ kind: String) -> LaurelError {
        let given =
            switch node {
            case .scalar(let scalar): " (\(scalar.style == .plain ? scalar.string : scalar.string.debugDescription))"
            case .mapping, .sequence, .alias: ""
            }
        return .input(
            "\(path.isEmpty ? "the recipe" : path)\(given.prefix(60)) is not \(kind)", at: places.at(node.mark),
            next: "correct the recipe")
    }

    private func inner(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
}

/// One of a few words that a recipe can choose from.
protocol RecipeChoice: RawRepresentable<String>, CaseIterable {}

extension RecipeChoice {
    /// The words.
    static var names: [String] { allCases.map(\.rawValue) }
}

extension DiffusionProcess.Schedule: RecipeChoice {}
extension DiffusionProcess.Prediction: RecipeChoice {}
extension Pruning.Importance: RecipeChoice {}
