/// The words around a plot; title and description are also what a screen reader says.
package struct PlotLabels: Hashable, Sendable {
    /// What the plot shows, as a headline.
    package let title: String
    /// What is to be seen, in a sentence or two, for those who cannot look.
    package let description: String
    /// The horizontal axis, with its unit.
    package let x: String
    /// The vertical axis, with its unit.
    package let y: String

    /// The words around a plot.
    package init(title: String, description: String, x: String = "", y: String = "") {
        self.title = title
        self.description = description
        self.x = x
        self.y = y
    }
}
