package import Errors

/// Texts that stand on statements and in the books, so that signed documents can hold them and no text passes for another.
package enum PlainText {
    /// Refuses where it is read what signing would refuse later, when everybody's month depends on it.
    ///
    /// - Parameters:
    ///   - text: a name or title.
    ///   - what: what to call it in the error.
    ///   - place: where it stood.
    /// - Throws: ``LaurelError`` of kind `input` for empty text and for what ``CanonicalValue`` does not take.
    package static func check(_ text: String, called what: String, at place: String) throws(LaurelError) {
        if text.isEmpty { throw LaurelError.input("the \(what) is empty", at: place, next: "fill it in") }
        if let objection = CanonicalRule.objection(to: text) {
            throw LaurelError.input(
                "the \(what) is unusable: the \(objection)", at: place,
                next: "write it in one line of visible characters, accents composed (NFC)")
        }
    }

    /// Refuses what two people could read alike and a program could not: what ``check(_:called:at:)`` refuses, blanks at the
    /// ends or other than U+0020, and characters that nobody sees (zero width, direction, line and paragraph separators).
    ///
    /// For texts that a person types and the books keep: references, reasons, forms, keys.
    ///
    /// - Parameters:
    ///   - text: the text as typed.
    ///   - what: what to call it in the error.
    ///   - place: where it stood.
    ///   - limit: the most characters (Unicode scalars) it may have.
    /// - Throws: ``LaurelError`` of kind `input`.
    package static func checkEntry(
        _ text: String, called what: String, at place: String?, atMost limit: Int = 1000
    ) throws(LaurelError) {
        if text.isEmpty { throw LaurelError.input("the \(what) is empty", at: place, next: "fill it in") }
        guard text.unicodeScalars.count <= limit else {
            throw LaurelError.input("the \(what) is longer than \(limit) characters", at: place, next: "shorten it")
        }
        guard let objection = CanonicalRule.objection(to: text) ?? objection(to: text) else { return }
        throw LaurelError.input(
            "the \(what) is unusable: the \(objection)", at: place,
            next: "write it in one line of visible characters and plain blanks, accents composed (NFC)")
    }

    private static func objection(to text: String) -> String? {
        if text.hasPrefix(" ") || text.hasSuffix(" ") { return "string begins or ends with a blank" }
        let unseen = text.unicodeScalars.first { scalar in
            if scalar.isASCII { return false }
            switch scalar.properties.generalCategory {
            case .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .privateUse, .unassigned: return true
            default: return scalar.properties.isDefaultIgnorableCodePoint
            }
        }
        return unseen.map { "string holds the invisible character U+\(CanonicalRule.hexadecimal($0))" }
    }
}
