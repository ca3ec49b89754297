import Foundation

/// An SVG document under construction: pure text, no script, readable by light, by dark and on paper.
struct SVG {
    private let width: Double
    private let height: Double
    private let labels: PlotLabels
    private var body = ""

    init(width: Double, height: Double, labels: PlotLabels) {
        self.width = width
        self.height = height
        self.labels = labels
    }

    /// Adds one element without content.
    mutating func add(_ element: String, _ attributes: [(String, String)]) {
        body += "<\(element)\(Self.list(attributes))/>\n"
    }

    /// Adds one line of text.
    mutating func text(_ text: String, x: Double, y: Double, _ attributes: [(String, String)] = []) {
        body += "<text\(Self.list([("x", Self.number(x)), ("y", Self.number(y))] + attributes))>"
        body += "\(Self.escaped(text))</text>\n"
    }

    /// Adds a straight line.
    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, class name: String) {
        add(
            "line",
            [
                ("x1", Self.number(x1)), ("y1", Self.number(y1)), ("x2", Self.number(x2)), ("y2", Self.number(y2)),
                ("class", name),
            ])
    }

    /// Adds a rectangle.
    mutating func rectangle(_ x: Double, _ y: Double, _ width: Double, _ height: Double, class name: String) {
        add(
            "rect",
            [
                ("x", Self.number(x)), ("y", Self.number(y)), ("width", Self.number(max(0, width))),
                ("height", Self.number(max(0, height))), ("class", name),
            ])
    }

    /// Adds a dot.
    mutating func dot(_ x: Double, _ y: Double, radius: Double, class name: String) {
        add("circle", [("cx", Self.number(x)), ("cy", Self.number(y)), ("r", Self.number(radius)), ("class", name)])
    }

    /// The finished document.
    var document: String {
        let title = Self.escaped(labels.title)
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.number(width)) \(Self.number(height))" \
            role="img" aria-label="\(title)" class="plot">
            <title>\(title)</title>
            <desc>\(Self.escaped(labels.description))</desc>
            <style>\(Self.style)</style>
            <rect width="100%" height="100%" class="paper"/>
            \(body)</svg>

            """
    }

    /// Coordinates with two decimals, independent of locale.
    static func number(_ value: Double) -> String {
        String(format: "%.2f", value)
    }

    private static func list(_ attributes: [(String, String)]) -> String {
        attributes.map { " \($0.0)=\"\(escaped($0.1))\"" }.joined()
    }

    private static func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
    }

    /// Five colours that the colour-blind tell apart; every rule is confined to plots, so pages can hold several.
    private static let style = """
        .plot{font:12px system-ui,"Helvetica Neue",Arial,sans-serif;--ink:#24292f;--dim:#667079;--rule:#e3e6e9;\
        --paper:#fff;--c0:#2f6db3;--c1:#c4581c;--c2:#33845a;--c3:#8458ab;--c4:#937818}\
        @media (prefers-color-scheme:dark){.plot{--ink:#e4e7ea;--dim:#9aa4ad;--rule:#353b42;--paper:#16191d;\
        --c0:#6fa8e6;--c1:#ef935c;--c2:#6cc094;--c3:#bd97de;--c4:#d0b44d}}\
        @media print{.plot{--ink:#000;--dim:#444;--rule:#ccc;--paper:#fff;--c0:#2f6db3;--c1:#c4581c;--c2:#33845a;\
        --c3:#8458ab;--c4:#937818}}\
        .plot text{fill:var(--ink)}.plot .paper{fill:var(--paper)}.plot .dim{fill:var(--dim)}\
        .plot .title{font-size:15px;font-weight:600}.plot .rule{stroke:var(--rule)}\
        .plot .zero{stroke:var(--dim);stroke-dasharray:3 3}.plot .link{stroke:var(--dim)}\
        \(seriesStyle)\
        .plot .band{opacity:.18}.plot .soft{opacity:.65}
        """

    private static let seriesStyle = (0..<5).map { index in
        ".plot .s\(index){stroke:var(--c\(index));fill:none;stroke-width:2;stroke-linejoin:round}"
            + ".plot .f\(index){fill:var(--c\(index))}"
    }.joined()
}
