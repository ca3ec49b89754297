import Errors

/// Walks over the chunks of a PNG file before libpng sees it.
///
/// libpng stops reading at the last row, so a file cut behind its pixels would pass, and a damaged check sum there
/// would too. Here every chunk must be complete and carry its CRC, and the last one must be `IEND`.
///
/// Chunks that describe colour spaces are left out: Laurel compares samples as they are stored. Conversions would make
/// a picture's digest depend on rounding inside libpng, and files with wrong gamma values are common.
struct PNGStructure {
    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// Whether the file begins like a PNG; a prefix of the signature counts, so that a cut file is called cut.
    static func isPNG(_ bytes: [UInt8]) -> Bool {
        !bytes.isEmpty && bytes.prefix(8).elementsEqual(signature.prefix(bytes.count))
    }

    private static let colourSpaces = ["gAMA", "cHRM", "sRGB", "iCCP", "cICP", "sBIT"]

    /// Checks signature, chunk lengths, check sums and the closing chunk.
    ///
    /// - Returns: The file without colour spaces and without anything behind `IEND`.
    static func checked(_ bytes: [UInt8], name: String) throws -> [UInt8] {
        guard bytes.count >= signature.count else { throw truncated(name) }
        var offset = signature.count
        var kept = signature
        kept.reserveCapacity(bytes.count)
        while true {
            guard bytes.count - offset >= 12 else { throw truncated(name) }
            let length = word(bytes, offset)
            guard bytes.count - offset - 12 >= length else { throw truncated(name) }
            let type = String(decoding: bytes[offset + 4..<offset + 8], as: UTF8.self)
            let end = offset + 8 + length
            guard crc32(bytes, from: offset + 4, to: end) == word(bytes, end) else {
                throw LaurelError.input(
                    "the PNG is damaged (check sum of chunk at byte \(offset))",
                    at: name, next: "fetch or export the picture again")
            }
            if !colourSpaces.contains(type) { kept += bytes[offset..<end + 4] }
            offset = end + 4
            if type == "IEND" { return kept }
        }
    }

    private static func truncated(_ name: String) -> LaurelError {
        .input("the PNG is truncated", at: name, next: "fetch or export the picture again")
    }

    private static func word(_ bytes: [UInt8], _ offset: Int) -> Int {
        bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
    }

    /// CRC-32 of ISO 3309, as the PNG specification asks for.
    private static func crc32(_ bytes: [UInt8], from start: Int, to end: Int) -> Int {
        var crc: UInt32 = 0xFFFF_FFFF
        for index in start..<end {
            crc = table[Int(UInt8(truncatingIfNeeded: crc) ^ bytes[index])] ^ (crc >> 8)
        }
        return Int(crc ^ 0xFFFF_FFFF)
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
    }
}
