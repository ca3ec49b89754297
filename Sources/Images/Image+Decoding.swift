import Errors

extension Image {
    /// The most pixels a file may declare: beyond it, a small file could ask for all of the memory.
    package static let pixelLimit = 64 << 20

    /// Reads a PNG (any bit depth, palette, interlaced, transparency over white) or a PPM/PGM file.
    ///
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - name: What to call the file in an error.
    /// - Returns: Grey when the file has no colour, else RGB.
    /// - Throws: ``LaurelError`` of kind `input` for anything that is not a complete, sound picture.
    package static func decode(_ bytes: [UInt8], name: String) throws -> Image {
        if PNGStructure.isPNG(bytes) { return try decodePNG(bytes, name: name) }
        if NetpbmReader.isNetpbm(bytes) {
            var reader = NetpbmReader(bytes: bytes, name: name)
            return try reader.image()
        }
        throw LaurelError.input(
            bytes.isEmpty ? "the image file is empty" : "not a PNG, PPM or PGM image", at: name,
            next: "convert the picture to PNG, or leave the file out")
    }

    /// Refuses sizes that no picture of this project has before any memory is asked for.
    static func checkSize(width: Int, height: Int, name: String) throws {
        guard width > 0, height > 0 else {
            throw LaurelError.input(
                "the image has no pixels (\(width)×\(height))", at: name, next: "leave the file out")
        }
        let (count, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, count <= pixelLimit else {
            throw LaurelError.input(
                "the image is too large (\(width)×\(height); the limit is \(pixelLimit) pixels)", at: name,
                next: "scale the picture down first")
        }
    }
}
