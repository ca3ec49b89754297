import Documents
import Errors
import Foundation
import Images
import Testing

@Suite("Decoding pictures")
struct DecodingTests {
    struct Expected: Decodable {
        let width: Int
        let height: Int
        let channels: Int
        let pixels: [UInt8]
    }

    static let folder = Bundle.module.url(forResource: "Fixtures", withExtension: nil)!

    static func expected() throws -> [String: Expected] {
        try JSONDecoder().decode(
            [String: Expected].self, from: Data(contentsOf: folder.appending(path: "expected.json")))
    }

    static func file(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: "\(name).png")))
    }

    @Test("Every colour type, depth and interlacing gives the pixels that were put in")
    func oddFiles() throws {
        let all = try Self.expected()
        #expect(all.count == 28)
        for (name, expected) in all {
            let image = try Image.decode(Self.file(name), name: name)
            #expect(image.width == expected.width && image.height == expected.height)
            #expect(image.channels == expected.channels)
            #expect(image.pixels == expected.pixels, "\(name)")
        }
    }

    @Test("A PNG cut at any length is refused by name")
    func truncation() throws {
        for name in try Self.expected().keys {
            let file = try Self.file(name)
            for length in 0..<file.count {
                let error = try #require(throws: LaurelError.self) {
                    try Image.decode(Array(file.prefix(length)), name: "cut.png")
                }
                #expect(error.kind == .input)
                #expect(error.place?.hasPrefix("cut.png") == true)
            }
        }
    }

    @Test("A PNG with any byte changed is refused")
    func corruption() throws {
        let file = try Self.file("palette-4-transparent")
        for index in file.indices {
            var damaged = file
            damaged[index] ^= 0x41
            #expect(throws: LaurelError.self, "byte \(index)") { try Image.decode(damaged, name: "damaged.png") }
        }
    }

    @Test("A picture of more pixels than anyone has is refused before memory is asked for")
    func oversized() throws {
        let error = try #require(throws: LaurelError.self) {
            try Image.decode(Array("P5 60000 60000 255 ".utf8), name: "huge.pgm")
        }
        #expect(error.description.contains("too large (60000×60000"))
    }

    @Test("Plain and raw PPM and PGM agree, with comments and any maximum")
    func netpbm() throws {
        let plain = Array("P3 # a comment\n2 1\n# another\n15\n0 15 3\n 15 0 7\n".utf8)
        let image = try Image.decode(plain, name: "plain.ppm")
        #expect(image.pixels == [0, 255, 51, 255, 0, 119])
        let raw = Array("P6\n2 1\n15\n".utf8) + [0, 15, 3, 15, 0, 7]
        #expect(try Image.decode(raw, name: "raw.ppm") == image)
        let wide = Array("P5 1 2 65535\n".utf8) + [0xFF, 0xFF, 0x80, 0x00]
        #expect(try Image.decode(wide, name: "wide.pgm").pixels == [255, 128])
    }

    @Test(
        "Broken PPM and PGM are refused by name",
        arguments: [
            "P6", "P6 1", "P6 1 1 255", "P5 0 4 255 ", "P5 1 1 0 ", "P5 1 1 70000 ", "P2 1 1 9 12", "P2 1 1 9 x",
            "P3 1 1 255 1 2", "P2 99999999999999999999 1 9 1", "P5 -1 1 255 a",
        ])
    func brokenNetpbm(text: String) throws {
        let error = try #require(throws: LaurelError.self) { try Image.decode(Array(text.utf8), name: "bad.pgm") }
        #expect(error.kind == .input && error.place?.hasPrefix("bad.pgm") == true)
    }

    @Test("Other files are refused", arguments: ["", "GIF89a", "hello"])
    func foreign(text: String) {
        #expect(throws: LaurelError.self) { try Image.decode(Array(text.utf8), name: "foreign") }
    }

    @Test("What is encoded is decoded")
    func roundTrip() throws {
        for expected in try Self.expected().values {
            let image = Image(
                width: expected.width, height: expected.height, channels: expected.channels, pixels: expected.pixels)
            #expect(try Image.decode(image.pngBytes(), name: "round trip") == image)
        }
    }

    @Test("All 954 pictures of the demo have the pixel digests that their manifest names")
    func manifest() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../ops/demo-data/openclipart-32").standardized
        let file = folder.appending(path: "manifest.csv")
        let table = try CSVTable(
            parsing: Array(Data(contentsOf: file)), file: "manifest.csv", required: ["path", "sha256_pixels"],
            allowOther: true)
        #expect(table.rows.count == 954)
        for row in table.rows {
            let path = try #require(row["path"])
            let bytes = Array(try Data(contentsOf: folder.appending(path: path)))
            #expect(try Image.decode(bytes, name: path).pixelDigest.hex == row["sha256_pixels"], "\(path)")
        }
    }
}
