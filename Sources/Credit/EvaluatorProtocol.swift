import Foundation

/// The messages between Laurel and an evaluator outside: JSON, one message a line.
enum EvaluatorProtocol {
    /// The version both sides speak.
    static let version = 1
    /// The longest line accepted, so that a program gone wild cannot fill the memory.
    static let longestLine = 1 << 20

    /// The first line to the evaluator.
    struct Hello: Encodable {
        let type = "hello"
        let `protocol` = EvaluatorProtocol.version
        let players: [String]
        let properties: [String]
    }

    /// A request for one evaluation.
    struct Request: Encodable {
        let type = "evaluate"
        let id: Int
        let coalition: [String]
        let seed: Int64
        let pair_seed: Int64
        let noise_seed: Int64
    }

    /// Any line from the evaluator.
    struct Reply: Decodable {
        let type: String
        let id: Int?
        let values: [String: Double]?
        let variances: [String: Double]?
        let seconds: Double?
        let message: String?
        let retry: Bool?
    }

    /// A message as a line.
    static func line(_ message: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(message)) + [UInt8(ascii: "\n")]
    }

    /// A line as a reply.
    ///
    /// - Throws: ``EvaluationFailure`` naming the start of the line.
    static func reply(_ line: [UInt8]) throws(EvaluationFailure) -> Reply {
        do {
            return try JSONDecoder().decode(Reply.self, from: Data(line))
        } catch {
            let start = String(decoding: line.prefix(80), as: UTF8.self).debugDescription
            throw EvaluationFailure("evaluator wrote a line that is no message of the protocol: \(start)")
        }
    }
}
