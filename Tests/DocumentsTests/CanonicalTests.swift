import Documents
import Errors
import TestSupport
import Testing

@Suite("Canonical JSON")
struct CanonicalTests {
    private let head = #"{"$schema":"s/v1""#

    @Test("A document has the bytes that RFC 8785 gives it")
    func spelling() throws {
        // The structures of RFC 8785 §3.2.3 that lie within the profile: keys sorted, "/" and non-ASCII text unescaped.
        let document: CanonicalValue = [
            "peach": "This/sorting \"order\" \\ é€😂", "$schema": "s/v1", "pear_2": [1, -7, true, []], "pear_10": false,
            "a": .object([:]), "large": .integer(CanonicalValue.maximumInteger),
        ]
        let text =
            #"{"$schema":"s/v1","a":{},"large":9007199254740991,"peach":"This/sorting \"order\" \\ é€😂","#
            + #""pear_10":false,"pear_2":[1,-7,true,[]]}"#
        #expect(String(decoding: try document.encoded(), as: UTF8.self) == text)
        #expect(try CanonicalValue.parse(Array(text.utf8)) == document)
    }

    @Test(
        "Anything outside the profile is refused where it stands",
        arguments: [
            ("", 0), ("[]", 0), ("\"a\"", 0), (" {}", 0), ("{}", 1), (#"{"a":1}"#, 1), (#"{"$schema":1}"#, 1),
            (#"{"$schema":"s"} "#, 15), ("{\"$schema\":\"s\"}\n", 15), (#"{"$schema": "s"}"#, 11),
            (#"{"$schema":"s","b":1,"a":2}"#, 21), (#"{"$schema":"s","a":1,"a":2}"#, 21),
            (#"{"$schema":"s","A":1}"#, 15), (#"{"$schema":"s","":1}"#, 15), (#"{"$schema":"s","é":1}"#, 15),
            (#"{"$schema":"s","a":null}"#, 19), (#"{"$schema":"s","a":1.0}"#, 19), (#"{"$schema":"s","a":1e5}"#, 19),
            (#"{"$schema":"s","a":01}"#, 19), (#"{"$schema":"s","a":-0}"#, 19), (#"{"$schema":"s","a":-}"#, 19),
            (#"{"$schema":"s","a":+1}"#, 19), (#"{"$schema":"s","a":9007199254740992}"#, 19),
            (#"{"$schema":"s","a":99999999999999999999999999999999999999999}"#, 19),
            (#"{"$schema":"s","a":"\/"}"#, 20), (#"{"$schema":"s","a":"\u0061"}"#, 20),
            (#"{"$schema":"s","a":"\n"}"#, 20),
            ("{\"$schema\":\"s\",\"a\":\"\n\"}", 19), ("{\"$schema\":\"s\",\"a\":\"\u{85}\"}", 19),
            ("{\"$schema\":\"s\",\"a\":\"\u{7F}\"}", 19), ("{\"$schema\":\"s\",\"a\":\"e\u{301}\"}", 19),
            (#"{"$schema":"s","a":"open"#, 19), (#"{"$schema":"s","a":tru}"#, 19), (#"{"$schema":"s","a":[1,]}"#, 22),
            (#"{"$schema":"s","a":[1}"#, 21), (#"{"$schema":"s",}"#, 15), (#"{"$schema":"s""#, 14), ("\u{FEFF}{}", 0),
            (#"{"$schema":"s","a":{"b":[[[[[[[1]]]]]]]}}"#, 30), (#"{"$schema":"s","a":"\"#, 20),
        ])
    func refusals(text: String, offset: Int) throws {
        let error = try #require(throws: LaurelError.self) {
            try CanonicalValue.parse(Array(text.utf8), name: "x.json")
        }
        #expect(error.kind == .input)
        #expect(error.place == "x.json: byte \(offset)", "\(text): \(error)")
    }

    @Test("Bytes that are no UTF-8 are refused: overlong forms, lone surrogates, truncation")
    func encodings() {
        for bad in [[0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xFF], [0x80]] as [[UInt8]] {
            let bytes = Array((head + #","a":""#).utf8) + bad + Array("\"}".utf8)
            #expect(throws: LaurelError.self) { try CanonicalValue.parse(bytes) }
        }
    }

    @Test("The encoder refuses what the parser would")
    func encoderRefusals() {
        let bad: [CanonicalValue] = [
            ["a": 1], "text", ["$schema": "s", "Upper": 1], ["$schema": "s", "a": "tab\t"],
            ["$schema": "s", "a": "e\u{301}"], ["$schema": "s", "a": .integer(.min)],
            ["$schema": "s", "a": .integer(1 << 53)], ["$schema": "s", "a": [[[[[[[[1]]]]]]]]],
            ["$schema": "s", "a": .string(String(repeating: "x", count: 1 << 20))],
        ]
        for document in bad {
            #expect(throws: LaurelError.self) { try document.encoded() }
        }
    }

    @Test("An error of the encoder names the member")
    func encoderPlace() throws {
        let document: CanonicalValue = ["$schema": "s", "lines": [["title": "ok"], ["title": "bell\u{7}"]]]
        let error = try #require(throws: LaurelError.self) { try document.encoded() }
        #expect(error.place == "lines[1].title")
    }

    @Test("Whatever is accepted has one spelling; mutated documents never crash the parser")
    func fuzz() throws {
        var random = SplitMix(seed: 20_261_031)
        for _ in 0..<3000 {
            var members: [String: CanonicalValue] = ["$schema": "s/v1"]
            for _ in 0..<random.int(below: 4) { members[random.key()] = random.value(depth: 2) }
            var bytes = try CanonicalValue.object(members).encoded()
            #expect(try CanonicalValue.parse(bytes) == .object(members))
            for _ in 0...random.int(below: 3) {
                let position = random.int(below: bytes.count)
                switch random.int(below: 3) {
                case 0: bytes[position] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.remove(at: position)
                default: bytes.insert(random.interestingByte(), at: position)
                }
            }
            do {
                let value = try CanonicalValue.parse(bytes)
                #expect(try value.encoded() == bytes)
            } catch {
                #expect(error.kind == .input)
            }
        }
    }
}

extension SplitMix {
    mutating func int(below bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func key() -> String {
        "k" + String((0..<int(below: 4)).map { _ in "abz_09".randomElement(using: &self) ?? "a" })
    }

    mutating func interestingByte() -> UInt8 {
        Array("{}[]\",:\\ntf0-19.e \n\u{0}$a".utf8).randomElement(using: &self) ?? 0
    }

    mutating func text() -> String {
        String((0..<int(below: 8)).map { _ in #"aZ "\/é€😂,;='"#.randomElement(using: &self) ?? "a" })
    }

    mutating func value(depth: Int) -> CanonicalValue {
        switch int(below: depth > 0 ? 5 : 3) {
        case 0: return .string(text())
        case 1: return .integer(Int64(truncatingIfNeeded: next()) >> 11)
        case 2: return .bool(next() & 1 == 0)
        case 3: return .array((0..<int(below: 3)).map { _ in value(depth: depth - 1) })
        default:
            var members: [String: CanonicalValue] = [:]
            for _ in 0..<int(below: 3) { members[key()] = value(depth: depth - 1) }
            return .object(members)
        }
    }
}
