import CZlib
import Errors

/// Reads the files of a ZIP archive into memory, as far as a bundle needs it: stored or deflated, no encryption, no
/// ZIP64. Nothing is ever written to disk, so names cannot escape; sizes are bounded before anything is inflated.
struct ZipReader {
    /// The most bytes that all files may have together; far above any bundle, far below what would hurt.
    static let maximumTotal = 64 << 20
    /// The most entries.
    static let maximumEntries = 1000

    private let bytes: [UInt8]
    private let name: String

    /// All files by name. Refuses what is damaged, too large or listed twice.
    static func files(in bytes: [UInt8], name: String) throws(LaurelError) -> [String: [UInt8]] {
        let reader = ZipReader(bytes: bytes, name: name)
        var (place, count) = try reader.directory()
        var files: [String: [UInt8]] = [:]
        var total = 0
        while count > 0 {
            let entry = try reader.entry(at: place)
            place = entry.next
            count -= 1
            if entry.name.hasSuffix("/") { continue }
            total += entry.size
            guard total <= maximumTotal else { throw reader.refusal("archive unpacks to more than 64 MiB") }
            guard files[entry.name] == nil else { throw reader.refusal("archive lists \(entry.name) twice") }
            files[entry.name] = try reader.content(of: entry)
        }
        return files
    }

    private struct Entry {
        let name: String
        let method: Int
        let checksum: UInt32
        let packed: Int
        let size: Int
        let header: Int
        let next: Int
    }

    /// Offset and number of the entries of the central directory, from the record at the archive's end.
    private func directory() throws(LaurelError) -> (Int, Int) {
        let lowest = max(0, bytes.count - 22 - 65_535)
        var place = bytes.count - 22
        while place >= lowest, number(place, 4) != 0x0605_4B50 { place -= 1 }
        guard place >= lowest, place >= 0, let count = number(place + 10, 2), let start = number(place + 16, 4),
            count <= Self.maximumEntries
        else { throw refusal("not a ZIP archive, or one with too many files") }
        return (start, count)
    }

    private func entry(at place: Int) throws(LaurelError) -> Entry {
        guard number(place, 4) == 0x0201_4B50, let flags = number(place + 8, 2), flags & 1 == 0,
            let method = number(place + 10, 2), let checksum = number(place + 16, 4),
            let packed = number(place + 20, 4), let size = number(place + 24, 4),
            let nameLength = number(place + 28, 2), let extra = number(place + 30, 2),
            let comment = number(place + 32, 2), let header = number(place + 42, 4),
            place + 46 + nameLength <= bytes.count,
            let name = String(validating: bytes[(place + 46)..<(place + 46 + nameLength)], as: UTF8.self)
        else { throw refusal("directory of the archive is damaged") }
        return Entry(
            name: name, method: method, checksum: UInt32(checksum), packed: packed, size: size, header: header,
            next: place + 46 + nameLength + extra + comment)
    }

    private func content(of entry: Entry) throws(LaurelError) -> [UInt8] {
        guard number(entry.header, 4) == 0x0403_4B50, let nameLength = number(entry.header + 26, 2),
            let extra = number(entry.header + 28, 2)
        else { throw refusal("\(entry.name) is damaged") }
        let start = entry.header + 30 + nameLength + extra
        guard start + entry.packed <= bytes.count else { throw refusal("\(entry.name) is cut off") }
        let packed = Array(bytes[start..<(start + entry.packed)])
        let content: [UInt8]? =
            switch entry.method {
            case 0: packed
            case 8: Self.inflate(packed, size: entry.size)
            default: nil
            }
        guard let content, content.count == entry.size, Self.checksum(content) == entry.checksum else {
            throw refusal("\(entry.name) cannot be unpacked")
        }
        return content
    }

    /// A little-endian number; nil beyond the end.
    private func number(_ place: Int, _ count: Int) -> Int? {
        guard place >= 0, place + count <= bytes.count else { return nil }
        return bytes[place..<(place + count)].reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    private func refusal(_ problem: String) -> LaurelError {
        LaurelError.input(problem, at: name, next: "give the bundle's directory or a plain ZIP of it")
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        UInt32(crc32(0, bytes, UInt32(bytes.count)))
    }

    /// Raw deflate into exactly so many bytes; nil when it is anything else.
    private static func inflate(_ packed: [UInt8], size: Int) -> [UInt8]? {
        var stream = z_stream()
        guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        var input = packed
        // One byte more than promised, so that a longer stream shows itself.
        var output = [UInt8](repeating: 0, count: size + 1)
        let status = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.next_in = source.baseAddress
                stream.avail_in = UInt32(source.count)
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(target.count)
                return CZlib.inflate(&stream, Z_FINISH)
            }
        }
        guard status == Z_STREAM_END, Int(stream.total_out) == size else { return nil }
        return Array(output.prefix(size))
    }
}
