import Errors
import Money
import TestSupport
import Testing

@Suite struct MicrosTests {
    private func parse(_ text: String, _ code: String, _ precision: Micros.Precision = .minorUnit) throws -> Int64 {
        try Micros(parsing: text, currency: .named(code), precision: precision, at: "r.csv:3:7").value
    }

    @Test func readsPlainDecimals() throws {
        #expect(try parse("10000.00", "USD") == 10_000_000_000)
        #expect(try parse("0", "USD") == 0)
        #expect(try parse("0.5", "USD") == 500_000)
        #expect(try parse("-12.34", "EUR") == -12_340_000)
        #expect(try parse("1500", "JPY") == 1_500_000_000)
        #expect(try parse("1.234", "KWD") == 1_234_000)
        #expect(try parse("9223372036854.775807", "USD", .micros) == Int64.max)
    }

    @Test(arguments: [
        "1e5", "+1", "1,000.00", "٣", "-0", "-0.00", "NaN", "", " 1", "1 ", "1.", ".5", "01", "00", "--1", "0x10",
        "1_0",
        "9999999999999999999999999999999999999999", "9223372036854.78", "1.000", "inf", "−5", "1\u{0}", "1\n", "１",
    ])
    func refusesEverythingElse(text: String) throws {
        let error = try #require(throws: LaurelError.self) { _ = try parse(text, "USD") }
        #expect(error.kind == .input)
        #expect(error.place == "r.csv:3:7")
    }

    @Test func allowsNoMoreDecimalsThanTheCurrencyHas() {
        #expect(throws: LaurelError.self) { try parse("1.5", "JPY") }
        #expect(throws: LaurelError.self) { try parse("1.2345", "KWD") }
        #expect(throws: LaurelError.self) { try parse("9223372036854.775808", "USD", .micros) }
        #expect(throws: LaurelError.self) { try parse("1.0000000", "USD", .micros) }
    }

    @Test func writesSixDecimals() throws {
        #expect(Micros(0).formatted == "0.000000")
        #expect(Micros(-1).formatted == "-0.000001")
        #expect(Micros(Int64.min).formatted == "-9223372036854.775808")
        #expect(Micros(12_340_000).formatted(in: try .named("USD")) == "12.34")
        #expect(Micros(12_340_001).formatted(in: try .named("USD")) == "12.340001")
        #expect(Micros(-5_000_000).formatted(in: try .named("JPY")) == "-5")
    }

    @Test func readsBackWhatItWrites() throws {
        var random = SplitMix(seed: 1)
        for _ in 0..<20_000 {
            let micros = Micros(Int64(truncatingIfNeeded: random.next()) >> Int64(random.next() % 63))
            guard micros.value != Int64.min else { continue }
            #expect(try Micros(parsing: micros.formatted, currency: .named("USD"), precision: .micros) == micros)
        }
    }

    @Test func overflowIsAnError() throws {
        let most = Micros(Int64.max)
        #expect(throws: LaurelError.self) { try most + Micros(1) }
        #expect(throws: LaurelError.self) { try Micros(Int64.min) - Micros(1) }
        #expect(throws: LaurelError.self) { try Micros.total([most, Micros(1)]) }
        #expect(try Micros.total([most, Micros(1), Micros(-1)]) == most)
        #expect(most.part(perMillion: 1_000_000) == most)
        #expect(Micros(7).part(perMillion: 500_000) == Micros(3))
        #expect(try Micros(12_349_999).wholeMinorUnits(of: .named("USD")) == Micros(12_340_000))
        #expect(try Micros(1_999_999).wholeMinorUnits(of: .named("JPY")) == Micros(1_000_000))
    }

    @Test func currenciesHaveTheirDecimals() throws {
        #expect(try Currency.named("JPY").minorExponent == 0)
        #expect(try Currency.named("KWD").minorExponent == 3)
        #expect(try Currency.named("EUR").microsPerMinorUnit == 10_000)
        #expect(throws: LaurelError.self) { try Currency.named("usd") }
        #expect(throws: LaurelError.self) { try Currency.named("XXX") }
        #expect(Currency.all.count > 150)
    }
}
