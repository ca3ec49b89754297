package import Errors
internal import Numerics

/// The shape of a U-Net: what is needed to lay out its parameters and to run it.
///
/// Widths are those of an unpruned network unless ``widths`` names a *space*: a set of channels that must be pruned
/// together because additions tie them (see ``Layout``).
package struct Architecture: Codable, Hashable, Sendable {
    /// Rows and columns of an image: 8, 16, 32 or 64.
    package var side = 16
    /// 1 (grey) or 3 (RGB).
    package var channels = 3
    /// Channels at full resolution; a multiple of eight.
    package var base = 32
    /// Width of each resolution as a multiple of ``base``; every further one halves the side.
    package var multipliers = [1, 2, 2]
    /// Residual blocks at each resolution on the way down; one more on the way up.
    package var blocks = 2
    /// Whether there is self-attention at the lowest resolution.
    package var attention = true
    /// Number of classes; 0 for an unconditional model.
    package var classes = 0
    /// Widths of pruned spaces by name; empty for an unpruned network.
    package var widths: [String: Int] = [:]

    /// The demo's network.
    package init() {}

    /// Throws what is impossible about this shape, as a person should read it; `places` says where it was written.
    package func validate(_ places: RecipePlaces) throws(LaurelError) {
        func refuse(_ problem: String, _ member: String, _ remedy: String) throws(LaurelError) {
            throw LaurelError.input(problem, at: places.of("architecture.\(member)"), next: remedy)
        }
        let group = Network.group
        if ![8, 16, 32, 64].contains(side) {
            try refuse("side \(side) is not possible", "side", "use 8, 16, 32 or 64")
        }
        if ![1, 3].contains(channels) {
            try refuse("\(channels) channels are not possible", "channels", "use 1 (grey) or 3 (RGB)")
        }
        if base < group || base > 128 || base % group != 0 {
            try refuse(
                "base width \(base) is not possible", "base", "use a multiple of \(group) from \(group) to 128")
        }
        if multipliers.isEmpty || multipliers.contains(where: { $0 < 1 || $0 > 8 }) {
            try refuse(
                "multipliers \(multipliers) are not possible", "multipliers", "give one or more numbers from 1 to 8")
        }
        if multipliers.count > side.trailingZeroBitCount - 1 {
            try refuse(
                "\(multipliers.count) resolutions halve side \(side) below 4 pixels", "multipliers",
                "give fewer multipliers")
        }
        if !(1...4).contains(blocks) { try refuse("\(blocks) blocks are not possible", "blocks", "use 1 to 4") }
        if !(0...10_000).contains(classes) {
            try refuse("\(classes) classes are not possible", "classes", "use 0 to 10000")
        }
        let known = Set(Layout.spaces(of: self))
        for (name, width) in widths.sorted(by: { $0.key < $1.key }) {
            if !known.contains(name) {
                try refuse("there is no space \(name) to set a width for", "widths.\(name)", "remove it")
            }
            if width < group || width > 4096 || width % group != 0 {
                try refuse("width \(width) of \(name) is not possible", "widths.\(name)", "use a multiple of \(group)")
            }
        }
    }
}
