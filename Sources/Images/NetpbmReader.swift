import Errors

/// Reads PGM and PPM files, plain (P2, P3) and raw (P5, P6), with any maximum up to 65,535.
struct NetpbmReader {
    private let bytes: [UInt8]
    private let name: String
    private var offset = 2

    /// Begins behind the magic number of a file that ``isNetpbm(_:)`` accepted.
    init(bytes: [UInt8], name: String) {
        self.bytes = bytes
        self.name = name
    }

    /// Whether the file carries one of the four magic numbers.
    static func isNetpbm(_ bytes: [UInt8]) -> Bool {
        bytes.count >= 2 && bytes[0] == UInt8(ascii: "P") && "2356".utf8.contains(bytes[1])
    }

    /// The first picture of the file, scaled to 8 bits.
    mutating func image() throws -> Image {
        let isRaw = bytes[1] >= UInt8(ascii: "5")
        let channels = bytes[1] == UInt8(ascii: "3") || bytes[1] == UInt8(ascii: "6") ? 3 : 1
        let width = try number("width")
        let height = try number("height")
        let maximum = try number("maximum")
        try Image.checkSize(width: width, height: height, name: name)
        guard (1...65_535).contains(maximum) else {
            throw corrupt("the maximum \(maximum) is not in 1...65535")
        }
        let count = width * height * channels
        let samples = isRaw ? try rawSamples(count, maximum) : try plainSamples(count, maximum)
        return Image(width: width, height: height, channels: channels, pixels: samples)
    }

    private mutating func rawSamples(_ count: Int, _ maximum: Int) throws -> [UInt8] {
        // Exactly one white-space byte separates header and samples.
        offset += 1
        let size = maximum > 255 ? 2 : 1
        guard bytes.count - offset >= count * size else { throw corrupt("it is truncated") }
        var samples = [UInt8]()
        samples.reserveCapacity(count)
        for index in 0..<count {
            let at = offset + index * size
            let value = size == 1 ? Int(bytes[at]) : Int(bytes[at]) << 8 | Int(bytes[at + 1])
            samples.append(try scaled(value, maximum))
        }
        return samples
    }

    private mutating func plainSamples(_ count: Int, _ maximum: Int) throws -> [UInt8] {
        // Every sample takes two bytes at least, so a short file cannot ask for a large array.
        guard bytes.count - offset >= count else { throw corrupt("it is truncated") }
        var samples = [UInt8]()
        samples.reserveCapacity(count)
        for _ in 0..<count {
            samples.append(try scaled(try number("sample"), maximum))
        }
        return samples
    }

    private func scaled(_ value: Int, _ maximum: Int) throws -> UInt8 {
        guard value <= maximum else { throw corrupt("the sample \(value) exceeds the maximum \(maximum)") }
        return UInt8((value * 255 + maximum / 2) / maximum)
    }

    /// The next decimal number; white space and comments before it are skipped.
    private mutating func number(_ what: String) throws -> Int {
        while offset < bytes.count, isSpace(bytes[offset]) || bytes[offset] == UInt8(ascii: "#") {
            if bytes[offset] == UInt8(ascii: "#") {
                while offset < bytes.count, bytes[offset] != UInt8(ascii: "\n") { offset += 1 }
            } else {
                offset += 1
            }
        }
        guard offset < bytes.count else { throw corrupt("it is truncated") }
        var value = 0
        let start = offset
        while offset < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[offset]) {
            value = value * 10 + Int(bytes[offset] - UInt8(ascii: "0"))
            guard value <= Int(Int32.max) else { throw corrupt("the \(what) is too large") }
            offset += 1
        }
        guard offset > start, offset == bytes.count || isSpace(bytes[offset]) else {
            throw corrupt("the \(what) is not a number")
        }
        return value
    }

    private func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }

    private func corrupt(_ problem: String) -> LaurelError {
        .input(
            "the PPM or PGM image is damaged: \(problem)", at: "\(name), byte \(offset)",
            next: "export the picture again")
    }
}
