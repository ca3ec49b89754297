import Errors

/// A currency of ISO 4217 with 0, 2 or 3 decimals.
///
/// The ledger counts every currency in micros (10⁻⁶ of the major unit), so three decimals are the most that any
/// currency in use needs; the two units of account with four (CLF, UYW) and the metals are not money one is paid in.
package struct Currency: Hashable, Sendable, CustomStringConvertible {
    /// The three-letter code, upper case.
    package let code: String
    /// Decimals of the smallest unit that a bank moves: 0, 2 or 3.
    package let minorExponent: Int

    /// The currency with this code; throws `input` for anything else, naming the place (`file:line:column`) where it stood.
    package static func named(_ code: String, at place: String? = nil) throws -> Currency {
        guard let exponent = iso4217[code] else {
            throw LaurelError.input(
                "\"\(code)\" is no currency", at: place, next: "use an ISO 4217 code in capitals, such as USD")
        }
        return Currency(code: code, minorExponent: exponent)
    }

    /// Every currency, by code.
    package static var all: [Currency] {
        iso4217.map { Currency(code: $0.key, minorExponent: $0.value) }.sorted { $0.code < $1.code }
    }

    /// Micros in one minor unit: 10,000 for cents, 1,000,000 where there are no cents.
    package var microsPerMinorUnit: Int64 {
        var micros: Int64 = 1_000_000
        for _ in 0..<minorExponent { micros /= 10 }
        return micros
    }

    package var description: String { code }
}

/// ISO 4217 (2024), active codes: decimals by code.
private let iso4217: [String: Int] = {
    let byDecimals: [Int: String] = [
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
        2: """
        AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE \
        CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL \
        HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR \
        MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK \
        SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD \
        YER ZAR ZMW ZWG
        """,
        3: "BHD IQD JOD KWD LYD OMR TND",
    ]
    var table: [String: Int] = [:]
    for (decimals, codes) in byDecimals {
        for code in codes.split(separator: " ") { table[String(code)] = decimals }
    }
    return table
}()
