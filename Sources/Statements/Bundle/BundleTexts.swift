import Documents
import Errors
import Foundation
import Mustache
import Reports

/// The two files of a bundle that are the program's own words: the script and the explanation.
///
/// Whoever verifies renders them again, so that nobody can slip a payee another script to run.
struct BundleTexts: Sendable {
    /// `verify.sh`, the same in every bundle.
    let script: [UInt8]
    private let template: MustacheTemplate

    /// - Throws: ``LaurelError`` of kind `environment` when the templates beside the program are missing.
    init() throws(LaurelError) {
        script = Array(try Templates.text(StatementBundle.Name.script).utf8)
        template = try Templates.template(StatementBundle.Name.readme)
    }

    /// `README.txt` of a statement.
    func readme(of document: StatementDocument, root: Digest) -> [UInt8] {
        let text = template.render([
            "issuer": document.issuer.name, "payee": document.input.payee.displayName, "id": document.id,
            "period": document.input.period.description, "root": root.hex, "origin": document.issuer.logOrigin,
        ])
        return Array(text.utf8)
    }
}

/// The files that lie in `Reports/templates`.
enum Templates {
    static func text(_ name: String) throws(LaurelError) -> String {
        let url = Reports.templates.appending(path: name)
        do {
            return try String(contentsOf: url, encoding: .utf8)
        } catch {
            throw LaurelError.environment(
                "template cannot be read", at: url.path, next: "install the program with its resource bundles")
        }
    }

    static func template(_ name: String) throws(LaurelError) -> MustacheTemplate {
        let text = try text(name)
        do {
            return try MustacheTemplate(string: text)
        } catch {
            throw LaurelError.environment("template is damaged: \(error)", at: name)
        }
    }
}
