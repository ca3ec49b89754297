/// The terms under which an item may be trained on, as the manifest states them.
package struct Licence: Hashable, Sendable {
    /// How well the terms are identified.
    package enum Kind: String, Sendable {
        /// An SPDX identifier.
        case spdx
        /// A URI that names the terms.
        case uri
        /// Anything else: accepted, and flagged for a person to look at.
        case text
    }

    /// The text as stated.
    package let text: String
    /// What kind of text it is.
    package let kind: Kind

    package init(_ text: String) {
        self.text = text
        let isWord = text.utf8.allSatisfy { $0 > 32 && $0 < 127 }
        if Licence.spdx.contains(text) || (text.hasPrefix("LicenseRef-") && isWord) {
            kind = .spdx
        } else if isWord, ["http://", "https://", "urn:"].contains(where: text.hasPrefix) {
            kind = .uri
        } else {
            kind = .text
        }
    }

    // The identifiers of the SPDX list that are used for pictures and data.
    private static let spdx: Set<String> = [
        "CC0-1.0", "CC-PDDC", "PDDL-1.0", "ODbL-1.0", "ODC-By-1.0", "CC-BY-2.0", "CC-BY-2.5", "CC-BY-3.0", "CC-BY-4.0",
        "CC-BY-SA-2.0", "CC-BY-SA-2.5", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC-BY-NC-2.0", "CC-BY-NC-3.0", "CC-BY-NC-4.0",
        "CC-BY-ND-2.0", "CC-BY-ND-3.0", "CC-BY-ND-4.0", "CC-BY-NC-SA-2.0", "CC-BY-NC-SA-3.0", "CC-BY-NC-SA-4.0",
        "CC-BY-NC-ND-2.0", "CC-BY-NC-ND-3.0", "CC-BY-NC-ND-4.0", "GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only",
        "GPL-3.0-or-later", "LGPL-2.1-only", "LGPL-3.0-only", "MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause",
        "OFL-1.1", "FAL-1.3", "Unlicense", "MPL-2.0",
    ]
}
