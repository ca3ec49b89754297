package import Documents
import Errors

/// In which order a payee's balance is worked off: data, recorded with each settlement under its digest.
package struct WaterfallPolicy: Sendable {
    /// One station of the waterfall.
    package enum Step: String, Hashable, Sendable, CaseIterable {
        /// Advances are recouped from the period's earnings.
        case recoup
        /// Part of what is left of the earnings is kept in reserve.
        case reserve
        /// What is held is set aside.
        case hold
    }

    /// The stations between the releases and the minimum, each at most once.
    package let order: [Step]
    /// The document itself.
    package let document: CanonicalValue

    /// Recoup, then reserve, then holds.
    package static let standard: CanonicalValue = [
        "$schema": "laurel/waterfall-policy/v1",
        "order": ["release", "recoup", "reserve", "hold", "minimum", "tax", "pay"],
        "recoup_base":
            "what is left of the period's earnings and adjustments, of one dataset where the advance names one",
        "reserve_base": "what is left of the period's earnings and adjustments",
        "minimum_base": "the balance before tax; below it everything is carried forward",
        "tax_base": "what is paid, in whole minor units; the tax is rounded down to a minor unit",
    ]

    /// Reads a policy: `release` first; `hold` once, `recoup` and `reserve` at most once, in any order; then `minimum`, `tax`,
    /// `pay`. What else it says must be what the standard says, since nothing else would be done.
    package init(_ document: CanonicalValue) throws {
        guard document["$schema"]?.text == "laurel/waterfall-policy/v1", let names = document["order"]?.elements else {
            throw LaurelError.input(
                "this is no waterfall policy", next: "give $schema laurel/waterfall-policy/v1 and an order")
        }
        for (name, value) in document.members ?? [:] where name != "order" && Self.standard[name] != value {
            throw LaurelError.input(
                Self.standard[name] == nil
                    ? "a waterfall policy has no \(name)" : "this program cannot follow another \(name)", at: name,
                next: "leave it out, or write it as the policy of a settled period says it")
        }
        let words = names.compactMap(\.text)
        let middle = words.dropFirst().dropLast(3)
        let steps = middle.compactMap { Step(rawValue: $0) }
        guard words.count == names.count, words.first == "release", words.suffix(3) == ["minimum", "tax", "pay"],
            steps.count == middle.count, Set(steps).count == steps.count, steps.contains(.hold)
        else {
            throw LaurelError.input(
                "the order of the waterfall cannot be followed", at: words.joined(separator: ", "),
                next: "write release; hold and perhaps recoup and reserve in any order; minimum, tax, pay")
        }
        order = steps
        self.document = document
    }
}
