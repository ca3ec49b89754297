package import Foundation

/// What leaves the house: templates of statements and pages, column definitions and samples of each CSV.
package enum Reports {
    /// The folder of Mustache templates, shipped beside the executable as a resource bundle.
    package static var templates: URL { Bundle.module.bundleURL.appending(path: "templates") }
}
