import Documents
import Errors
import Testing

@Suite("Calendar")
struct CalendarTests {
    @Test("Periods step over years and know their days")
    func periods() throws {
        let december = try Period(parsing: "2026-12")
        #expect(december.next?.description == "2027-01")
        #expect(try Period(parsing: "2027-01").previous == december)
        #expect(try Period(parsing: "2028-02").lastDay.description == "2028-02-29")
        #expect(try Period(parsing: "2100-02").lastDay.description == "2100-02-28")
        #expect(december.firstDay.description == "2026-12-01")
        #expect(try Period(parsing: "9999-12").next == nil)
        #expect(try Period(parsing: "0001-01").previous == nil)
        #expect(try Period(parsing: "2026-09") < december)
    }

    @Test(
        "Only the one spelling is read",
        arguments: [
            "2026-13", "2026-00", "26-10", "2026-1", "2026-10 ", "2026/10", "0000-10", "٢٠٢٦-10", "2026-1é", "",
        ])
    func badPeriods(text: String) {
        #expect(throws: LaurelError.self) { try Period(parsing: text) }
    }

    @Test(
        "Days and times that do not exist are refused",
        arguments: [
            "2026-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00+00:00",
        ])
    func badTimes(text: String) {
        #expect(throws: LaurelError.self) { try Timestamp(parsing: text) }
        #expect(throws: LaurelError.self) { try Day(parsing: text) }
    }

    @Test(
        "Known instants",
        arguments: [
            ("1970-01-01T00:00:00Z", Int64(0)), ("1969-12-31T23:59:59Z", -1), ("2000-02-29T12:34:56Z", 951_827_696),
            ("2026-10-31T23:59:59Z", 1_793_491_199), ("0001-01-01T00:00:00Z", -62_135_596_800),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ])
    func instants(text: String, seconds: Int64) throws {
        #expect(try Timestamp(parsing: text).secondsSinceEpoch == seconds)
        #expect(Timestamp(secondsSinceEpoch: seconds).description == text)
    }

    @Test("Every day of eight centuries follows the one before")
    func everyDay() throws {
        var expected = try Day(parsing: "1600-01-01").daysSinceEpoch
        var period = try Period(parsing: "1600-01")
        while period.year < 2400 {
            for number in 1...period.dayCount {
                let day = try #require(Day(year: period.year, month: period.month, day: number))
                #expect(day.daysSinceEpoch == expected)
                #expect(Timestamp(secondsSinceEpoch: Int64(expected) * 86_400 + 86_399).day == day)
                expected += 1
            }
            period = try #require(period.next)
        }
    }
}
