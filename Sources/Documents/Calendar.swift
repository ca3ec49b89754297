package import Errors
import Foundation

/// Reads the fixed-width numbers that dates are made of.
private struct DigitReader {
    let bytes: [UInt8]

    /// The number written in exactly these bytes; nil when one is no ASCII digit.
    func number(_ range: Range<Int>) -> Int? {
        var number = 0
        for byte in bytes[range] {
            guard CanonicalRule.isDigit(byte) else { return nil }
            number = number * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return number
    }

    /// Whether a literal character stands at a position.
    func has(_ character: Unicode.Scalar, at position: Int) -> Bool {
        bytes[position] == UInt8(ascii: character)
    }
}

private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// A day of the Gregorian calendar, `YYYY-MM-DD`, years 1 to 9999.
package struct Day: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let year: Int
    /// 1 to 12.
    package let month: Int
    /// 1 to 28, 29, 30 or 31.
    package let day: Int

    /// A day from its numbers; nil when the calendar has no such day.
    package init?(year: Int, month: Int, day: Int) {
        guard let period = Period(year: year, month: month), (1...period.dayCount).contains(day) else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    /// A day from `YYYY-MM-DD`.
    ///
    /// - Throws: ``LaurelError`` of kind `input` at `place`.
    package init(parsing text: String, at place: String? = nil) throws(LaurelError) {
        let reader = DigitReader(bytes: Array(text.utf8))
        guard reader.bytes.count == 10, reader.has("-", at: 4), reader.has("-", at: 7),
            let year = reader.number(0..<4), let month = reader.number(5..<7), let day = reader.number(8..<10),
            let value = Day(year: year, month: month, day: day)
        else {
            throw LaurelError.input("\(text.debugDescription) is no date", at: place, next: "write YYYY-MM-DD")
        }
        self = value
    }

    /// A day from the number of days since 1970-01-01; H. Hinnant, "chrono-compatible low-level date algorithms".
    init(daysSinceEpoch days: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days since 1970-01-01, negative before.
    package var daysSinceEpoch: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The month this day lies in.
    package var period: Period {
        guard let period = Period(year: year, month: month) else { preconditionFailure("a day has a month") }
        return period
    }

    package var description: String { "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))" }

    package static func < (left: Day, right: Day) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }
}

/// A calendar month, `YYYY-MM`: the unit in which money is shared.
package struct Period: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let year: Int
    /// 1 to 12.
    package let month: Int

    /// A month from its numbers; nil outside years 1 to 9999 and months 1 to 12.
    package init?(year: Int, month: Int) {
        guard (1...9999).contains(year), (1...12).contains(month) else { return nil }
        self.year = year
        self.month = month
    }

    /// A month from `YYYY-MM`.
    ///
    /// - Throws: ``LaurelError`` of kind `input` at `place`.
    package init(parsing text: String, at place: String? = nil) throws(LaurelError) {
        let reader = DigitReader(bytes: Array(text.utf8))
        guard reader.bytes.count == 7, reader.has("-", at: 4), let year = reader.number(0..<4),
            let month = reader.number(5..<7), let period = Period(year: year, month: month)
        else {
            throw LaurelError.input("\(text.debugDescription) is no period", at: place, next: "write YYYY-MM")
        }
        self = period
    }

    /// The month after this one; nil after 9999-12.
    package var next: Period? {
        month == 12 ? Period(year: year + 1, month: 1) : Period(year: year, month: month + 1)
    }

    /// The month before this one; nil before 0001-01.
    package var previous: Period? {
        month == 1 ? Period(year: year - 1, month: 12) : Period(year: year, month: month - 1)
    }

    /// 28 to 31.
    package var dayCount: Int {
        switch month {
        case 2: isLeapYear ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The first day of the month.
    package var firstDay: Day { day(1) }

    /// The last day of the month.
    package var lastDay: Day { day(dayCount) }

    package var description: String { "\(padded(year, 4))-\(padded(month, 2))" }

    package static func < (left: Period, right: Period) -> Bool {
        (left.year, left.month) < (right.year, right.month)
    }

    private var isLeapYear: Bool {
        year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    }

    private func day(_ number: Int) -> Day {
        guard let day = Day(year: year, month: month, day: number) else { preconditionFailure("a month has this day") }
        return day
    }
}

/// A second of UTC, `YYYY-MM-DDThh:mm:ssZ`, years 1 to 9999; leap seconds do not exist here, as in POSIX.
package struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z.
    package let secondsSinceEpoch: Int64

    /// A second by its distance from the epoch; years outside 1 to 9999 are a programming error.
    package init(secondsSinceEpoch: Int64) {
        precondition(
            (-62_135_596_800...253_402_300_799).contains(secondsSinceEpoch), "timestamps lie in the years 1 to 9999")
        self.secondsSinceEpoch = secondsSinceEpoch
    }

    /// A second from `YYYY-MM-DDThh:mm:ssZ`.
    ///
    /// - Throws: ``LaurelError`` of kind `input` at `place`.
    package init(parsing text: String, at place: String? = nil) throws(LaurelError) {
        let reader = DigitReader(bytes: Array(text.utf8))
        guard reader.bytes.count == 20, reader.has("-", at: 4), reader.has("-", at: 7), reader.has("T", at: 10),
            reader.has(":", at: 13), reader.has(":", at: 16), reader.has("Z", at: 19),
            let year = reader.number(0..<4), let month = reader.number(5..<7), let dayOfMonth = reader.number(8..<10),
            let day = Day(year: year, month: month, day: dayOfMonth),
            let hour = reader.number(11..<13), hour < 24, let minute = reader.number(14..<16), minute < 60,
            let second = reader.number(17..<19), second < 60
        else {
            throw LaurelError.input(
                "\(text.debugDescription) is no time", at: place, next: "write YYYY-MM-DDThh:mm:ssZ")
        }
        self.init(secondsSinceEpoch: Int64(day.daysSinceEpoch * 86_400 + hour * 3600 + minute * 60 + second))
    }

    /// The clock of the machine, to whole seconds. Only the outermost layer asks it; everything below is told the time.
    package static func now() -> Timestamp {
        Timestamp(secondsSinceEpoch: Int64(Date().timeIntervalSince1970.rounded(.down)))
    }

    /// The UTC day.
    package var day: Day { Day(daysSinceEpoch: Int((secondsSinceEpoch - secondOfDay) / 86_400)) }

    /// This second, later by a number of seconds.
    package func advanced(bySeconds seconds: Int64) -> Timestamp {
        Timestamp(secondsSinceEpoch: secondsSinceEpoch + seconds)
    }

    package var description: String {
        let second = Int(secondOfDay)
        return "\(day)T\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))Z"
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.secondsSinceEpoch < right.secondsSinceEpoch
    }

    private var secondOfDay: Int64 {
        let remainder = secondsSinceEpoch % 86_400
        return remainder < 0 ? remainder + 86_400 : remainder
    }
}
