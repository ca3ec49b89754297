import Images
import Testing

@Suite("Pictures in memory")
struct PictureTests {
    static func gradient(_ width: Int, _ height: Int) -> Image {
        var pixels: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                pixels.append(UInt8(x * 255 / (width - 1)))
                pixels.append(UInt8(y * 255 / (height - 1)))
                pixels.append(UInt8(x * y % 256))
            }
        }
        return Image(width: width, height: height, channels: 3, pixels: pixels)
    }

    @Test("Shrinking averages the exact area, fractions of pixels included")
    func area() {
        let row = Image(width: 3, height: 1, channels: 1, pixels: [0, 90, 240])
        // Two outputs of 1.5 pixels: (0 + 90/2) / 1.5 and (90/2 + 240) / 1.5.
        #expect(row.resampled(width: 2, height: 1).pixels == [30, 190])
        let block = Image(width: 2, height: 2, channels: 1, pixels: [0, 10, 20, 31])
        #expect(block.resampled(side: 1).pixels == [15])
    }

    @Test("Enlarging interpolates between neighbours")
    func linear() {
        let row = Image(width: 2, height: 1, channels: 1, pixels: [0, 100])
        #expect(row.resampled(width: 4, height: 1).pixels == [0, 25, 75, 100])
    }

    @Test("A flat picture stays flat at every size", arguments: [1, 2, 7, 16, 31, 33, 100])
    func flat(side: Int) {
        let image = Image(width: 29, height: 29, channels: 3, pixels: [UInt8](repeating: 137, count: 29 * 29 * 3))
        #expect(image.resampled(side: side).pixels.allSatisfy { $0 == 137 })
    }

    @Test("A long picture sits in the middle of a white square")
    func letterbox() {
        let image = Image(width: 4, height: 2, channels: 1, pixels: [UInt8](repeating: 0, count: 8))
        #expect(image.resampled(side: 4).pixels == [255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255])
        let line = Image(width: 1000, height: 1, channels: 1, pixels: [UInt8](repeating: 0, count: 1000))
        #expect(line.resampled(side: 8).pixels.filter { $0 == 0 }.count == 8)
    }

    @Test("The perceptual hash survives scaling and small noise, and tells pictures apart")
    func perceptualHash() {
        let image = Self.gradient(64, 64)
        let hash = image.perceptualHash
        #expect((hash ^ image.resampled(side: 40).perceptualHash).nonzeroBitCount <= 6)
        let noisy = Image(
            width: 64, height: 64, channels: 3,
            pixels: image.pixels.enumerated().map { UInt8(min(255, Int($1) + $0 * 7 % 5)) })
        #expect((hash ^ noisy.perceptualHash).nonzeroBitCount <= 6)
        let turned = Image(width: 64, height: 64, channels: 3, pixels: image.pixels.reversed())
        #expect((hash ^ turned.perceptualHash).nonzeroBitCount > 16)
        let white = Image(width: 8, height: 8, channels: 1, pixels: [UInt8](repeating: 255, count: 64))
        #expect(white.perceptualHash == 1 << 63)
    }

    @Test("Grey and RGB files of the same pixels have one digest")
    func digest() {
        let grey = Image(width: 2, height: 1, channels: 1, pixels: [3, 200])
        #expect(grey.pixelDigest == grey.converted(toChannels: 3).pixelDigest)
        #expect(grey.converted(toChannels: 3).converted(toChannels: 1) == grey)
    }

    @Test("A sheet shows every picture, blown up, in reading order")
    func sheet() {
        let black = Image(width: 2, height: 2, channels: 1, pixels: [0, 0, 0, 0])
        let red = Image(width: 2, height: 2, channels: 3, pixels: [255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0])
        let sheet = Image.sheet([black, red, red], columns: 2, scale: 3, margin: 1)
        #expect(sheet.width == 15 && sheet.height == 15)
        func pixel(_ x: Int, _ y: Int) -> [UInt8] { Array(sheet.pixels[(y * 15 + x) * 3..<(y * 15 + x) * 3 + 3]) }
        #expect(pixel(1, 1) == [0, 0, 0] && pixel(6, 6) == [0, 0, 0])
        #expect(pixel(8, 1) == [255, 0, 0] && pixel(1, 8) == [255, 0, 0])
        #expect(pixel(0, 0) == pixel(8, 8))
    }

    @Test("A batch holds the pictures' samples in −1…1 and gives them back")
    func batch() {
        let images = [Self.gradient(8, 8), Self.gradient(8, 8).resampled(side: 8)]
        let batch = ImageBatch(images, side: 8, channels: 3)
        #expect(batch.images == images)
        #expect(batch.pixels.allSatisfy { (-1...1).contains($0) })
        #expect(batch.selecting([1, 1, 0]).images == [images[1], images[1], images[0]])
        let wild = ImageBatch(count: 1, side: 1, channels: 3, pixels: [-9, .nan, 7])
        #expect(wild.images[0].pixels == [0, 0, 255])
    }
}
