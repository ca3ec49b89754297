package import Errors

/// Texts that stand on statements, so that signed documents can hold them.
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
}
