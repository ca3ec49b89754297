import CPNG
import Errors

// Only libpng's simplified interface: the classic one reports errors by longjmp, which Swift frames do not survive.

extension Image {
    /// Decodes a PNG; transparency is laid over white in the scale of the samples, as a browser does.
    static func decodePNG(_ bytes: [UInt8], name: String) throws -> Image {
        let file = try PNGStructure.checked(bytes, name: name)
        var control = png_image()
        control.version = png_uint_32(PNG_IMAGE_VERSION)
        defer { png_image_free(&control) }
        return try file.withUnsafeBytes { file in
            guard png_image_begin_read_from_memory(&control, file.baseAddress, file.count) != 0 else {
                throw corrupt(control, name)
            }
            try checkSize(width: Int(control.width), height: Int(control.height), name: name)
            // Palettes become plain samples; 16 bits stay 16 bits, since libpng 1.6.39 scrambles interlaced pictures
            // when it narrows them itself.
            control.format &= PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA | PNG_FORMAT_FLAG_LINEAR
            let layout = Layout(control)
            let pixels =
                control.format & PNG_FORMAT_FLAG_LINEAR == 0
                ? layout.flattened(try samples(&control, layout, name, as: UInt8.self))
                : layout.flattened(try samples(&control, layout, name, as: UInt16.self))
            return Image(
                width: Int(control.width), height: Int(control.height), channels: layout.channels, pixels: pixels)
        }
    }

    private static func samples<Sample: FixedWidthInteger>(
        _ control: inout png_image, _ layout: Layout, _ name: String, as type: Sample.Type
    ) throws -> [Sample] {
        let stride = Int(control.width) * layout.stored
        var samples = [Sample](repeating: 0, count: stride * Int(control.height))
        guard png_image_finish_read(&control, nil, &samples, png_int_32(stride), nil) != 0 else {
            throw corrupt(control, name)
        }
        return samples
    }

    /// How libpng delivers the samples of a pixel.
    private struct Layout {
        let channels: Int
        let hasAlpha: Bool

        var stored: Int { channels + (hasAlpha ? 1 : 0) }

        init(_ control: png_image) {
            channels = control.format & PNG_FORMAT_FLAG_COLOR != 0 ? 3 : 1
            hasAlpha = control.format & PNG_FORMAT_FLAG_ALPHA != 0
        }

        /// 8-bit samples over white; their alpha is separate.
        func flattened(_ samples: [UInt8]) -> [UInt8] {
            guard hasAlpha else { return samples }
            return flattened(samples) { colour, alpha in (colour * alpha + 255 * (255 - alpha) + 127) / 255 }
        }

        /// 16-bit samples over white, rounded to 8 bits; libpng has multiplied them by their alpha.
        func flattened(_ samples: [UInt16]) -> [UInt8] {
            flattened(samples) { colour, alpha in ((colour + 65_535 - alpha) * 255 + 32_767) / 65_535 }
        }

        private func flattened<Sample: FixedWidthInteger>(
            _ samples: [Sample], blend: (_ colour: Int, _ alpha: Int) -> Int
        ) -> [UInt8] {
            var pixels = [UInt8]()
            pixels.reserveCapacity(samples.count / stored * channels)
            for pixel in stride(from: 0, to: samples.count, by: stored) {
                let alpha = Int(hasAlpha ? samples[pixel + channels] : Sample.max)
                for channel in 0..<channels {
                    pixels.append(UInt8(blend(Int(samples[pixel + channel]), alpha)))
                }
            }
            return pixels
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
