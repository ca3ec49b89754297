import CPNG
import Errors

// Only libpng's simplified interface: the classic one reports errors by longjmp, which Swift frames do not survive.

extension Image {
    /// Decodes a PNG; transparency is laid over white in the samples' own (sRGB) scale, as a browser does.
    static func decodePNG(_ bytes: [UInt8], name: String) throws -> Image {
        try PNGStructure.check(bytes, name: name)
        var control = png_image()
        control.version = png_uint_32(PNG_IMAGE_VERSION)
        defer { png_image_free(&control) }
        return try bytes.withUnsafeBytes { file in
            guard png_image_begin_read_from_memory(&control, file.baseAddress, file.count) != 0 else {
                throw corrupt(control, name)
            }
            let width = Int(control.width)
            let height = Int(control.height)
            try checkSize(width: width, height: height, name: name)
            let hasColour = control.format & PNG_FORMAT_FLAG_COLOR != 0
            let hasAlpha = control.format & PNG_FORMAT_FLAG_ALPHA != 0
            control.format =
                (hasColour ? PNG_FORMAT_FLAG_COLOR : 0) | (hasAlpha ? PNG_FORMAT_FLAG_ALPHA : 0)
            // Without it libpng takes 16-bit samples for linear light, which no drawing program writes.
            control.flags |= png_uint_32(PNG_IMAGE_FLAG_16BIT_sRGB)
            let channels = hasColour ? 3 : 1
            let stored = channels + (hasAlpha ? 1 : 0)
            var samples = [UInt8](repeating: 0, count: width * height * stored)
            guard png_image_finish_read(&control, nil, &samples, png_int_32(width * stored), nil) != 0 else {
                throw corrupt(control, name)
            }
            return Image(
                width: width, height: height, channels: channels,
                pixels: hasAlpha ? overWhite(samples, channels: channels) : samples)
        }
    }

    /// The picture as a PNG file, 8 bits a sample.
    ///
    /// - Throws: ``LaurelError`` of kind `environment` when libpng fails, which only lack of memory explains.
    package func pngBytes() throws -> [UInt8] {
        var control = png_image()
        control.version = png_uint_32(PNG_IMAGE_VERSION)
        control.width = png_uint_32(width)
        control.height = png_uint_32(height)
        control.format = channels == 3 ? PNG_FORMAT_FLAG_COLOR : 0
        defer { png_image_free(&control) }
        let stride = png_int_32(width * channels)
        var size = png_alloc_size_t(0)
        guard png_image_write_to_memory(&control, nil, &size, 0, pixels, stride, nil) != 0 else {
            throw Image.unwritable(control)
        }
        var file = [UInt8](repeating: 0, count: Int(size))
        guard png_image_write_to_memory(&control, &file, &size, 0, pixels, stride, nil) != 0 else {
            throw Image.unwritable(control)
        }
        return Array(file.prefix(Int(size)))
    }

    private static func overWhite(_ samples: [UInt8], channels: Int) -> [UInt8] {
        var pixels = [UInt8]()
        pixels.reserveCapacity(samples.count / (channels + 1) * channels)
        for pixel in stride(from: 0, to: samples.count, by: channels + 1) {
            let alpha = Int(samples[pixel + channels])
            for channel in 0..<channels {
                let blended = Int(samples[pixel + channel]) * alpha + 255 * (255 - alpha)
                pixels.append(UInt8((blended + 127) / 255))
            }
        }
        return pixels
    }

    private static func corrupt(_ control: png_image, _ name: String) -> LaurelError {
        .input("the PNG is damaged (\(message(control)))", at: name, next: "fetch or export the picture again")
    }

    private static func unwritable(_ control: png_image) -> LaurelError {
        .environment("cannot encode a PNG (\(message(control)))", next: "free some memory and try again")
    }

    private static func message(_ control: png_image) -> String {
        withUnsafeBytes(of: control.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
