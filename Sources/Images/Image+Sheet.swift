extension Image {
    /// A contact sheet: the pictures in reading order, each pixel blown up `scale` times, on a light margin.
    ///
    /// - Parameters:
    ///   - images: At least one; smaller pictures sit in the top left corner of their cell.
    ///   - columns: Pictures in a row.
    ///   - scale: Integer enlargement, so that pixels stay sharp.
    ///   - margin: Pixels between and around the pictures.
    /// - Returns: An RGB picture.
    package static func sheet(_ images: [Image], columns: Int, scale: Int = 1, margin: Int = 2) -> Image {
        precondition(!images.isEmpty && columns > 0 && scale > 0 && margin >= 0, "a sheet shows something")
        let cellWidth = (images.map(\.width).max() ?? 1) * scale + margin
        let cellHeight = (images.map(\.height).max() ?? 1) * scale + margin
        let across = min(columns, images.count)
        let width = across * cellWidth + margin
        let height = (images.count + across - 1) / across * cellHeight + margin
        var pixels = [UInt8](repeating: 0xE4, count: width * height * 3)
        for (index, image) in images.enumerated() {
            let left = index % across * cellWidth + margin
            let top = index / across * cellHeight + margin
            for y in 0..<image.height * scale {
                for x in 0..<image.width * scale {
                    let source = (y / scale * image.width + x / scale) * image.channels
                    let target = ((top + y) * width + left + x) * 3
                    for channel in 0..<3 {
                        pixels[target + channel] = image.pixels[source + (image.channels == 3 ? channel : 0)]
                    }
                }
            }
        }
        return Image(width: width, height: height, channels: 3, pixels: pixels)
    }
}
