import Foundation

/// Short readable ids: lowercase ASCII letters, digits, dot, dash and underscore.
package enum ReadableID {
    /// Whether the text is an id as it stands.
    package static func isValid(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, text.utf8.count <= 128 else { return false }
        return isPlain(first) && isPlain(last)
            && text.utf8.allSatisfy {
                isPlain($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            }
    }

    /// The id that a name becomes: `José Hevia` is `jose-hevia`; nil when nothing readable is left.
    package static func made(from name: String) -> String? {
        let latin = name.applyingTransform(.toLatin, reverse: false) ?? name
        let plain = latin.applyingTransform(.stripDiacritics, reverse: false) ?? latin
        let words = plain.lowercased().utf8.split { !isPlain($0) }
        let id = words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
        return isValid(id) ? id : nil
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
