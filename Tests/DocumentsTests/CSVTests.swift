import Documents
import Errors
import TestSupport
import Testing

@Suite("CSV")
struct CSVTests {
    private func table(_ text: String, required: [String] = []) throws -> CSVTable {
        try CSVTable(parsing: Array(text.utf8), file: "m.csv", required: required)
    }

    @Test(
        "Byte order mark, CRLF or LF, a missing last line break and empty lines read alike",
        arguments: [
            "a,b\n1,\"x\ny\"\n3,\n", "\u{FEFF}a,b\r\n1,\"x\ny\"\r\n3,\r\n", "a,b\n1,\"x\ny\"\n3,",
            "\n\na,\"b\"\n\n1,\"x\ny\"\r\n\r\n3,\"\"",
        ])
    func dialects(text: String) throws {
        let table = try table(text, required: ["b"])
        #expect(table.header == ["a", "b"])
        #expect(table.rows.map(\.cells) == [["1", "x\ny"], ["3", ""]])
        #expect(table.rows[1]["b"] == "")
        #expect(table.rows[1]["c"] == nil)
    }

    @Test("A cell knows its place, counted as an editor counts")
    func places() throws {
        let table = try table("name,note,amount\nZoë,\"two\nlines, é\",7\n€,\"\"\"q\"\"\",8\n")
        #expect(table.rows[0].place("name") == "m.csv:2:1")
        #expect(table.rows[0].place("note") == "m.csv:2:5")
        #expect(table.rows[1].line == 4)
        #expect(table.rows[1]["note"] == "\"q\"")
        #expect(table.rows[1].place("amount") == "m.csv:4:11")
    }

    @Test(
        "Bad files are refused at line and column",
        arguments: [
            ("", "m.csv:1:1"), ("\u{FEFF}\n", "m.csv:1:1"), ("a,b\n1\n", "m.csv:2:1"), ("a,b\n1,2,3\n", "m.csv:2:1"),
            ("a,a\n", "m.csv:1:3"), ("a,\n", "m.csv:1:3"), ("a,b\n1,x\"y\n", "m.csv:2:4"),
            ("a,b\n1,\"x\"y\n", "m.csv:2:6"), ("a,b\n1,\"x\n\n", "m.csv:2:3"), ("a,b\r1,2\r", "m.csv:1:4"),
            ("a,b\n1,\u{0}\n", "m.csv:2:3"), ("a,b\n1,\"\u{0}\"\n", "m.csv:2:4"), ("b\n1\n", "m.csv:1:1"),
            ("é,\"a\"\n1,2,\n", "m.csv:2:1"),
        ])
    func refusals(text: String, place: String) throws {
        let error = try #require(throws: LaurelError.self) { try table(text, required: ["a"]) }
        #expect(error.kind == .input)
        #expect(error.place == place, "\(error)")
    }

    @Test("Other encodings are named, and the first bad byte is found")
    func encodings() throws {
        let latin = Array("name,city\nana,K".utf8) + [0xF6] + Array("ln\n".utf8)
        let error = try #require(throws: LaurelError.self) { try CSVTable(parsing: latin, file: "m.csv") }
        #expect(error.description == "bytes are not UTF-8: m.csv:2:6: save the file as UTF-8")
        let wide = try #require(throws: LaurelError.self) {
            try CSVTable(parsing: [0xFF, 0xFE, 0x61, 0x00], file: "m.csv")
        }
        #expect(wide.problem == "file is UTF-16")
        let semicolons = try #require(throws: LaurelError.self) { try table("a;b\n1;2\n", required: ["a"]) }
        #expect(semicolons.remedy == "separate the columns by commas, not semicolons")
    }

    @Test("Unknown columns are refused where the caller says so")
    func unknownColumn() throws {
        let error = try #require(throws: LaurelError.self) {
            try CSVTable(
                parsing: Array("id,nmae\n".utf8), file: "m.csv", required: ["id"], optional: ["name"], allowOther: false
            )
        }
        #expect(error.description == "column nmae is unknown: m.csv:1:4: known columns: id, name")
    }

    @Test("The formula guard protects text columns and leaves numbers alone")
    func formulaGuard() {
        var writer = CSVWriter(columns: [("name", .text), ("amount", .number)])
        for start in ["=", "+", "-", "@", "\t", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}"] {
            writer.append([start + "1", "-2.500000"])
        }
        let lines = String(decoding: writer.bytes, as: UTF8.self).split(separator: "\r\n").dropFirst()
        #expect(lines.count == 9)
        #expect(lines.allSatisfy { $0.hasPrefix("'") && $0.hasSuffix(",-2.500000") })

        var raw = CSVWriter(columns: [("name", .text)], raw: true)
        raw.append(["=1"])
        #expect(String(decoding: raw.bytes, as: UTF8.self) == "name\r\n=1\r\n")
    }

    @Test("What is written raw reads back the same; mutated files never crash the reader")
    func roundTrips() throws {
        var random = SplitMix(seed: 7)
        let alphabet = Array("a,\"\n\r;é😂= '")
        for _ in 0..<2000 {
            let width = 1 + random.int(below: 3)
            var writer = CSVWriter(columns: (0..<width).map { ("c\($0)", .text) }, raw: true)
            let rows = (0..<random.int(below: 4)).map { _ in
                (0..<width).map { _ in
                    String((0..<random.int(below: 5)).map { _ in alphabet[random.int(below: alphabet.count)] })
                }
            }
            for row in rows { writer.append(row) }
            #expect(try CSVTable(parsing: writer.bytes, file: "r.csv").rows.map(\.cells) == rows)

            var bytes = writer.bytes
            bytes[random.int(below: bytes.count)] = UInt8(truncatingIfNeeded: random.next())
            do {
                _ = try CSVTable(parsing: bytes, file: "r.csv")
            } catch {
                #expect(error.kind == .input)
            }
        }
    }

    @Test("A row of a million cells is refused, not a crash")
    func wideRow() {
        let bytes = Array("a,b\n".utf8) + [UInt8](repeating: UInt8(ascii: ","), count: 1_000_000)
        #expect(throws: LaurelError.self) { try CSVTable(parsing: bytes, file: "m.csv") }
    }

    @Test("The companion counts, adds up exactly per currency and digests")
    func summary() throws {
        let bytes = Array("id,currency,amount\na,USD,0.100000\nb,EUR,-5\nc,USD,0.2\nd,USD,-1.000001\n".utf8)
        let summary = try CSVSummary(of: bytes, file: "p.csv", sums: ["amount"], by: "currency")
        #expect(summary.rowCount == 4)
        #expect(summary.controlSums == ["amount.USD": "-0.700001", "amount.EUR": "-5"])
        #expect(summary.sha256 == Digest.sha256(bytes))
        #expect(try CanonicalValue.parse(try summary.document.encoded()) == summary.document)
        for bad in ["1e5", "+1", "1,000.00", "٣", ".5", "5.", "NaN", "", " 1"] {
            #expect(throws: LaurelError.self) {
                try CSVSummary(of: Array("amount\n\"\(bad)\"\n".utf8), file: "p.csv", sums: ["amount"])
            }
        }
    }
}
